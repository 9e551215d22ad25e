/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#include "common/bwrapopt.h"
#include "common/log.h"
#include "common/names.h"
#include "common/path.h"
#include "host/advice.h"
#include "host/explain.h"
#include "host/verbose.h"

#define TEXT_COLUMN 16

/* Everything about the one path. */
struct asked {
	const struct explained *e;
	const char *path;
	char *real;   /* owned: the path with the host's links followed; as it is where that cannot be told */
	bool exists;  /* on the host */
	struct seen program, pip;
};

static void asked_release(struct asked *a)
{
	free(a->real);
	seen_release(&a->program);
	seen_release(&a->pip);
}

static void begin(struct buf *out, const char *label)
{
	size_t at = out->len;

	buf_printf(out, "  %s", label);
	explain_pad(out, at, TEXT_COLUMN);
}

static void put(struct buf *out, const char *label, const char *text)
{
	begin(out, label);
	log_escape(out, text);
	buf_putc(out, '\n');
}

/* --- the host ------------------------------------------------------------------------ */

static const char *kind_of_file(mode_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFDIR:
		return "a directory";
	case S_IFLNK:
		return "a link";
	case S_IFSOCK:
		return "a socket";
	case S_IFIFO:
		return "a pipe";
	case S_IFCHR:
	case S_IFBLK:
		return "a device";
	default:
		return "a file";
	}
}

static void put_host(const struct asked *a, struct buf *out)
{
	struct stat st;

	begin(out, "on the host");
	if (lstat(a->path, &st) < 0) {
		buf_printf(out, errno == ENOENT || errno == ENOTDIR ? "nothing" : "cannot be looked at: %s", strerror(errno));
	} else {
		buf_puts(out, kind_of_file(st.st_mode));
		if (!S_ISLNK(st.st_mode) && access(a->path, R_OK) < 0 && errno == EACCES)
			buf_puts(out, " that you cannot read");
	}
	if (strcmp(a->real, a->path) != 0) {
		buf_puts(out, ", really ");
		log_escape(out, a->real);
	} else if (a->exists && S_ISLNK(st.st_mode)) {
		buf_puts(out, " that leads nowhere");
	}
	buf_putc(out, '\n');
}

/* --- the box -------------------------------------------------------------------------- */

static const char *private_words(const struct seen *s)
{
	if (s->cover->kind == OP_PROC)
		return "private: processes of the box alone; the kernel's settings cannot be written";
	if (s->cover->kind == OP_DEV)
		return "private: a /dev with what every program needs";
	return "private: the box has its own there, and can write it";
}

static const char *words_of(const struct seen *s)
{
	static const char *const words[] = {
		[SEEN_HIDDEN] = "hidden",
		[SEEN_WAY] = "a directory that holds what is shown below it and nothing else",
		[SEEN_RO] = "read-only",
		[SEEN_RW] = "read-write",
		[SEEN_COPY] = "a copy of the host's file, which stays as it is",
		[SEEN_FIXED] = "a fixed text of venvbox, read-only",
		[SEEN_PROTECTED] = "protected: read-only",
		[SEEN_MASKED] = "masked: empty and read-only, so that it cannot be made",
	};

	return s->kind == SEEN_PRIVATE ? private_words(s) : words[s->kind];
}

static void put_seen(const struct asked *a, const char *label, const struct seen *s, struct buf *out)
{
	begin(out, label);
	buf_puts(out, words_of(s));
	if (!s->exists && s->kind != SEEN_HIDDEN)
		buf_puts(out, "; nothing is there when a run begins");
	buf_putc(out, '\n');
	if (strcmp(s->inside, a->path) != 0)
		put(out, "  leads to", s->inside);
	if (s->cover != NULL && s->kind != SEEN_HIDDEN && s->kind != SEEN_WAY) {
		begin(out, "  by");
		verbose_put_mount(out, s->cover, 0);
		buf_puts(out, "  (");
		log_escape(out, s->cover->why);
		buf_puts(out, ")\n");
	}
	if (s->source != NULL && strcmp(s->source, s->inside) != 0)
		put(out, "  which is", s->source);
}

static bool is_same(const struct seen *a, const struct seen *b)
{
	return a->kind == b->kind && a->exists == b->exists && strcmp(a->inside, b->inside) == 0 && (a->source == NULL) == (b->source == NULL)
		&& (a->source == NULL || strcmp(a->source, b->source) == 0);
}

static void put_box(const struct asked *a, struct buf *out)
{
	put_seen(a, "programs", &a->program, out);
	if (is_same(&a->program, &a->pip))
		put(out, "pip runs", "the same");
	else
		put_seen(a, "pip runs", &a->pip, out);
	if (a->program.kind == SEEN_HIDDEN && a->e->home != NULL && path_is_within(a->path, a->e->home)) {
		begin(out, "");
		buf_puts(out, "HOME inside is ");
		log_escape(out, a->e->program->policy.manifest->venv);
		buf_puts(out, "/" VB_HOME ", and empty for pip\n");
	}
}

/* --- what would change it ----------------------------------------------------------------- */

static const char *venv_of(const struct asked *a)
{
	return a->e->program->policy.manifest->venv;
}

static void put_command(const struct asked *a, const char *label, const char *option, const char *word, const char *word2, struct buf *out)
{
	cleanup_buf struct buf text = { 0 };

	begin(out, label);
	buf_puts(out, log_command(&text, venv_of(a), option, word));
	if (word2 != NULL) {
		buf_putc(out, ' ');
		log_shell_quote(out, word2);
	}
	buf_putc(out, '\n');
	out->failed |= text.failed;
}

