/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "install/doctor_verdict.h"

#include <string.h>

const struct canary_row canary_rows[CANARIES] = {
#define CANARY(symbol, ...) [CANARY_##symbol] = { __VA_ARGS__ },
#include "canary/canaries.def"
#undef CANARY
};

static bool has_worked(const struct canary_row *row, const struct fact *fact)
{
	return fact->err == 0 || (row->reached != 0 && fact->err == row->reached);
}

static void put_error(struct buf *out, int err)
{
	if (err >= CANARY_KILLED)
		buf_printf(out, "ended by signal %d", err - CANARY_KILLED);
	else
		buf_puts(out, strerror(err));
}

/* Did the attack do outside what it is to be kept from inside? */
static bool is_shown(const struct canary_row *row, const struct fact *outside)
{
	return outside->said && has_worked(row, outside) && outside->seen != SEEN_NO;
}

enum result verdict(const struct canary_row *row, const struct fact *outside, const struct fact *inside, const char *opened,
		    struct buf *detail)
{
	bool broken = inside->seen == SEEN_YES || (row->judge == BY_BOTH && inside->said && has_worked(row, inside));

	/* Also without a control: what happened, happened. */
	if (broken) {
		buf_puts(detail, opened != NULL ? opened : inside->seen == SEEN_YES ? "the host saw it happen" : "the call was not refused");
		return opened != NULL ? RESULT_OPEN : RESULT_NOT_HELD;
	}
	if (!inside->said || !outside->said) {
		buf_printf(detail, "the attacker %s said nothing of it", inside->said ? "outside of the box" : "in the box");
		return RESULT_NOT_CHECKED;
	}
	if (is_shown(row, outside))
		return RESULT_HELD;
	if (row->control == MAY_FAIL && outside->err != 0) {
		buf_puts(detail, "this host refuses it outside of boxes as well: ");
		put_error(detail, outside->err);
		return RESULT_HELD;
	}
	buf_puts(detail, "it has no effect outside of boxes either, so nothing is shown");
	if (outside->err != 0) {
		buf_puts(detail, ": ");
		put_error(detail, outside->err);
	}
	return RESULT_NOT_CHECKED;
}

static void hear_line(const char *line, size_t len, struct fact facts[CANARIES])
{
	cleanup_free char *copy = strndup(line, len);
	char *number = copy != NULL ? strchr(copy, ' ') : NULL, *end;
	long err;

	if (number == NULL)
		return;
	*number++ = '\0';
	err = strtol(number, &end, 10);
	if (end == number || (*end != ' ' && *end != '\0') || err < 0 || err > CANARY_KILLED + 128)
		return;
	for (size_t i = 0; i < CANARIES; i++)
		if (strcmp(canary_rows[i].id, copy) == 0) {
			facts[i].said = true;
			facts[i].err = (int) err;
		}
}

void verdict_hear(const char *said, struct fact facts[CANARIES])
{
	while (*said != '\0') {
		size_t len = strcspn(said, "\n");

		hear_line(said, len, facts);
		said += len + (said[len] == '\n');
	}
}
