/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "common/manifest.h"

#include <inttypes.h>
#include <limits.h>
#include <string.h>

#include "common/grow.h"
#include "common/keyfile.h"
#include "common/names.h"
#include "common/path.h"
#include "common/statefile.h"

#define AGAIN "run venvbox-install on the venv again"

/* As many mounts as a manifest has, or so. */
#define USUAL 128

static const char *const way_names[] = { [EMBED_SHARED] = "shared", [EMBED_EXEC] = "exec" };
static const char *const profile_names[] = { [PROFILE_MINIMAL] = "minimal", [PROFILE_SYSTEM] = "system" };
static const char *const kind_names[] = { [MOUNT_RO] = "ro", [MOUNT_COPY] = "copy", [MOUNT_SYMLINK] = "symlink" };

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

const char *profile_name(enum profile profile)
{
	return profile_names[profile];
}

static void row_release(struct mount_row *row)
{
	free(row->source);
	free(row->dest);
	free(row->why);
}

const char *manifest_way_words(enum embed_way way)
{
	static const char *const words[] = {
		[EMBED_SHARED] = "embedded through its shared library",
		[EMBED_EXEC] = "executed after sealing",
	};

	return words[way];
}

void manifest_release(struct manifest *m)
{
	char *owned[] = { m->version, m->venv, m->project, m->python_version, m->python_banner,
			  m->base_executable, m->base_prefix, m->libpython };

	for (size_t i = 0; i < COUNT(owned); i++)
		free(owned[i]);
	for (size_t i = 0; i < m->n_mounts; i++)
		row_release(&m->mounts[i]);
	free(m->mounts);
	strv_release(&m->nested);
	strv_release(&m->recorded);
	*m = (struct manifest) { 0 };
}

int manifest_add_mount(struct manifest *m, const struct mount_row *row)
{
	struct mount_row *grown = grow_from(USUAL, m->mounts, m->n_mounts, sizeof(*grown)), *copy;

	if (grown == NULL)
		return -ENOMEM;
	m->mounts = grown;
	copy = &grown[m->n_mounts];
	*copy = *row;
	copy->source = strdup(row->source);
	copy->dest = strdup(row->dest);
	copy->why = strdup(row->why);
	if (copy->source == NULL || copy->dest == NULL || copy->why == NULL) {
		row_release(copy);
		return -ENOMEM;
	}
	m->n_mounts++;
	return 0;
}

/* --- one field ------------------------------------------------------------- */

/* Index of word in names; -EBADMSG if it is none of them. */
static int get_choice(const char *word, const char *const names[], size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(names[i], word) == 0)
			return (int) i;
	return -EBADMSG;
}

static int get_number(const char *text, uint64_t max, uint64_t *number)
{
	char *end;

	if (text[strspn(text, "0123456789")] != '\0')
		return -EBADMSG;
	errno = 0;
	*number = strtoull(text, &end, 10);
	return end == text || errno != 0 || *number > max ? -EBADMSG : 0;
}

static int get_signed(const char *text, int64_t *number)
{
	uint64_t magnitude;
	bool negative = text[0] == '-';
	int r = get_number(text + negative, INT64_MAX, &magnitude);

	*number = r < 0 ? 0 : negative ? -(int64_t) magnitude : (int64_t) magnitude;
	return r;
}

static int get_id(const struct strv *fields, struct file_id *id)
{
	int r = get_number(fields->v[0], UINT64_MAX, &id->size);

	return r < 0 ? r : get_signed(fields->v[1], &id->mtime_ns);
}

static void put_id(struct buf *out, const char *key, const struct file_id *id)
{
	char text[2][24];

	(void) snprintf(text[0], sizeof(text[0]), "%" PRIu64, id->size);
	(void) snprintf(text[1], sizeof(text[1]), "%" PRId64, id->mtime_ns);
	keyfile_put(out, key, (const char *const[]) { text[0], text[1] }, 2);
}

static void put_number(struct buf *out, const char *key, uint64_t number)
{
	char text[24];

	(void) snprintf(text, sizeof(text), "%" PRIu64, number);
	keyfile_put1(out, key, text);
}

/* --- the lines, in the order in which they are written ---------------------- */

enum line_type {
	LINE_FORMAT,
	LINE_TEXT,
	LINE_PATH,     /* clean */
	LINE_PATH_OPT, /* clean, or "" */
	LINE_UID,
	LINE_NUMBER,   /* uint64_t */
	LINE_COUNT,    /* unsigned */
	LINE_WAY,
	LINE_ID,
	LINE_MOUNT,    /* kind, profiles, source, dest, why */
	LINE_NESTED,
	LINE_RECORDED,
	LINE_END,      /* so that a file cut at the end of a line is noticed */
};

