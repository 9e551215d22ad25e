/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "install/learn.h"

#include <fcntl.h>
#include <string.h>
#include <sys/wait.h>

#include "common/conf.h"
#include "common/fd.h"
#include "common/log.h"
#include "common/names.h"
#include "common/path.h"
#include "install/install.h"
#include "install/learnrun.h"
#include "install/venv.h"

struct learning {
	const struct args *args;
	struct venv venv;
	struct conf before, after;
	struct learned_list told;
	struct strv chosen; /* pairs as args.settings */
	int status;         /* of the command */
};

static void release(struct learning *l)
{
	venv_release(&l->venv);
	conf_release(&l->before);
	conf_release(&l->after);
	learned_release(&l->told);
	strv_release(&l->chosen);
}

/* --- choosing ------------------------------------------------------------------------ */

static bool is_safe(const struct learned *l)
{
	return !l->unwise && l->setting[0] != '\0';
}

/* A path below one that is chosen as well comes with it, and a writable one is to be read, too. */
static bool is_covered(const struct learning *l, size_t i)
{
	const struct learned *it = &l->told.v[i];

	for (size_t j = 0; j < l->told.n; j++) {
		const struct learned *other = &l->told.v[j];
		bool same = strcmp(other->setting, it->setting) == 0;

		if (j == i || !is_safe(other) || !(same || (strcmp(other->setting, "rw") == 0 && strcmp(it->setting, "ro") == 0)))
			continue;
		if (same && strcmp(other->value, it->value) == 0 && j > i)
			continue; /* the first of the same */
		if (strcmp(other->value, it->value) == 0 || (path_is_clean(it->value) && path_is_clean(other->value)
							      && path_is_within(it->value, other->value)))
			return true;
	}
	return false;
}

/* What the policy refuses as a setting is told apart, with its reason. */
static int choose(struct learning *l)
{
	for (size_t i = 0; i < l->told.n; i++) {
		struct learned *it = &l->told.v[i];
		cleanup(failure_release) struct failure why = { 0 };
		int r;

		if (!is_safe(it) || is_covered(l, i))
			continue;
		r = conf_set(&l->after, it->setting, it->value, NULL, &why);
		if (r == -ENOMEM)
			return r;
		if (r < 0) {
			it->unwise = true;
			free(it->why);
			it->why = strdup(why.what != NULL ? why.what : "it is refused as a setting");
			if (it->why == NULL)
				return -ENOMEM;
			continue;
		}
		r = strv_add(&l->chosen, it->setting);
		if (r == 0)
			r = strv_add(&l->chosen, it->value);
		if (r < 0)
			return r;
	}
	return 0;
}

/* --- showing -------------------------------------------------------------------------- */

static int split_lines(const struct conf *c, struct strv *lines)
{
	cleanup_buf struct buf text = { 0 };
	int r = conf_write(c, &text);
	char *rest = text.data, *line;

	while (r == 0 && rest != NULL && (line = strsep(&rest, "\n")) != NULL)
		r = strv_add(lines, line);
	return r;
}

static bool comes_later(const struct strv *lines, size_t from, const char *line)
{
	for (size_t i = from; i < lines->n; i++)
		if (strcmp(lines->v[i], line) == 0)
			return true;
	return false;
}

static void put_line(struct buf *out, char mark, const char *line)
{
	buf_putc(out, mark);
	log_escape(out, line);
	buf_putc(out, '\n');
}

/* Both have the same keys in the same order: a line of before that does not come any more is gone, the others are new. */
static int put_change(struct buf *out, const struct learning *l)
{
	cleanup_strv struct strv before = { 0 };
	cleanup_strv struct strv after = { 0 };
	size_t i = 0, j = 0;
	int r = split_lines(&l->before, &before);

	if (r == 0)
		r = split_lines(&l->after, &after);
	if (r < 0)
		return r;
	buf_puts(out, "--- ");
	log_escape(out, l->venv.path);
	buf_puts(out, "/" VB_STATE "/" VB_CONF "\n+++ with what the command lacked\n");
	while (i < before.n || j < after.n) {
		if (i < before.n && j < after.n && strcmp(before.v[i], after.v[j]) == 0) {
			i++;
			j++;
		} else if (i < before.n && !comes_later(&after, j, before.v[i])) {
			put_line(out, '-', before.v[i++]);
		} else {
			put_line(out, '+', after.v[j++]);
		}
	}
	return 0;
}

