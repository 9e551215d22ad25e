/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A watched process under the real filter, in a root of its own: "d" and "home" are there outside alone, "ro" is read-only inside. What the
 * process got is judged by what it says, and by the disk.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <arpa/inet.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "common/names.h"
#include "host/watcher.h"
#include "install/filter.h"

#include <cmocka.h>

#include "boxroot.h"
#include "listened.h"
#include "scratch.h"

#define UID  1234L
#define GID  5678L
#define HIGH (1L << 32) /* what the kernel does not look at */

struct scene {
	char dir[32];
	char box[64], root[128], ro[160], home[64], real_home[64], venv[64];
	uint64_t limits[RLIM_NLIMITS];
	struct watched of;
	struct watcher w;
	struct listened l;
	int told;
	char path[4096]; /* for the process */
};

static struct scene *scene; /* of the test that runs; for the process, too */

/* A path as both name it. */
static char *at(const char *name)
{
	(void) snprintf(scene->path, sizeof(scene->path), "%s/%s", scene->dir, name);
	return scene->path;
}

/* Where only a short path has room. */
static void copy(char *to, size_t size, const char *path)
{
	assert_true(strlen(path) < size);
	memcpy(to, path, strlen(path) + 1);
}

static int make(const char *top, const char *name, const char *text)
{
	char path[4096];
	cleanup_fd int fd = -1;

	(void) snprintf(path, sizeof(path), "%s/%s", top, name);
	if (text == NULL)
		return mkdir(path, 0755);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0755);
	return fd_write_all(fd, text, strlen(text));
}

static void tell(const struct denial *d, void *data)
{
	struct scene *s = data;

	(void) d;
	s->told++;
}

static int setup(void **state)
{
	struct scene *s = calloc(1, sizeof(*s));

	*state = scene = s;
	if (s == NULL || scratch_make(s->dir) < 0)
		return -1;
	(void) snprintf(s->box, sizeof(s->box), "%s/box", s->dir);
	(void) snprintf(s->root, sizeof(s->root), "%s%s", s->box, s->dir);
	(void) snprintf(s->ro, sizeof(s->ro), "%s/ro", s->root);
	(void) snprintf(s->home, sizeof(s->home), "%s/venv/home", s->dir);
	(void) snprintf(s->real_home, sizeof(s->real_home), "%s/home", s->dir);
	(void) snprintf(s->venv, sizeof(s->venv), "%s/venv", s->dir);
	s->of = (struct watched) { .venv = s->venv, .box_home = s->home, .real_home = s->real_home, .limits = s->limits, .tell = tell, .data = s };
	return make(s->dir, "box", NULL) + make(s->box, "tmp", NULL) + mkdir(s->root, 0755) + make(s->dir, "d", NULL) + make(s->dir, "d/f", "") +
		make(s->dir, "home", NULL) + make(s->dir, "home/f", "") + make(s->dir, "both", "text") + make(s->root, "both", "text") +
		make(s->dir, "ro", NULL) + make(s->root, "ro", NULL) + make(s->dir, "ro/f", "") + make(s->root, "ro/f", "") +
		make(s->dir, "venv", NULL) + make(s->root, "venv", NULL) + make(s->dir, "venv/f", "") + make(s->dir, "sh", "") +
		make(s->root, "rw", NULL);
}

static int teardown(void **state)
{
	struct scene *s = *state;
	int r;

	watcher_release(&s->w);
	r = scratch_remove(s->dir);
	free(s);
	return r;
}

static int enter(void *data)
{
	(void) data;
	return boxroot_enter(scene->box, scene->ro);
}

static int filter(void)
{
	cleanup_buf struct buf program = { 0 };
	struct failure f = { 0 };
	unsigned calls;

	assert_int_equal(filter_compile(NULL, &program, &calls, &f), 0);
	return fd_memfd("filter", program.data, program.len);
}

