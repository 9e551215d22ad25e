/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/session.h"

#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <time.h>

#include "common/fd.h"
#include "common/hostcheck.h"
#include "common/log.h"
#include "common/names.h"
#include "common/path.h"
#include "host/ownid.h"

void session_init(struct session *s)
{
	*s = (struct session) { .project_fd = -1, .called = { .venv_fd = -1, .state_fd = -1 } };
}

void session_release(struct session *s)
{
	called_release(&s->called);
	manifest_release(&s->manifest);
	conf_release(&s->conf);
	free(s->libexec);
	if (s->project_fd >= 0)
		(void) close(s->project_fd);
	s->project_fd = -1;
}

static void hint_install(const struct session *s, struct failure *f)
{
	cleanup_buf struct buf text = { 0 };

	fail_hint(f, "run: %s", log_command(&text, s->called.venv_real, NULL, NULL));
}

/* A copy or a renamed venv has paths in it that are another's; so has its policy. */
static int check_place(const struct session *s, struct failure *f)
{
	const struct manifest *m = &s->manifest;
	int r;

	if (strcmp(m->venv, s->called.venv_real) == 0)
		return 0;
	r = fail_msg(f, ESTALE, NULL, "this venv was boxed as '%s' and is now '%s'", m->venv, s->called.venv_real);
	hint_install(s, f);
	return r;
}

/* Each file in it is checked when it is read; but who may write the directory may replace them. */
static int check_state(const struct session *s, struct failure *f)
{
	const char *hint = "see who changed it, then run venvbox-install on the venv again";
	struct stat st;

	if (fstat(s->called.state_fd, &st) < 0)
		return fail_errno(f, errno, NULL, "cannot look at '%s/" VB_STATE "'", s->called.venv_real);
	if (st.st_uid != own_uid() && st.st_uid != 0)
		return fail_msg(f, EPERM, "use the venv as the user who installed it, or make a venv of your own",
				"'%s/" VB_STATE "' belongs to user %u, neither to you nor to root", s->called.venv_real, st.st_uid);
	if ((st.st_mode & (S_IWGRP | S_IWOTH)) != 0)
		return fail_msg(f, EPERM, hint, "'%s/" VB_STATE "' can be written by others", s->called.venv_real);
	return 0;
}

/* What is known of a file of the interpreter, against what is there now. */
enum look {
	LOOK_SAME,
	LOOK_CHANGED,
	LOOK_GONE,
};

/* -errno, with words in f, if the kernel does not say, or if others may write what took its place. */
static int look_at(const struct session *s, const char *path, const struct file_id *known, const char *what, enum look *look,
		   struct failure *f)
{
	struct file_id now;
	struct stat st;
	int r;

	*look = LOOK_GONE;
	if (stat(path, &st) < 0) {
		if (errno == ENOENT || errno == ENOTDIR)
			return 0;
		r = fail_errno(f, errno, NULL, "cannot look at %s '%s'", what, path);
		hint_install(s, f);
		return r;
	}
	file_id_from_stat(&st, &now);
	*look = file_id_same(&now, known) ? LOOK_SAME : LOOK_CHANGED;
	return *look == LOOK_CHANGED ? hostcheck_owner(&st, what, path, f) : 0; /* as at the installation */
}

static void warn_changed(const struct session *s, const char *what, const char *path, enum look look)
{
	const char *banner = s->manifest.python_banner;
	cleanup_buf struct buf text = { 0 };

	log_warn("%s '%s' %s since the venv was boxed with Python %.*s; run: %s", what, path, look == LOOK_GONE ? "is gone" : "has changed",
		 (int) strcspn(banner, " "), banner, log_command(&text, s->called.venv_real, NULL, NULL));
}

/*
 * After an upgrade of the base the run goes on, with what the plain venv would run now: the seal does not depend on it. Where its library
 * is gone the base is executed; the way of this run is then not that of the manifest's file.
 */
static int check_interpreter(struct session *s, struct failure *f)
{
	static const char base_words[] = "the base interpreter", library_words[] = "the library of the interpreter";
	struct manifest *m = &s->manifest;
	enum look base, library = LOOK_SAME;
	int r = look_at(s, m->base_executable, &m->base_id, base_words, &base, f);

	if (r == 0 && base == LOOK_GONE) {
		r = fail_msg(f, ENOENT, NULL, "%s '%s' is gone", base_words, m->base_executable);
		hint_install(s, f);
	}
	if (r == 0 && m->way == EMBED_SHARED)
		r = look_at(s, m->libpython, &m->libpython_id, library_words, &library, f);
	if (r < 0)
		return r;
	if (base == LOOK_CHANGED)
		warn_changed(s, base_words, m->base_executable, base);
	else if (library != LOOK_SAME)
		warn_changed(s, library_words, m->libpython, library);
	if (library == LOOK_GONE)
		m->way = EMBED_EXEC;
	return 0;
}

