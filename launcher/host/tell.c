/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/tell.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/fd.h"
#include "common/learned.h"
#include "common/path.h"
#include "host/telltext.h"
#include "host/telljson.h"

#define LOG_FLAGS (O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK)

static bool is_set(const char *value)
{
	return value != NULL && *value != '\0';
}

void tell_init(struct tell *t, const struct job *job, const struct strv *env)
{
	const char *option = job->verbose;
	const char *variable = strv_getenv(env, "VENVBOX_VERBOSE");

	*t = (struct tell) { .fd = -1 };
	if (option != NULL || is_set(variable) || is_set(strv_getenv(env, "VERBOSE")))
		t->form = TELL_TEXT;
	if (is_set(option) ? strcmp(option, "json") == 0 : variable != NULL && strcmp(variable, "json") == 0)
		t->form = TELL_JSON;
	else if (variable != NULL && strcmp(variable, LEARNED_FORM) == 0)
		t->form = TELL_LEARNED;
}

void tell_release(struct tell *t)
{
	close_fd(&t->fd);
}

/*
 * The box gets what is left on the list, and is not to write into the log. Standard streams stay the program's, ours is a copy. A number of
 * ours is nobody's to name.
 */
static int take_descriptor(struct userfds *fds, int number)
{
	int flags = fcntl(number, F_GETFL);
	int fd;

	if (flags < 0 || (flags & O_ACCMODE) == O_RDONLY)
		return -EBADF;
	if (number > STDERR_FILENO)
		return userfds_take(fds, number) ? number : -EBADF;
	fd = fcntl(number, F_DUPFD_CLOEXEC, 3);
	return fd < 0 ? -errno : fd;
}

/* A link that a box planted in its place would have us append to what it names: ~/.bashrc. */
static int open_planted(const char *path)
{
	cleanup_free char *dir = path_clean(path, "..");
	cleanup_fd int dirfd = dir != NULL ? fd_open_nofollow(dir, O_RDONLY | O_DIRECTORY) : -ENOMEM;
	cleanup_fd int fd = -1;
	struct stat st;

	if (dirfd < 0)
		return dirfd;
	fd = openat(dirfd, path_base(path), LOG_FLAGS | O_NOFOLLOW, 0600);
	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	return S_ISREG(st.st_mode) && st.st_nlink == 1 ? take_fd(&fd) : -EMLINK;
}

/*
 * Links of the caller's may lead to where a box can write (/home is one to /var/home, say): from there on none is followed. *path is then
 * where it really is.
 */
static int find_box(const struct policy *p, char **path)
{
	char *text = *path;

	for (char *slash = strchr(text + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
		cleanup_free char *real = NULL;

		*slash = '\0';
		real = realpath(text, NULL);
		*slash = '/';
		if (real == NULL || !policy_box_writable(p, real))
			continue;
		*path = path_join(real, slash + 1);
		free(text);
		return *path != NULL ? 1 : -ENOMEM;
	}
	return policy_box_writable(p, text);
}

static int open_log(const struct policy *p, const char *name, const char *cwd)
{
	cleanup_free char *path = path_clean(cwd, name);
	int r = path != NULL ? find_box(p, &path) : -ENOMEM;
	int fd;

	if (r != 0)
		return r < 0 ? r : open_planted(path);
	fd = open(path, LOG_FLAGS, 0600);
	return fd >= 0 ? fd : -errno;
}

int tell_open(struct tell *t, const struct policy *p, const struct strv *env, struct userfds *fds, const char *cwd, struct failure *f)
{
	const char *name = strv_getenv(env, "VENVBOX_LOG");
	const char *no_color = strv_getenv(env, "NO_COLOR");
	int r;

	if (t->form == TELL_NOTHING)
		return 0;
	if (!is_set(name))
		r = take_descriptor(fds, STDERR_FILENO);
	else if (name[strspn(name, "0123456789")] == '\0' && strlen(name) < 7)
		r = take_descriptor(fds, atoi(name));
	else
		r = open_log(p, name, cwd);
	/* Without standard error there is nobody to tell. */
	if (r == -EBADF && !is_set(name)) {
		t->form = TELL_NOTHING;
		return 0;
	}
	if (r < 0)
		return fail_errno(f, -r, r == -ELOOP || r == -EMLINK || r == -ENOTDIR
			? "a box can write there: name a plain file without other names and links on the way, or one outside of the project"
			: "VENVBOX_LOG is a file that you may write, or the number of an open descriptor", "cannot write to '%s', which VENVBOX_LOG names", is_set(name) ? name : "2");
	t->fd = r;
	t->color = t->form == TELL_TEXT && isatty(t->fd) && !is_set(no_color);
	return 0;
}

static void say(const struct tell *t, const struct buf *out)
{
	if (!out->failed && out->len > 0)
		(void) !fd_write_all(t->fd, out->data, out->len);
}

void tell_before(const struct tell *t, const struct verbose_of *of)
{
	cleanup_buf struct buf out = { 0 };

	int r = 0;

	if (t->form == TELL_JSON)
		r = telljson_start(&out, of);
	else if (t->form == TELL_TEXT)
		r = verbose_put(&out, of);
	if (r == 0)
		say(t, &out);
}

void tell_sealed(const struct tell *t, bool landlock)
{
	cleanup_buf struct buf out = { 0 };

	if (t->form == TELL_JSON)
		telljson_sealed(&out, landlock);
	else if (t->form == TELL_TEXT)
		verbose_put_sealed(&out, landlock);
	say(t, &out);
}

void tell_unread(const struct tell *t)
{
	cleanup_buf struct buf out = { 0 };

	if (t->form == TELL_TEXT)
		verbose_put_unread(&out);
	say(t, &out);
}

static void put_learned(struct buf *out, const struct remedy_of *of, const struct denial *d)
{
	cleanup_buf struct buf what = { 0 };
	cleanup_remedy struct remedy r = { 0 };

	telltext_what(&what, d);
	if (what.failed || remedy_find(of, d, &r) < 0)
		out->failed = true;
	else
		learned_pack(out, r.unwise || r.setting == NULL, what.data, r.setting, r.value, r.line, r.why);
}

void tell_denied(const struct tell *t, const struct remedy_of *of, const struct denial *d)
{
	cleanup_buf struct buf out = { 0 };

	if (t->form == TELL_JSON)
		telljson_denied(&out, of, d);
	else if (t->form == TELL_TEXT)
		telltext_denied(&out, d, t->color);
	else if (t->form == TELL_LEARNED)
		put_learned(&out, of, d);
	say(t, &out);
}

void tell_summary(const struct tell *t, const struct remedy_of *of, const struct denials *all, int wait_status, bool blind)
{
	cleanup_buf struct buf out = { 0 };

	if (t->form == TELL_JSON)
		telljson_summary(&out, all, wait_status, blind);
	else if (t->form == TELL_TEXT)
		telltext_summary(&out, of, all, t->color, blind);
	say(t, &out);
}
