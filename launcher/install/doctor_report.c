/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "install/doctor_report.h"

#include <string.h>

#include "common/log.h"

static const struct {
	const char *json;
	const char *text; /* of one width */
	const char *sum;
} results[] = {
	[RESULT_HELD]        = { "held",        "held       ", "held" },
	[RESULT_NOT_HELD]    = { "not-held",    "NOT HELD   ", "not held" },
	[RESULT_OPEN]        = { "open",        "opened     ", "opened by the policy" },
	[RESULT_NOT_CHECKED] = { "not-checked", "NOT CHECKED", "not checked" },
	[RESULT_INFO]        = { "info",        "info       ", NULL },
};

#define N_RESULTS (sizeof(results) / sizeof(results[0]))

void report_release(struct report *r)
{
	for (size_t i = 0; i < r->n; i++) {
		free(r->v[i].id);
		free(r->v[i].group);
		free(r->v[i].title);
		free(r->v[i].detail);
		free(r->v[i].remedy);
	}
	free(r->v);
	*r = (struct report) { 0 };
}

void report_add(struct report *r, const char *id, const char *group, const char *title, enum result result, const char *detail,
		const char *remedy)
{
	struct check *grown = reallocarray(r->v, r->n + 1, sizeof(*r->v));
	struct check *c;

	if (grown == NULL) {
		r->failed = true;
		return;
	}
	r->v = grown;
	c = &r->v[r->n++];
	*c = (struct check) { .id = strdup(id), .group = strdup(group), .title = strdup(title), .result = result,
			      .detail = strdup(detail != NULL ? detail : ""), .remedy = strdup(remedy != NULL ? remedy : "") };
	if (c->id == NULL || c->group == NULL || c->title == NULL || c->detail == NULL || c->remedy == NULL) {
		r->failed = true;
		r->n--;
		free(c->id);
		free(c->group);
		free(c->title);
		free(c->detail);
		free(c->remedy);
	}
}

static size_t count(const struct report *r, enum result result)
{
	size_t n = 0;

	for (size_t i = 0; i < r->n; i++)
		n += r->v[i].result == result;
	return n;
}

bool report_ok(const struct report *r)
{
	return !r->failed && count(r, RESULT_NOT_HELD) == 0 && count(r, RESULT_NOT_CHECKED) == 0;
}

/* --- for people ----------------------------------------------------------------------------- */

static void put_line(struct buf *out, const struct check *c)
{
	buf_printf(out, "%s ", results[c->result].text);
	log_escape(out, c->title);
	if (c->detail[0] != '\0') {
		buf_puts(out, ": ");
		log_escape(out, c->detail);
	}
	/* What is in order needs no remedy. */
	if (c->remedy[0] != '\0' && (c->result == RESULT_NOT_HELD || c->result == RESULT_NOT_CHECKED)) {
		buf_puts(out, " (hint: ");
		log_escape(out, c->remedy);
		buf_putc(out, ')');
	}
	buf_putc(out, '\n');
}

int report_text(const struct report *r, struct buf *out)
{
	const char *separator = "";

	for (size_t i = 0; i < r->n; i++)
		put_line(out, &r->v[i]);
	for (size_t i = 0; i < N_RESULTS; i++) {
		size_t n = count(r, (enum result) i);

		/* The first two are said in any case. */
		if (results[i].sum == NULL || (n == 0 && i > RESULT_NOT_HELD))
			continue;
		buf_printf(out, "%s%zu %s", separator, n, results[i].sum);
		separator = ", ";
	}
	buf_putc(out, '\n');
	return r->failed || out->failed ? -ENOMEM : 0;
}

/* --- for machines ------------------------------------------------------------------------------ */

/*
 * The words as people see them: log_escape() leaves printable UTF-8, of which RFC 8259 wants only the quotation mark
 * and the backslash escaped. So a \x1b of a file name arrives as these four characters.
 */
static void put_string(struct buf *out, const char *text)
{
	cleanup_buf struct buf printable = { 0 };

	log_escape(&printable, text);
	buf_putc(out, '"');
	for (size_t i = 0; i < printable.len; i++) {
		if (printable.data[i] == '"' || printable.data[i] == '\\')
			buf_putc(out, '\\');
		buf_putc(out, printable.data[i]);
	}
	buf_putc(out, '"');
	out->failed |= printable.failed;
}

static void put_member(struct buf *out, const char *separator, const char *name, const char *value)
{
	buf_printf(out, "%s\"%s\": ", separator, name);
	put_string(out, value);
}

int report_json(const struct report *r, const char *kernel, struct buf *out)
{
	put_member(out, "{", "version", PACKAGE_VERSION);
	put_member(out, ", ", "kernel", kernel);
	buf_puts(out, ", \"checks\": [");
	for (size_t i = 0; i < r->n; i++) {
		const struct check *c = &r->v[i];

		put_member(out, i == 0 ? "\n{" : ",\n{", "id", c->id);
		put_member(out, ", ", "group", c->group);
		put_member(out, ", ", "title", c->title);
		put_member(out, ", ", "result", results[c->result].json);
		put_member(out, ", ", "detail", c->detail);
		put_member(out, ", ", "remedy", c->remedy);
		buf_putc(out, '}');
	}
	buf_printf(out, "], \"ok\": %s}\n", report_ok(r) ? "true" : "false");
	return r->failed || out->failed ? -ENOMEM : 0;
}