static const struct line {
	const char *key;
	enum line_type type;
	size_t offset;
	unsigned fields;
	bool many; /* any number of times; the others once */
} lines[] = {
	{ "format", LINE_FORMAT, 0, 1 },
	{ "version", LINE_TEXT, offsetof(struct manifest, version), 1 },
	{ "uid", LINE_UID, offsetof(struct manifest, uid), 1 },
	{ "venv", LINE_PATH, offsetof(struct manifest, venv), 1 },
	{ "project", LINE_PATH, offsetof(struct manifest, project), 1 },
	{ "embed", LINE_WAY, offsetof(struct manifest, way), 1 },
	{ "python-version", LINE_TEXT, offsetof(struct manifest, python_version), 1 },
	{ "python-banner", LINE_TEXT, offsetof(struct manifest, python_banner), 1 },
	{ "base-executable", LINE_PATH, offsetof(struct manifest, base_executable), 1 },
	{ "base-id", LINE_ID, offsetof(struct manifest, base_id), 2 },
	{ "base-prefix", LINE_PATH, offsetof(struct manifest, base_prefix), 1 },
	{ "libpython", LINE_PATH_OPT, offsetof(struct manifest, libpython), 1 },
	{ "libpython-id", LINE_ID, offsetof(struct manifest, libpython_id), 2 },
	{ "filter-size", LINE_NUMBER, offsetof(struct manifest, filter_size), 1 },
	{ "calls-allowed", LINE_COUNT, offsetof(struct manifest, calls_allowed), 1 },
	{ "mount", LINE_MOUNT, 0, 5, true },
	{ "nested", LINE_NESTED, offsetof(struct manifest, nested), 1, true },
	{ "recorded", LINE_RECORDED, offsetof(struct manifest, recorded), 1, true },
	{ "end", LINE_END, 0, 1 },
};

static void put_mounts(struct buf *out, const char *key, const struct manifest *m)
{
	/* Indexed by in_minimal, in_system. */
	static const char *const profiles[2][2] = { { "none", "system" }, { "minimal", "both" } };

	for (size_t i = 0; i < m->n_mounts; i++) {
		const struct mount_row *row = &m->mounts[i];

		keyfile_put(out, key, (const char *const[]) { kind_names[row->kind], profiles[row->in_minimal][row->in_system],
							      row->source, row->dest, row->why }, 5);
	}
}

static int get_mount(const struct strv *fields, struct manifest *m)
{
	static const char *const profiles[] = { "none", "system", "minimal", "both" };
	int kind = get_choice(fields->v[0], kind_names, COUNT(kind_names));
	int profile = get_choice(fields->v[1], profiles, COUNT(profiles));
	struct mount_row row = { .source = fields->v[2], .dest = fields->v[3], .why = fields->v[4] };

	if (kind < 0 || profile < 0 || !path_is_clean(row.dest))
		return -EBADMSG;
	if (kind == MOUNT_SYMLINK ? row.source[0] == '\0' : !path_is_clean(row.source))
		return -EBADMSG;
	row.kind = (enum mount_kind) kind;
	row.in_minimal = (profile & 2) != 0;
	row.in_system = (profile & 1) != 0;
	return manifest_add_mount(m, &row);
}

static void put_words(struct buf *out, const char *key, const struct strv *words)
{
	for (size_t i = 0; i < words->n; i++)
		keyfile_put1(out, key, words->v[i]);
}

static void put_line(struct buf *out, const struct line *line, const struct manifest *m)
{
	const void *member = (const char *) m + line->offset;
	const char *text;

	switch (line->type) {
	case LINE_FORMAT:
		put_number(out, line->key, MANIFEST_FORMAT);
		return;
	case LINE_TEXT:
	case LINE_PATH:
	case LINE_PATH_OPT:
		text = *(char *const *) member;
		keyfile_put1(out, line->key, text != NULL ? text : "");
		return;
	case LINE_UID:
		put_number(out, line->key, *(const uid_t *) member);
		return;
	case LINE_NUMBER:
		put_number(out, line->key, *(const uint64_t *) member);
		return;
	case LINE_COUNT:
		put_number(out, line->key, *(const unsigned *) member);
		return;
	case LINE_WAY:
		keyfile_put1(out, line->key, way_names[*(const enum embed_way *) member]);
		return;
	case LINE_ID:
		put_id(out, line->key, member);
		return;
	case LINE_MOUNT:
		put_mounts(out, line->key, m);
		return;
	case LINE_NESTED:
	case LINE_RECORDED:
		put_words(out, line->key, member);
		return;
	case LINE_END:
		keyfile_put1(out, line->key, "");
		return;
	}
}

static int take_text(char **member, const char *text)
{
	cleanup_buf struct buf copy = { 0 };

	buf_puts(&copy, text);
	*member = buf_take(&copy);
	return *member != NULL ? 0 : -ENOMEM;
}