/* By its name and by where that leads, inside and outside: ~/x may be a link to ~/.ssh. */
static enum advice_kind advise(const struct asked *a, bool write, const char **what)
{
	const char *paths[] = { a->path, a->program.inside, a->real };
	enum advice_kind kind = ADVICE_LINE;

	for (size_t i = 0; kind == ADVICE_LINE && i < sizeof(paths) / sizeof(paths[0]); i++) {
		kind = advice_classify(paths[i], write, a->e->home);
		*what = advice_what(paths[i], write, a->e->home);
	}
	return kind;
}

static void put_warning(const char *label, enum advice_kind kind, const char *what, struct buf *out)
{
	begin(out, label);
	buf_printf(out, "%s; %s\n", what, advice_words(kind));
}

/*
 * To show it, or to have it writable. The command names the place where the links inside lead: a mount upon a link that lies in the project would be
 * refused. To connect to a socket a read-only mount is enough.
 */
static void put_line(const struct asked *a, const char *label, bool write, struct buf *out)
{
	const char *place = a->program.inside;
	const char *what = NULL;
	enum advice_kind kind = advise(a, write, &what);
	bool exists = access(place, F_OK) == 0 || errno != ENOENT;

	if (kind == ADVICE_LINE && exists)
		put_command(a, label, write ? "--rw" : "--ro", place, NULL, out);
	else if (kind == ADVICE_LINE)
		put(out, label, "make it on the host first; then ask again");
	else
		put_warning(write ? "not writable" : "not advised", kind, what, out);
	/* A camera that is not plugged in is no reason not to run. */
	if (kind == ADVICE_DEVICE && advice_is_usual_device(a->real))
		put_command(a, "if need be", "--dev-bind-try", place, place, out);
}

/* A mount whose source leads through a link to where boxes write is refused: facts.h. */
static bool leads_into_box(const struct asked *a)
{
	const struct explained_box *box = a->e->program;

	return strcmp(a->real, a->program.inside) != 0 && facts_box_writable(&box->facts, &box->policy, a->real);
}

static void put_show(const struct asked *a, struct buf *out)
{
	const char *what;
	bool there = access(a->program.inside, F_OK) == 0 && advise(a, false, &what) == ADVICE_LINE;

	if (leads_into_box(a)) {
		put(out, "to change", "use the place where it really is, which the box has under that name");
		return;
	}
	put_line(a, "to change", false, out);
	if (there && advise(a, true, &what) == ADVICE_LINE)
		put_line(a, "to write it", true, out);
	if (there && path_is_within(a->program.inside, "/usr") && a->pip.kind != SEEN_HIDDEN)
		put_command(a, "all of /usr", "--profile", profile_name(PROFILE_SYSTEM), NULL, out);
}

static void put_lift(const struct asked *a, struct buf *out)
{
	if (a->program.rule == NULL) {
		put(out, "to change", "nothing lifts it: it is of the venv, which pip of the venv changes");
		return;
	}
	put_command(a, "to change", "--unprotect", a->program.rule, NULL, out);
	put(out, "but", advice_words(ADVICE_PERSIST));
}

static void put_change(const struct asked *a, struct buf *out)
{
	const char *reserved = bwrapopt_reserved(a->program.inside);

	if (reserved != NULL) {
		put(out, "not possible", reserved);
		return;
	}
	switch (a->program.kind) {
	case SEEN_HIDDEN:
	case SEEN_WAY:
		put_show(a, out);
		break;
	case SEEN_PRIVATE:
		if (a->exists && !a->program.exists)
			put_show(a, out); /* the host's own file of that name */
		break;
	case SEEN_RO:
		if (a->exists)
			put_line(a, "to write it", true, out);
		break;
	case SEEN_PROTECTED:
	case SEEN_MASKED:
		put_lift(a, out);
		break;
	case SEEN_RW:
	case SEEN_COPY:
	case SEEN_FIXED:
		break;
	}
}

/* ------------------------------------------------------------------------------------------- */

static int look(struct asked *a, struct failure *f)
{
	const struct explained_box *program = a->e->program, *pip = a->e->pip;
	struct stat st;
	int r;

	a->exists = lstat(a->path, &st) == 0 || (errno != ENOENT && errno != ENOTDIR);
	a->real = realpath(a->path, NULL);
	if (a->real == NULL)
		a->real = strdup(a->path);
	r = a->real != NULL ? seen_find(&program->plan, &program->policy, &program->facts, a->path, &a->program) : -ENOMEM;
	if (r == 0)
		r = seen_find(&pip->plan, &pip->policy, &pip->facts, a->path, &a->pip);
	return r == -ELOOP ? fail_errno(f, ELOOP, "look where its links lead", "cannot tell what '%s' is inside", a->path) : r;
}

int explain_path(const struct explained *e, const char *path, struct buf *out, struct failure *f)
{
	cleanup(asked_release) struct asked a = { .e = e, .path = path };
	int r = look(&a, f);

	if (r < 0)
		return r;
	log_escape(out, path);
	buf_putc(out, '\n');
	put_host(&a, out);
	put_box(&a, out);
	put_change(&a, out);
	return out->failed ? -ENOMEM : 0;
}