static void put_apart(struct buf *out, const struct learning *l)
{
	bool first = true;

	for (size_t i = 0; i < l->told.n; i++) {
		const struct learned *it = &l->told.v[i];

		if (is_safe(it))
			continue;
		if (first)
			buf_puts(out, "not written, for it is dangerous, wide, refused to every program, or not a matter of settings:\n");
		first = false;
		buf_printf(out, "  %s\n", it->what); /* the launcher has made it harmless */
		if (it->why[0] != '\0')
			buf_printf(out, "    %s\n", it->why);
		if (it->line[0] != '\0')
			buf_printf(out, "    if you want it: %s\n", it->line);
	}
}

static void put_end(struct buf *out, const struct learning *l)
{
	if (WIFSIGNALED(l->status))
		buf_printf(out, "\nthe command was killed by signal %d\n", WTERMSIG(l->status));
	else
		buf_printf(out, "\nthe command ended with status %d\n", WEXITSTATUS(l->status));
}

/* --- asking ------------------------------------------------------------------------------ */

static int show(const struct buf *out, struct failure *f)
{
	int r = out->failed ? -ENOMEM : fd_write_all(STDOUT_FILENO, out->data, out->len);

	return r < 0 ? fail_errno(f, -r, NULL, "cannot write to standard output") : 0;
}

static bool agrees(const struct learning *l)
{
	char answer[16] = "";
	ssize_t n;

	if (l->args->yes)
		return true;
	if (!isatty(STDIN_FILENO) || !isatty(STDERR_FILENO))
		return false;
	(void) !fd_write_all(STDERR_FILENO, "write this? [y/N] ", strlen("write this? [y/N] "));
	n = read(STDIN_FILENO, answer, sizeof(answer) - 1);
	return n > 0 && (answer[0] == 'y' || answer[0] == 'Y');
}

static int write_policy(const struct learning *l, const char *libexec, struct buf *out, struct failure *f)
{
	const struct args settings = { .action = ACTION_INSTALL, .venv = l->venv.path, .settings = l->chosen };
	cleanup_buf struct buf summary = { 0 };
	int r = install_run(&settings, libexec, &summary, f);

	if (r == 0)
		buf_puts(out, "written. Run it again: what comes after what was missing shows only now.\n");
	return r;
}

static int settle(const struct learning *l, const char *libexec, struct buf *out, struct failure *f)
{
	cleanup_buf struct buf text = { 0 };
	int r = 0;

	put_end(&text, l);
	put_apart(&text, l);
	if (l->chosen.n > 0)
		r = put_change(&text, l);
	else
		buf_puts(&text, "there is nothing to write: it lacked nothing that is safe to allow\n");
	if (r == 0)
		r = show(&text, f);
	if (r < 0 || l->chosen.n == 0)
		return r;
	if (agrees(l))
		return write_policy(l, libexec, out, f);
	buf_puts(out, "nothing was written (--yes writes without asking)\n");
	return 0;
}

/* --- the whole ------------------------------------------------------------------------------ */

static int begin(struct learning *l, struct failure *f)
{
	cleanup_fd int state = -1;
	int r = venv_open(l->args->venv, &l->venv, f);

	if (r < 0)
		return r;
	if (l->venv.shape != VENV_BOXED)
		return fail_msg(f, EINVAL, "box it first: venvbox-install VENV", "'%s' is not boxed", l->venv.path);
	state = fd_open_below(l->venv.fd, VB_STATE, O_RDONLY | O_DIRECTORY);
	if (state < 0)
		return fail_errno(f, -state, NULL, "cannot open '%s/" VB_STATE "'", l->venv.path);
	r = conf_load(state, &l->before, f);
	return r < 0 ? r : conf_load(state, &l->after, f);
}

int learn_run(const struct args *a, const char *libexec, struct buf *out, struct failure *f)
{
	cleanup(release) struct learning l = { .args = a, .venv = { .fd = -1 } };
	int r;

	conf_init(&l.before);
	conf_init(&l.after);
	r = begin(&l, f);
	if (r == 0)
		r = learnrun(l.venv.path, &a->command, &l.told, &l.status, f);
	if (r == 0)
		r = choose(&l);
	return r < 0 ? r : settle(&l, libexec, out, f);
}