static void start(void (*act)(long *said, void *data))
{
	struct failure f = { 0 };
	int fd = filter();

	watcher_init(&scene->w, &scene->of);
	assert_int_equal(watcher_fd(&scene->w), -1);
	assert_int_equal(watcher_prepare(&scene->w, &fd, UID, GID, &f), 0);
	listened_start(&scene->l, fd, enter, act, NULL);
	(void) close(fd);
	assert_int_equal(watcher_begin(&scene->w, take_fd(&scene->l.listener)), 0);
}

/* Until the process has ended, and the kernel says so. */
static void watch(void)
{
	int status = -1;

	while (watcher_fd(&scene->w) >= 0) {
		struct pollfd p = { .fd = watcher_fd(&scene->w), .events = POLLIN };

		if (poll(&p, 1, 10) > 0)
			assert_int_equal(watcher_turn(&scene->w, p.revents), 0);
		else if (status < 0 && waitpid(scene->l.pid, &status, WNOHANG) == 0)
			status = -1;
	}
	if (status < 0)
		assert_int_equal(waitpid(scene->l.pid, &status, 0), scene->l.pid);
	assert_int_equal(status, 0);
}

static void run(void (*act)(long *said, void *data))
{
	start(act);
	watch();
}

/* The one that has such a path or name; NULL: none. */
static const struct denial *find(enum denial_kind kind, const char *what)
{
	for (size_t i = 0; i < scene->w.denials.n; i++)
		if (scene->w.denials.v[i].kind == kind && strcmp(scene->w.denials.v[i].what, what) == 0)
			return &scene->w.denials.v[i];
	return NULL;
}

static void assert_denied(enum denial_kind kind, const char *what, unsigned long count)
{
	const struct denial *d = find(kind, what);

	if (d == NULL || d->count != count)
		fail_msg("%s: %lu times", what, d != NULL ? d->count : 0);
	assert_string_equal(d->program, "test_watcher");
}

/* --- refused calls --------------------------------------------------------------------------- */

static void be_refused(long *said, void *data)
{
	(void) data;
	said[0] = ASK(SYS_ptrace, 0xffff, 0, 0, 0);
	said[1] = ASK(SYS_socket, 38 /* AF_ALG */, SOCK_SEQPACKET, 0);
	said[2] = ASK(SYS_clone3, NULL, 88);
	said[3] = ASK(SYS_prctl, VB_PRCTL_SEALED, 0, 0, 0, 0);
	said[4] = ASK(SYS_ptrace, 0xffff, 0, 0, 0);
	said[5] = ASK(SYS_fchmodat, AT_FDCWD, at("both"), 04755);
	said[6] = ASK(4000);
	said[7] = ASK(SYS_unshare, 0x10000000 /* CLONE_NEWUSER */);
	said[8] = 1;
}

