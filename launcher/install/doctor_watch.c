/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "install/doctor_watch.h"

#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>

#include "common/names.h"
#include "common/path.h"
#include "install/doctor_proc.h"

#define LINGER_MS 3000 /* a box is torn down by the kernel: its last process may be a moment late */

/* --- the terminal ----------------------------------------------------------------------- */

void stage_release(struct stage *s)
{
	/* The terminal of our session hangs up. */
	(void) signal(SIGHUP, SIG_IGN);
	cleanup_fd_fn(&s->master);
	cleanup_fd_fn(&s->slave);
}

static int open_terminal(struct stage *s)
{
	struct termios mode;
	char name[64];

	s->master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (s->master < 0 || grantpt(s->master) < 0 || unlockpt(s->master) < 0 || ptsname_r(s->master, name, sizeof(name)) != 0)
		return -errno;
	s->slave = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (s->slave < 0 || tcgetattr(s->slave, &mode) < 0)
		return -errno;
	/* Raw, and never waiting: what was typed can be read at once, and nothing is echoed. */
	cfmakeraw(&mode);
	mode.c_cc[VMIN] = 0;
	mode.c_cc[VTIME] = 0;
	if (tcsetattr(s->slave, TCSANOW, &mode) < 0)
		return -errno;
	return setsid() < 0 || ioctl(s->slave, TIOCSCTTY, 0) < 0 ? -errno : 0;
}

int stage_open(struct stage *s, struct failure *f)
{
	int r;

	*s = (struct stage) { .master = -1, .slave = -1 };
	r = open_terminal(s);
	return r < 0 ? fail_errno(f, -r, "/dev/pts must be mounted: see mount(8), devpts", "cannot make a terminal for the attacker") : 0;
}

/* --- files --------------------------------------------------------------------------------- */

static const struct {
	enum canary row;
	size_t base;      /* member of struct scene: a path */
	const char *name; /* below it; NULL: itself */
} watched[WATCHED] = {
	{ CANARY_write_launcher, offsetof(struct scene, venv), "bin/python" },
	{ CANARY_write_activate, offsetof(struct scene, venv), "bin/activate" },
	{ CANARY_write_cfg, offsetof(struct scene, venv), "pyvenv.cfg" },
	{ CANARY_write_state, offsetof(struct scene, venv), VB_STATE "/" VB_MANIFEST },
	{ CANARY_write_state, offsetof(struct scene, venv), VB_STATE "/" VB_CONF },
	{ CANARY_write_state, offsetof(struct scene, venv), VB_STATE "/" VB_FILTER },
	{ CANARY_write_git, offsetof(struct scene, git), NULL },
	{ CANARY_write_stdin, offsetof(struct scene, notes), NULL },
};

static void watched_path(const struct watch *w, size_t i, char path[PATH_MAX])
{
	const char *base = *(char *const *) ((const char *) w->scene + watched[i].base);

	(void) snprintf(path, PATH_MAX, "%s%s%s", base, watched[i].name != NULL ? "/" : "", watched[i].name != NULL ? watched[i].name : "");
}

static struct stat look(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0 ? st : (struct stat) { 0 };
}