static int get_line(const struct line *line, const struct strv *fields, struct manifest *m)
{
	void *member = (char *) m + line->offset;
	const char *text = fields->v[0];
	uint64_t number = 0;
	int r;

	switch (line->type) {
	case LINE_FORMAT:
		return 0; /* format_of() has looked at it */
	case LINE_TEXT:
		return take_text(member, text);
	case LINE_PATH:
		return path_is_clean(text) ? take_text(member, text) : -EBADMSG;
	case LINE_PATH_OPT:
		return text[0] == '\0' || path_is_clean(text) ? take_text(member, text) : -EBADMSG;
	case LINE_UID:
		r = get_number(text, UINT32_MAX, &number);
		*(uid_t *) member = (uid_t) number;
		return r;
	case LINE_NUMBER:
		return get_number(text, UINT64_MAX, member);
	case LINE_COUNT:
		r = get_number(text, UINT_MAX, &number);
		*(unsigned *) member = (unsigned) number;
		return r;
	case LINE_WAY:
		r = get_choice(text, way_names, COUNT(way_names));
		if (r >= 0)
			*(enum embed_way *) member = (enum embed_way) r;
		return r < 0 ? r : 0;
	case LINE_ID:
		return get_id(fields, member);
	case LINE_MOUNT:
		return get_mount(fields, m);
	case LINE_NESTED:
		return path_is_clean_relative(text) ? strv_add(member, text) : -EBADMSG;
	case LINE_RECORDED:
		return path_is_name(text) ? strv_add(member, text) : -EBADMSG;
	case LINE_END:
		return text[0] == '\0' ? 0 : -EBADMSG;
	}
	return -EBADMSG;
}

/* --- the file ---------------------------------------------------------------- */

struct loading {
	struct manifest *m;
	bool seen[COUNT(lines)];
};

static int take_line(void *ctx, const char *key, const struct strv *fields)
{
	struct loading *loading = ctx;

	for (size_t i = 0; i < COUNT(lines); i++) {
		if (strcmp(lines[i].key, key) != 0)
			continue;
		if (fields->n != lines[i].fields || (loading->seen[i] && !lines[i].many) || loading->seen[COUNT(lines) - 1])
			return -EBADMSG;
		loading->seen[i] = true;
		return get_line(&lines[i], fields, loading->m);
	}
	return -EBADMSG;
}

/* The format comes first: nothing else of a file of another one is looked at. */
static int check_format(const struct buf *text, const char *path, struct failure *f)
{
	static const char key[] = "format=";
	size_t key_len = sizeof(key) - 1, digits;
	const char *number;

	if (text->len < key_len || memcmp(text->data, key, key_len) != 0)
		return fail_msg(f, EBADMSG, AGAIN, "'%s' is malformed, line 1", path);
	number = text->data + key_len;
	digits = strspn(number, "0123456789");
	if (digits == 0 || digits > 9 || number[digits] != '\n')
		return fail_msg(f, EBADMSG, AGAIN, "'%s' is malformed, line 1", path);
	if (atoi(number) != MANIFEST_FORMAT)
		return fail_msg(f, EBADMSG, AGAIN ", with this version of venvbox", "'%s' has format %d, this venvbox reads %d", path,
				atoi(number), MANIFEST_FORMAT);
	return 0;
}

static int parse(const struct buf *text, const char *path, struct manifest *m, struct failure *f)
{
	struct loading loading = { .m = m };
	unsigned line;
	int r = check_format(text, path, f);

	if (r < 0)
		return r;
	r = keyfile_parse(text->data, text->len, take_line, &loading, &line);
	if (r == -EBADMSG)
		return fail_msg(f, EBADMSG, AGAIN, "'%s' is malformed, line %u", path, line);
	if (r < 0)
		return fail_errno(f, -r, NULL, "cannot read '%s'", path);
	for (size_t i = 0; i < COUNT(lines); i++)
		if (!loading.seen[i] && !lines[i].many)
			return fail_msg(f, EBADMSG, AGAIN, "'%s' is malformed: '%s' is missing", path, lines[i].key);
	return 0;
}

int manifest_load(int state_fd, struct manifest *m, struct failure *f)
{
	char room[TEXT_ROOM];
	cleanup_buf struct buf text = BUF_ON(room);
	cleanup_free char *path = NULL;
	int r = statefile_read(state_fd, VB_MANIFEST, &text, f);

	*m = (struct manifest) { 0 };
	if (r == 0)
		r = parse(&text, "", m, NULL);
	else if (r != -ENOENT)
		return r;
	if (r == 0)
		return 0;
	manifest_release(m);
	path = statefile_path(state_fd, VB_MANIFEST);
	if (path == NULL)
		return -ENOMEM;
	if (r == -ENOENT)
		return fail_msg(f, ENOENT, AGAIN, "'%s' is missing", path);
	/* Again, for the words; if it was want of memory it may do now. */
	r = parse(&text, path, m, f);
	if (r < 0)
		manifest_release(m);
	return r;
}

int manifest_save(int state_fd, const struct manifest *m)
{
	cleanup_manifest struct manifest back = { 0 };
	cleanup_buf struct buf out = { 0 };
	int r;

	for (size_t i = 0; i < COUNT(lines); i++)
		put_line(&out, &lines[i], m);
	if (out.failed)
		return -ENOMEM;
	/* What the launcher would refuse must not take the place of what it accepts. */
	r = parse(&out, VB_MANIFEST, &back, NULL);
	if (r < 0)
		return r == -EBADMSG ? -EINVAL : r;
	return fd_replace_file(state_fd, VB_MANIFEST, out.data, out.len, 0644);
}