static void each_gets_the_errno_of_the_filter(void **state)
{
	static const long expected[] = { -EPERM, -EAFNOSUPPORT, -ENOSYS, -VB_ERRNO_SEALED, -EPERM, -EPERM, -ENOSYS, -EPERM, 1 };
	struct stat st;

	(void) state;
	run(be_refused);
	assert_memory_equal(scene->l.said, expected, sizeof(expected));
	assert_denied(DENIED_CALL, "ptrace", 2);
	assert_denied(DENIED_CALL, "socket", 1);
	assert_denied(DENIED_CALL, "clone3", 1);
	assert_denied(DENIED_CALL, "fchmodat", 1);
	assert_denied(DENIED_CALL, "unshare", 1);
	assert_denied(DENIED_CALL, "?", 1);
	assert_int_equal(scene->w.denials.n, 6); /* "am I inside" is none */
	assert_int_equal(scene->told, 6);
	assert_int_equal(find(DENIED_CALL, "clone3")->err, ENOSYS);
	assert_non_null(find(DENIED_CALL, "socket")->detail);
	assert_null(find(DENIED_CALL, "ptrace")->detail);
	(void) snprintf(scene->path, sizeof(scene->path), "%s/both", scene->root);
	assert_int_equal(stat(scene->path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0755);
}

/* The process has user 0 and no group: what goes on gets another errno of the kernel, or succeeds. */
static void use_numbers(long *said, void *data)
{
	(void) data;
	said[0] = ASK(SYS_setuid, 0L);
	said[1] = ASK(SYS_setuid, UID);
	said[2] = ASK(SYS_setuid, GID);
	said[3] = ASK(SYS_setgid, UID);
	said[4] = ASK(SYS_setgid, GID);
	said[5] = ASK(SYS_setresuid, -1L, -1L, -1L);
	said[6] = ASK(SYS_setresuid, UID, UID, 0L);
	said[7] = ASK(SYS_fchown, -1, UID | HIGH, GID | HIGH);
	said[8] = ASK(SYS_fchown, -1, UID, HIGH);
	said[9] = ASK(SYS_fchownat, AT_FDCWD, at("both"), 0L, -1L, 0);
	said[10] = ASK(SYS_fchownat, AT_FDCWD, at("both"), -1L, -1L, 0);
	said[11] = ASK(SYS_setuid, 0L);
}

static void numbers_of_others_are_refused_and_named(void **state)
{
	static const long expected[] = { -EPERM, -EINVAL, -EPERM, -EPERM, -EINVAL, 0, -EPERM, -EBADF, -EPERM, -EPERM, 0, -EPERM };
	static const char *const once[] = { "setgid", "setresuid", "fchown", "fchownat" };

	(void) state;
	run(use_numbers);
	assert_memory_equal(scene->l.said, expected, sizeof(expected));
	assert_denied(DENIED_CALL, "setuid", 3);
	for (size_t i = 0; i < sizeof(once) / sizeof(once[0]); i++)
		assert_denied(DENIED_CALL, once[i], 1);
	assert_int_equal(scene->w.denials.n, 5);
	assert_int_equal(find(DENIED_CALL, "setuid")->err, EPERM);
	assert_non_null(strstr(find(DENIED_CALL, "fchownat")->detail, "another user or group"));
}

/* --- allowed calls ----------------------------------------------------------------------------- */

static void do_things(long *said, void *data)
{
	char text[4] = { 0 };
	int fd = (int) syscall(SYS_openat, AT_FDCWD, at("both"), O_RDONLY);

	(void) data;
	said[0] = fd >= 0 ? syscall(SYS_read, fd, text, sizeof(text)) : -errno;
	said[1] = memcmp(text, "text", 4);
	said[2] = ASK(SYS_mkdirat, AT_FDCWD, at("rw/made"), 0755);
	said[3] = ASK(SYS_unlinkat, AT_FDCWD, at("both"), 0);
	said[4] = ASK(SYS_openat, AT_FDCWD, at("rw/file"), O_CREAT | O_WRONLY, 0644);
}

static void they_are_really_done(void **state)
{
	static const long expected[] = { 4, 0, 0, 0, 0 };

	(void) state;
	run(do_things);
	assert_memory_equal(scene->l.said, expected, sizeof(expected));
	assert_int_equal(scene->w.denials.n, 0);
	(void) snprintf(scene->path, sizeof(scene->path), "%s/rw/made", scene->root);
	assert_int_equal(access(scene->path, F_OK), 0);
	(void) snprintf(scene->path, sizeof(scene->path), "%s/both", scene->root);
	assert_int_equal(access(scene->path, F_OK), -1);
}

static void look_in_vain(long *said, void *data)
{
	char dir[64];
	int fd;

	(void) data;
	said[0] = ASK(SYS_openat, AT_FDCWD, at("d/f"), O_RDONLY);
	said[1] = ASK(SYS_chdir, scene->dir);
	said[2] = ASK(SYS_openat, AT_FDCWD, "./x/../d//f", O_RDONLY);
	copy(dir, sizeof(dir), at("rw"));
	fd = (int) syscall(SYS_openat, AT_FDCWD, dir, O_RDONLY | O_DIRECTORY);
	said[3] = ASK(SYS_openat, fd, "../d/f", O_RDONLY);
	said[4] = ASK(SYS_openat, AT_FDCWD, at("venv/home/f"), O_RDONLY);
	said[5] = ASK(SYS_openat, AT_FDCWD, at("venv/f"), O_RDONLY);
	said[6] = ASK(SYS_openat, AT_FDCWD, at("nobody/has/it"), O_RDONLY);
	said[7] = ASK(SYS_openat, AT_FDCWD, at("ro/f"), O_RDWR);
	said[8] = ASK(SYS_mkdirat, AT_FDCWD, at("ro/new"), 0755);
	said[9] = ASK(SYS_execve, at("sh"), NULL, NULL);
	said[10] = ASK(SYS_linkat, AT_FDCWD, at("d/f"), AT_FDCWD, "ro/linked", 0);
}

static void what_is_not_shown_is_remembered(void **state)
{
	static const long expected[] = { -ENOENT, 0, -ENOENT, -ENOENT, -ENOENT, -ENOENT, -ENOENT, -EROFS, -EROFS, -ENOENT, -ENOENT };

	(void) state;
	run(look_in_vain);
	assert_memory_equal(scene->l.said, expected, sizeof(expected));
	assert_denied(DENIED_HIDDEN, at("d/f"), 3); /* absolute, relative, by descriptor */
	assert_int_equal(find(DENIED_HIDDEN, at("d/f"))->purpose, PURPOSE_READ);
	assert_denied(DENIED_HIDDEN, at("venv/home/f"), 1);
	assert_string_equal(find(DENIED_HIDDEN, at("venv/home/f"))->real + strlen(scene->dir), "/home/f");
	assert_denied(DENIED_WRITE, at("ro/f"), 1);
	assert_denied(DENIED_WRITE, at("ro/new"), 1);
	assert_denied(DENIED_WRITE, at("ro/linked"), 1);
	assert_denied(DENIED_PROGRAM, at("sh"), 1);
	assert_int_equal(scene->w.denials.n, 6); /* neither what nobody has nor what the venv lacks; linkat(2) only looks at the first */
}

static void look_only(long *said, void *data)
{
	struct stat st;

	(void) data;
	said[0] = ASK(SYS_newfstatat, AT_FDCWD, at("d/f"), &st, 0);
	said[1] = ASK(SYS_faccessat, AT_FDCWD, at("d/f"), F_OK);
}

static void looking_is_remembered_on_request(void **state)
{
	(void) state;
	run(look_only);
	assert_int_equal(scene->w.denials.n, 0);
	watcher_release(&scene->w);
	scene->of.looks = true;
	run(look_only);
	assert_int_equal(scene->l.said[0], -ENOENT);
	assert_non_null(find(DENIED_HIDDEN, at("d/f")));
	assert_int_equal(find(DENIED_HIDDEN, at("d/f"))->purpose, PURPOSE_LOOK);
}

static void be_odd(long *said, void *data)
{
	char *pages = mmap(NULL, 3 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *across = pages + 4096 - strlen(scene->dir) - 2;

	(void) data;
	(void) munmap(pages + 2 * 4096, 4096);
	said[0] = ASK(SYS_openat, AT_FDCWD, NULL, O_RDONLY);
	said[1] = ASK(SYS_openat, AT_FDCWD, -1L, O_RDONLY);
	memcpy(across, at("d/f"), strlen(at("d/f")) + 1);
	said[2] = ASK(SYS_openat, AT_FDCWD, across, O_RDONLY);
	memset(pages, 'x', 2 * 4096);
	said[3] = ASK(SYS_openat, AT_FDCWD, pages, O_RDONLY);
	said[4] = ASK(SYS_openat, AT_FDCWD, pages + 2 * 4096 - 10, O_RDONLY); /* no NUL before the end */
	said[5] = ASK(SYS_openat, AT_FDCWD, "", O_RDONLY);
	said[6] = ASK(SYS_openat, 9999, "x", O_RDONLY);
	said[7] = ASK(SYS_connect, 9999, NULL, 16);
	said[8] = ASK(SYS_prlimit64, 0, RLIMIT_FSIZE, 1L, NULL);
	said[9] = ASK(SYS_prlimit64, 0, 9999, pages, NULL);
	said[10] = ASK(SYS_execve, 1L, NULL, NULL);
}

/* The kernel says what it would have said. */
static void odd_pointers_reach_the_kernel(void **state)
{
	static const long expected[] = {
		-EFAULT, -EFAULT, -ENOENT, -ENAMETOOLONG, -EFAULT, -ENOENT, -EBADF, -EBADF, -EFAULT, -EINVAL, -EFAULT,
	};

	(void) state;
	scene->limits[RLIMIT_FSIZE] = 1000;
	run(be_odd);
	assert_memory_equal(scene->l.said, expected, sizeof(expected));
	assert_denied(DENIED_HIDDEN, at("d/f"), 1);
	assert_int_equal(scene->w.denials.n, 1);
}

static void *open_in_thread(void *data)
{
	long *said = data;

	said[1] = ASK(SYS_openat, AT_FDCWD, at("d/f"), O_RDONLY);
	said[2] = ASK(SYS_ptrace, 0xffff, 0, 0, 0);
	return NULL;
}

static void be_threads(long *said, void *data)
{
	pthread_t thread;

	(void) data;
	said[0] = pthread_create(&thread, NULL, open_in_thread, said);
	if (said[0] == 0)
		(void) pthread_join(thread, NULL);
}

static void threads_are_watched(void **state)
{
	(void) state;
	run(be_threads);
	assert_int_equal(scene->l.said[0], 0);
	assert_int_equal(scene->l.said[1], -ENOENT);
	assert_int_equal(scene->l.said[2], -EPERM);
	assert_denied(DENIED_HIDDEN, at("d/f"), 1);
	assert_denied(DENIED_CALL, "ptrace", 1);
}

static void execute_script(long *said, void *data)
{
	(void) data;
	said[0] = ASK(SYS_execve, at("script"), NULL, NULL);
}

/* The script is there: it is its interpreter that "No such file" means. */
static void the_interpreter_of_a_script_is_named(void **state)
{
	cleanup_buf struct buf text = { 0 };

	(void) state;
	buf_printf(&text, "#!%s\n", at("sh"));
	assert_int_equal(make(scene->root, "script", text.data), 0);
	run(execute_script);
	assert_int_equal(scene->l.said[0], -ENOENT);
	assert_denied(DENIED_PROGRAM, at("sh"), 1);
	assert_int_equal(scene->w.denials.n, 1);
}

/* --- sockets and limits ---------------------------------------------------------------------------- */

static void use_sockets(long *said, void *data)
{
	struct sockaddr_in far = { .sin_family = AF_INET, .sin_port = htons(9), .sin_addr.s_addr = htonl(0xc0000201) };
	struct sockaddr_in near = { .sin_family = AF_INET, .sin_port = htons(9), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct sockaddr_in low = { .sin_family = AF_INET, .sin_port = htons(1) };
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	int inet = (int) syscall(SYS_socket, AF_INET, SOCK_DGRAM, 0);
	int local = (int) syscall(SYS_socket, AF_UNIX, SOCK_STREAM, 0);

	(void) data;
	(void) ASK(SYS_connect, inet, &far, sizeof(far));
	said[0] = ASK(SYS_connect, inet, &near, sizeof(near));
	(void) ASK(SYS_bind, inet, &low, sizeof(low));
	copy(un.sun_path, sizeof(un.sun_path), at("d/f"));
	said[1] = ASK(SYS_connect, local, &un, sizeof(un));
	copy(un.sun_path, sizeof(un.sun_path), at("d/sock"));
	said[2] = ASK(SYS_bind, local, &un, sizeof(un));
}

static void addresses_are_looked_at(void **state)
{
	(void) state;
	scene->of.network_unshared = true;
	run(use_sockets);
	assert_int_equal(scene->l.said[0], 0);
	assert_int_equal(scene->l.said[1], -ENOENT);
	assert_int_equal(scene->l.said[2], -ENOENT);
	assert_denied(DENIED_NETWORK, "192.0.2.1 port 9", 1);
	assert_denied(DENIED_SOCKET, at("d/f"), 1);
	assert_denied(DENIED_HIDDEN, at("d/sock"), 1);
	assert_int_equal(find(DENIED_HIDDEN, at("d/sock"))->purpose, PURPOSE_SOCKET);
	assert_null(find(DENIED_NETWORK, "127.0.0.1 port 9"));
}

static void with_the_hosts_network_none_is_denied(void **state)
{
	(void) state;
	run(use_sockets);
	assert_null(find(DENIED_NETWORK, "192.0.2.1 port 9"));
	assert_non_null(find(DENIED_SOCKET, at("d/f")));
}

static void raise_limits(long *said, void *data)
{
	struct { uint64_t soft, hard; } limit = { 0, 1000 };

	(void) data;
	said[0] = ASK(SYS_prlimit64, 0, RLIMIT_FSIZE, &limit, NULL); /* as low as it is */
	limit.hard = 2000;
	(void) ASK(SYS_prlimit64, 0, RLIMIT_FSIZE, &limit, NULL);
	(void) ASK(SYS_prlimit64, 0, RLIMIT_CORE, &limit, NULL); /* of which the policy says nothing */
}

static void a_limit_above_that_of_the_box(void **state)
{
	(void) state;
	scene->limits[RLIMIT_FSIZE] = 1000;
	run(raise_limits);
	assert_denied(DENIED_LIMIT, "file-size", 1);
	assert_int_equal(scene->w.denials.n, 1);
}

/* --- ends --------------------------------------------------------------------------------------------- */

static void wait_for_call(void)
{
	struct pollfd p = { .fd = watcher_fd(&scene->w), .events = POLLIN };

	assert_int_equal(poll(&p, 1, 20000), 1);
}

static void one_that_is_killed_while_it_waits(void **state)
{
	(void) state;
	start(be_refused);
	wait_for_call();
	(void) kill(scene->l.pid, SIGKILL);
	assert_int_equal(waitpid(scene->l.pid, NULL, 0), scene->l.pid);
	assert_int_equal(watcher_turn(&scene->w, POLLIN), 0);
	assert_int_equal(scene->w.denials.n, 0);
}

static void the_end_of_all_is_noticed(void **state)
{
	(void) state;
	start(do_things);
	assert_true(watcher_fd(&scene->w) >= 0);
	assert_int_equal(watcher_turn(&scene->w, POLLHUP), 0);
	assert_int_equal(watcher_fd(&scene->w), -1);
	(void) listened_end(&scene->l);
}

/* With the watcher gone a call is refused, one that waits as well: nothing runs unwatched, and nothing hangs. */
static void without_a_watcher_calls_fail(void **state)
{
	(void) state;
	start(be_refused);
	wait_for_call();
	watcher_release(&scene->w);
	while (scene->l.said[8] == 0)
		(void) usleep(1000);
	for (int i = 0; i < 8; i++)
		assert_int_equal(scene->l.said[i], i == 3 ? -VB_ERRNO_SEALED : -ENOSYS);
	assert_int_equal(listened_end(&scene->l), 0);
}

static int open_descriptors(void)
{
	int n = 0;

	for (int fd = 0; fd < 1024; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

static void nothing_is_left_open(void **state)
{
	int before = open_descriptors();

	(void) state;
	run(look_in_vain);
	watcher_release(&scene->w);
	assert_int_equal(open_descriptors(), before);
}

/* --- what has an end -------------------------------------------------------------------------------------- */

static void ask_for_endless_names(long *said, void *data)
{
	static char name[4000];
	size_t len = strlen(scene->dir);

	(void) data;
	memset(name, 'x', sizeof(name) - 1);
	memcpy(name, scene->dir, len);
	for (size_t i = len; i < sizeof(name) - 10; i += 200)
		name[i] = '/';
	for (int i = 0; i < 3000; i++) {
		(void) snprintf(name + sizeof(name) - 8, 8, "%07d", i);
		said[0] += ASK(SYS_openat, AT_FDCWD, name, O_RDONLY) == -ENOENT;
	}
}

static void endless_names_do_not_fill_the_memory(void **state)
{
	(void) state;
	run(ask_for_endless_names);
	assert_int_equal(scene->l.said[0], 3000);
	assert_true(scene->w.fine_bytes > 4 << 20);
	assert_true(scene->w.fine_bytes <= 8 << 20);
}

/* --- the program ---------------------------------------------------------------------------------------------- */

static void a_spoilt_program_is_refused(void **state)
{
	static const struct sock_filter endless[] = { BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0) };
	static const struct {
		size_t len;
		int r;
	} rows[] = { { 0, -EBADMSG }, { 7, -EBADMSG }, { 8, -EINVAL } };

	(void) state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct failure f = { 0 };
		int fd = fd_memfd("filter", endless, rows[i].len), same = fd;

		watcher_init(&scene->w, &scene->of);
		assert_int_equal(watcher_prepare(&scene->w, &fd, UID, GID, &f), rows[i].r);
		assert_int_equal(fd, same); /* still the caller's */
		assert_non_null(strstr(f.hint, "venvbox-verbose"));
		failure_release(&f);
		(void) close(fd);
		watcher_release(&scene->w);
	}
}

/* Nothing of ours says it; if one did, "succeed without being done" must not become "go on". */
static void an_errno_of_nothing_is_a_refusal(void **state)
{
	static const struct sock_filter program[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mkdirat, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	int fd = fd_memfd("filter", program, sizeof(program));
	struct failure f = { 0 };

	(void) state;
	watcher_init(&scene->w, &scene->of);
	assert_int_equal(watcher_prepare(&scene->w, &fd, UID, GID, &f), 0);
	listened_start(&scene->l, fd, enter, do_things, NULL);
	(void) close(fd);
	assert_int_equal(watcher_begin(&scene->w, take_fd(&scene->l.listener)), 0);
	watch();
	assert_int_equal(scene->l.said[2], -EPERM);
	(void) snprintf(scene->path, sizeof(scene->path), "%s/rw/made", scene->root);
	assert_int_equal(access(scene->path, F_OK), -1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(each_gets_the_errno_of_the_filter),
		TEST(numbers_of_others_are_refused_and_named),
		TEST(they_are_really_done),
		TEST(what_is_not_shown_is_remembered),
		TEST(looking_is_remembered_on_request),
		TEST(odd_pointers_reach_the_kernel),
		TEST(threads_are_watched),
		TEST(the_interpreter_of_a_script_is_named),
		TEST(addresses_are_looked_at),
		TEST(with_the_hosts_network_none_is_denied),
		TEST(a_limit_above_that_of_the_box),
		TEST(one_that_is_killed_while_it_waits),
		TEST(the_end_of_all_is_noticed),
		TEST(without_a_watcher_calls_fail),
		TEST(nothing_is_left_open),
		TEST(endless_names_do_not_fill_the_memory),
		TEST(a_spoilt_program_is_refused),
		TEST(an_errno_of_nothing_is_a_refusal),
	};

	(void) alarm(120); /* a hang is a failure */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