static int check_links(const struct session *s, int dirfd, const char *dir, const char *name, struct failure *f)
{
	struct stat st;
	int r;

	if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(st.st_mode) || st.st_nlink == 1)
		return 0;
	r = fail_msg(f, EMLINK, NULL, "'%s/%s%s' has %lu hard links, so it could be changed under another name", s->called.venv_real, dir, name,
		     (unsigned long) st.st_nlink);
	hint_install(s, f);
	return r;
}

/* What the host's shell sources, and Python on the host obeys, is read-only by this name; the project, where another may lie, is not. */
int session_check_sourced(const struct session *s, struct failure *f)
{
	const struct strv *names = &s->manifest.recorded;
	cleanup_fd int bin = -1;
	int r = check_links(s, s->called.venv_fd, "", "pyvenv.cfg", f);

	if (r == 0)
		bin = fd_open_below(s->called.venv_fd, "bin", O_PATH | O_DIRECTORY);
	for (size_t i = 0; bin >= 0 && r == 0 && i < names->n; i++)
		if (strncasecmp(names->v[i], "activate", 8) == 0)
			r = check_links(s, bin, "bin/", names->v[i], f);
	return r;
}

int session_open(struct session *s, struct failure *f)
{
	int r;

	s->project_fd = -1;
	conf_init(&s->conf);
	s->libexec = path_clean(s->called.self, "..");
	r = s->libexec ? check_state(s, f) : -ENOMEM;
	if (r == 0)
		r = manifest_load(s->called.state_fd, &s->manifest, f);
	if (r == 0)
		r = conf_load(s->called.state_fd, &s->conf, f);
	if (r == 0)
		r = check_place(s, f);
	if (r == 0)
		r = check_interpreter(s, f);
	if (r < 0)
		return r;
	if (s->conf.project != NULL && strcmp(s->conf.project, s->manifest.project) != 0) {
		r = fail_msg(f, ESTALE, NULL, "the policy names the project '%s', the venv was boxed for '%s'",
			     s->conf.project, s->manifest.project);
		hint_install(s, f);
		return r;
	}
	s->project_fd = fd_open_nofollow(s->manifest.project, O_RDONLY | O_DIRECTORY);
	if (s->project_fd < 0) {
		r = fail_errno(f, -s->project_fd, NULL, "cannot open the project '%s'", s->manifest.project);
		hint_install(s, f);
	}
	return r;
}

static int make_dir(int dirfd, const char *name)
{
	return mkdirat(dirfd, name, 0700) < 0 && errno != EEXIST && errno != EROFS ? -errno : 0;
}

int session_make_home(const struct session *s, struct failure *f)
{
	cleanup_fd int home = -1;
	int r = make_dir(s->called.venv_fd, VB_HOME);

	if (r == 0)
		r = make_dir(s->called.venv_fd, VB_CACHE);
	if (r == 0) {
		home = fd_open_below(s->called.venv_fd, VB_HOME, O_RDONLY | O_DIRECTORY);
		r = home < 0 ? home : make_dir(home, ".cache");
	}
	return r < 0 ? fail_errno(f, -r, "the box keeps HOME and ~/.cache there", "cannot make '%s/%s'", s->manifest.venv, VB_HOME) : 0;
}

static int lock_pip(int fd)
{
	struct flock fl = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = 1 };
	const struct timespec pause = { .tv_nsec = 20 * 1000 * 1000 };

	for (int i = 0; i < 50; i++) {
		if (fcntl(fd, F_OFD_SETLK, &fl) == 0)
			return 0;
		if (errno != EAGAIN && errno != EACCES)
			return -errno;
		(void) nanosleep(&pause, NULL);
	}
	log_warn("another pip runs in this venv; waiting for it");
	while (fcntl(fd, F_OFD_SETLKW, &fl) < 0)
		if (errno != EINTR)
			return -errno;
	return 0;
}

/* A build can leave what we do not remove, a tree that is too deep for one: it must not be the end of pip. */
static int begin_failed(const struct session *s, int err, struct failure *f)
{
	cleanup_free char *state = path_join(s->manifest.venv, VB_STATE);
	cleanup_free char *tmp = state ? path_join(state, VB_PIP_TMP) : NULL;
	cleanup_buf struct buf quoted = { 0 };
	int r = fail_errno(f, err, "pip needs a venv that you can write", "cannot begin a pip run in '%s'", s->manifest.venv);

	if (tmp == NULL || (err != ELOOP && err != ENOTEMPTY && err != EXDEV))
		return r;
	log_shell_quote(&quoted, tmp);
	if (!quoted.failed)
		fail_hint(f, "the last pip run left what cannot be removed here; look at it, then: rm -rf %s", quoted.data);
	return r;
}

int session_pip_lock(const struct session *s, struct failure *f)
{
	cleanup_fd int fd = openat(s->called.state_fd, VB_PIP_LOCK, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	int r = fd < 0 ? -errno : lock_pip(fd);

	if (r == 0)
		r = fd_remove_tree(s->called.state_fd, VB_PIP_TMP);
	if (r == 0)
		r = make_dir(s->called.state_fd, VB_PIP_TMP);
	if (r < 0)
		return begin_failed(s, -r, f);
	return take_fd(&fd);
}