static bool is_same(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size && a->st_mode == b->st_mode &&
	       a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec &&
	       a->st_ctim.tv_sec == b->st_ctim.tv_sec && a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

static bool has_plant(const char *path)
{
	const char *slash = strrchr(path, '/');
	char plant[PATH_MAX + sizeof(CANARY_PLANT)];

	if (slash == NULL)
		return false;
	(void) snprintf(plant, sizeof(plant), "%.*s/" CANARY_PLANT, (int) (slash - path), path);
	return faccessat(AT_FDCWD, plant, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static enum seen see_change(const struct watch *w, enum canary row)
{
	for (size_t i = 0; i < WATCHED; i++) {
		char path[PATH_MAX];
		struct stat now;

		if (watched[i].row != row)
			continue;
		watched_path(w, i, path);
		now = look(path);
		if (!is_same(&now, &w->before[i]) || has_plant(path))
			return SEEN_YES;
	}
	return SEEN_NO;
}

static bool is_there(const char *dir, const char *name, mode_t bits)
{
	cleanup_free char *path = path_join(dir, name);
	struct stat st = path != NULL ? look(path) : (struct stat) { 0 };

	return (st.st_mode & bits) != 0;
}

/* --- before ----------------------------------------------------------------------------------- */

static int listen_abstract(const char *name)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	cleanup_fd int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	size_t len = strlen(name);

	if (fd < 0 || len + 1 > sizeof(addr.sun_path))
		return fd < 0 ? -errno : -E2BIG;
	memcpy(addr.sun_path + 1, name, len);
	if (bind(fd, (struct sockaddr *) &addr, (socklen_t) (offsetof(struct sockaddr_un, sun_path) + 1 + len)) < 0 || listen(fd, 4) < 0)
		return -errno;
	return take_fd(&fd);
}

/* The child has the signal's default from its first instruction on; we ignore it, being in the same group. */
static int start_sibling(pid_t *sibling)
{
	pid_t pid;

	(void) signal(CANARY_SIGNAL, SIG_DFL);
	pid = fork();
	if (pid == 0) {
		(void) prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			(void) pause();
	}
	*sibling = pid;
	return signal(CANARY_SIGNAL, SIG_IGN) == SIG_ERR || pid < 0 ? -errno : 0;
}

int watch_begin(struct watch *w, const struct stage *stage, const struct lab *lab, const struct scene *scene, struct failure *f)
{
	int r;

	*w = (struct watch) { .stage = stage, .lab = lab, .scene = scene, .listener = -1, .sibling = -1 };
	for (size_t i = 0; i < WATCHED; i++) {
		char path[PATH_MAX];

		watched_path(w, i, path);
		w->before[i] = look(path);
	}
	w->listener = listen_abstract(scene->socket);
	r = w->listener < 0 ? w->listener : start_sibling(&w->sibling);
	return r < 0 ? fail_errno(f, -r, NULL, "cannot make the decoys that run") : 0;
}

/* --- after -------------------------------------------------------------------------------------- */

static enum seen answer(bool yes)
{
	return yes ? SEEN_YES : SEEN_NO;
}

/* The attacker cannot say it without having read it. */
static bool says(const char *said, enum canary row, const char *value)
{
	char line[128];

	(void) snprintf(line, sizeof(line), "%s 0 %s\n", canary_rows[row].id, value);
	return strstr(said, line) != NULL;
}

static bool end_sibling(struct watch *w)
{
	int status = 0;

	if (w->sibling <= 0)
		return false;
	(void) kill(w->sibling, SIGKILL);
	while (waitpid(w->sibling, &status, 0) < 0 && errno == EINTR)
		continue;
	w->sibling = -1;
	return WIFSIGNALED(status) && WTERMSIG(status) == CANARY_SIGNAL;
}

/* Outside it is to be there; inside it gets a moment to be gone. */
static bool end_survivors(const struct watch *w)
{
	const struct timespec pause_10ms = { .tv_nsec = 10 * 1000 * 1000 };
	pid_t found[PROC_FINDS];
	int n = 0;

	for (int ms = 0; ms < LINGER_MS; ms += 10) {
		n = proc_find(w->scene->mark, found);
		if (n <= 0 || !w->scene->inside)
			break;
		(void) nanosleep(&pause_10ms, NULL);
	}
	for (int i = 0; i < n; i++)
		(void) kill(found[i], SIGKILL);
	return n > 0;
}

static bool was_connected(const struct watch *w)
{
	cleanup_fd int fd = accept4(w->listener, NULL, NULL, SOCK_CLOEXEC);

	return fd >= 0;
}

static void read_typed(const struct watch *w, char typed[64])
{
	ssize_t len = read(w->stage->slave, typed, 63);

	typed[len > 0 ? len : 0] = '\0';
}

void watch_end(struct watch *w, const char *said, struct fact facts[CANARIES])
{
	char typed[64];
	enum seen seen[CANARIES] = { SEEN_NOTHING };

	read_typed(w, typed);
	seen[CANARY_read_key] = answer(says(said, CANARY_read_key, w->lab->secret));
	seen[CANARY_read_link] = answer(says(said, CANARY_read_link, w->lab->secret));
	seen[CANARY_read_dir] = answer(says(said, CANARY_read_dir, w->lab->secret));
	for (size_t i = 0; i < WATCHED; i++)
		seen[watched[i].row] = see_change(w, watched[i].row);
	seen[CANARY_make_git] = answer(is_there(w->scene->project, ".git/config", S_IFREG));
	seen[CANARY_setuid_file] = answer(is_there(w->scene->dir, CANARY_SETUID, S_ISUID));
	seen[CANARY_env_token] = answer(says(said, CANARY_env_token, w->lab->token));
	seen[CANARY_tiocsti] = answer(strstr(typed, CANARY_TYPED) != NULL);
	seen[CANARY_tiocsti_high] = answer(strstr(typed, CANARY_TYPED_HIGH) != NULL);
	seen[CANARY_signal_group] = answer(end_sibling(w));
	seen[CANARY_connect_abstract] = answer(was_connected(w));
	seen[CANARY_daemon] = answer(end_survivors(w));
	for (size_t i = 0; i < CANARIES; i++)
		if (facts[i].said && facts[i].seen == SEEN_NOTHING)
			facts[i].seen = seen[i];
	cleanup_fd_fn(&w->listener);
	w->listener = -1;
}
