/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/watcher.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/filter.h>
#include <poll.h>
#include <search.h>
#include <string.h>

#include "common/callids.h"
#include "common/fd.h"
#include "common/path.h"
#include "host/callbpf.h"
#include "host/callname.h"
#include "host/quota.h"
#include "host/watchcall.h"
#include "host/watchnet.h"

#define FINE_BYTES (8U << 20) /* of paths: a program may ask for endless ones that are not there */
#define PROGRAM_LIMIT (BPF_MAXINSNS * sizeof(struct sock_filter))
#define WATCHED_MAX 64

void watcher_init(struct watcher *w, const struct watched *of)
{
	*w = (struct watcher) { .of = *of, .notify = { .fd = -1 }, .root_fd = -1 };
}

static int compare(const void *a, const void *b)
{
	return strcmp(a, b);
}

/* tdestroy(3) is no function of every libc. */
static void forget_fine(struct watcher *w)
{
	while (w->fine != NULL) {
		char *key = *(char **) w->fine;

		(void) tdelete(key, &w->fine, compare);
		free(key);
	}
}

void watcher_release(struct watcher *w)
{
	notify_release(&w->notify);
	denials_release(&w->denials);
	forget_fine(w);
	free(w->program);
	cleanup_fd_fn(&w->root_fd);
	*w = (struct watcher) { .notify = { .fd = -1 }, .root_fd = -1 };
}

/* --- the program ------------------------------------------------------------------ */

/* What decides. */
static int read_program(struct watcher *w, int fd, uid_t uid, gid_t gid)
{
	cleanup_buf struct buf filter = { 0 };
	int r = lseek(fd, 0, SEEK_SET) < 0 ? -errno : fd_read_all(fd, PROGRAM_LIMIT, &filter);

	if (r < 0)
		return r;
	if (filter.len == 0 || filter.len % sizeof(*w->program) != 0)
		return -EBADMSG;
	w->n_program = filter.len / sizeof(*w->program);
	w->program = (struct sock_filter *) (void *) buf_take(&filter);
	if (w->program == NULL)
		return -ENOMEM;
	callids_fill(w->program, w->n_program, uid, gid);
	return 0;
}

int watcher_prepare(struct watcher *w, int *filter_fd, uid_t uid, gid_t gid, struct failure *f)
{
	cleanup_buf struct buf out = { 0 };
	int numbers[WATCHED_MAX];
	int r = n_watchcalls <= WATCHED_MAX ? read_program(w, *filter_fd, uid, gid) : -E2BIG;

	if (r == 0)
		r = callbpf_watch(w->program, w->n_program, numbers, watchcall_numbers(w->of.looks, numbers), &out);
	if (r == 0)
		r = fd_memfd("venvbox-watch", out.data, out.len);
	if (r < 0)
		return fail_errno(f, -r, "run it without venvbox-verbose", "cannot watch the system calls of the box");
	cleanup_fd_fn(filter_fd);
	*filter_fd = r;
	return 0;
}

int watcher_begin(struct watcher *w, int listener)
{
	return notify_open(&w->notify, listener);
}

int watcher_fd(const struct watcher *w)
{
	return w->notify.fd;
}

/* --- what is remembered ------------------------------------------------------------- */

static pid_t caller(const struct watcher *w)
{
	return (pid_t) w->notify.call->pid;
}

static int remember(struct watcher *w, struct denial *d)
{
	cleanup_free char *program = notify_program(caller(w));
	bool fresh;
	int r;

	if (program == NULL)
		return -ENOMEM;
	/* The words may be another process's by now: of a pid that is free again nothing is believed. */
	if (!notify_is_valid(&w->notify))
		return 0;
	d->program = program;
	d->call = w->notify.call->data.nr;
	d->count = 1;
	r = denials_add(&w->denials, d, &fresh);
	if (r == 0 && fresh)
		w->of.tell(d, w->of.data);
	return r;
}

static int refused(struct watcher *w, int err)
{
	const struct callname *name = callname_find(w->notify.call->data.nr);
	struct denial d = { .kind = DENIED_CALL, .what = "?", .err = err };

	if (name != NULL) {
		d.what = name->name;
		d.detail = name->allowed ? callname_arguments(name->name) : NULL;
	}
	return remember(w, &d);
}

/* --- paths ----------------------------------------------------------------------------- */

static bool is_known_fine(const struct watcher *w, const char *key)
{
	return tfind(key, &w->fine, compare) != NULL;
}

static int note_fine(struct watcher *w, const char *key)
{
	size_t size = strlen(key) + 1;
	char *copy;

	if (size > FINE_BYTES - w->fine_bytes)
		return 0;
	copy = strdup(key);
	if (copy == NULL)
		return -ENOMEM;
	if (tsearch(copy, &w->fine, compare) == NULL) {
		free(copy);
		return -ENOMEM;
	}
	w->fine_bytes += size;
	return 0;
}

/* The same for all of the box: nothing in it can have a root or mounts of its own. */
static int open_root(struct watcher *w)
{
	char path[64];

	if (w->root_fd >= 0)
		return 0;
	(void) snprintf(path, sizeof(path), "/proc/%d/root", (int) caller(w));
	w->root_fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (w->root_fd < 0)
		return -errno;
	if (notify_is_valid(&w->notify))
		return 0;
	cleanup_fd_fn(&w->root_fd);
	return -ESRCH;
}

static bool is_dir(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static enum denial_kind kind_of(enum verdict verdict, enum purpose purpose, bool connects)
{
	if (verdict == VERDICT_READ_ONLY)
		return DENIED_WRITE;
	if (connects)
		return DENIED_SOCKET;
	return purpose == PURPOSE_EXECUTE ? DENIED_PROGRAM : DENIED_HIDDEN;
}

/* "x.cpython-311.pyc.140200": Python renames it when it is whole, and reads none of that name. */
static bool is_unfinished(const char *name)
{
	const char *dot = strrchr(name, '.');

	return dot != NULL && dot - name > 4 && strncmp(dot - 4, ".pyc", 4) == 0 && dot[1] != '\0' && dot[1 + strspn(dot + 1, "0123456789")] == '\0';
}

/* Made anew in d->real, whatever led there: nobody hides an attempt on something else among these. */
static bool is_bytecode(const struct denial *d)
{
	if (d->kind != DENIED_WRITE || !d->is_dir)
		return false;
	if (d->purpose == PURPOSE_MAKE)
		return strcmp(path_base(d->what), "__pycache__") == 0;
	return d->purpose == PURPOSE_PUT && strcmp(path_base(d->real), "__pycache__") == 0 && is_unfinished(path_base(d->what));
}

static int judge_anew(struct watcher *w, const char *path, enum purpose purpose, bool connects, const char *key)
{
	const struct places p = { .root_fd = w->root_fd, .home = w->of.box_home, .real_home = w->of.real_home };
	cleanup_free char *real = NULL;
	enum verdict verdict;
	struct denial d;
	int r = judge_path(&p, path, purpose, &verdict, &real);

	if (r < 0) {
		w->blind |= r == -ENOSYS;
		return r == -ENOSYS ? 0 : r;
	}
	/* The venv is another inside by design, and what it lacks there is nothing that anybody wants. */
	if (verdict == VERDICT_FINE || (verdict == VERDICT_HIDDEN && path_is_within(path, w->of.venv)
					&& !path_is_within(path, w->of.box_home)))
		return note_fine(w, key);
	d = (struct denial) { .kind = kind_of(verdict, purpose, connects), .purpose = purpose, .what = path, .real = real, .is_dir = is_dir(real) };
	d.is_bytecode = is_bytecode(&d);
	return remember(w, &d);
}

/* 1: it is known to be fine. */
static int judge(struct watcher *w, const char *path, enum purpose purpose, bool connects)
{
	cleanup_buf struct buf key = { 0 };

	buf_printf(&key, "%d%s", (int) purpose, path);
	if (key.failed)
		return -ENOMEM;
	return is_known_fine(w, key.data) ? 1 : judge_anew(w, path, purpose, connects, key.data);
}

/* A script that is there, of an interpreter that is not, fails with "No such file" too. */
static int judge_script(struct watcher *w, const char *path)
{
	const struct places p = { .root_fd = w->root_fd };
	cleanup_free char *interpreter = judge_interpreter(&p, path);

	int r = interpreter != NULL ? judge(w, interpreter, PURPOSE_EXECUTE, false) : 0;

	return r < 0 ? r : 0;
}

static int look_at(struct watcher *w, const char *path, enum purpose purpose, bool connects)
{
	int r = open_root(w) < 0 ? 1 : judge(w, path, purpose, connects);

	if (r != 0)
		return r < 0 ? r : 0;
	return purpose == PURPOSE_EXECUTE ? judge_script(w, path) : 0;
}

static int from_base(struct watcher *w, const char *text, int dir, char **path)
{
	cleanup_free char *base = NULL;
	int r = notify_base(caller(w), dir, &base);

	if (r < 0 || *base != '/') /* of a pipe, say */
		return r == -ENOMEM ? r : 0;
	*path = path_clean(base, text);
	return *path != NULL ? 0 : -ENOMEM;
}

/* The path that begins at dir, clean, owned by the caller. NULL with 0: it has none. */
static int clean_path(struct watcher *w, const char *text, int dir, char **path)
{
	*path = NULL;
	if (*text == '\0')
		return 0;
	if (*text != '/')
		return from_base(w, text, dir, path);
	*path = path_clean("/", text);
	return *path != NULL ? 0 : -ENOMEM;
}

static enum purpose open_purpose(int flags)
{
	if ((flags & O_CREAT) != 0)
		return PURPOSE_PUT;
	return (flags & (O_ACCMODE | O_TRUNC)) != O_RDONLY && (flags & O_PATH) == 0 ? PURPOSE_WRITE : PURPOSE_READ;
}

static enum purpose purpose_of(const struct watchcall *row, const uint64_t *args)
{
	switch (row->use) {
	case WATCH_OPEN:
		return open_purpose((int) args[row->flags]);
	case WATCH_MAKE:
		return PURPOSE_MAKE;
	case WATCH_CHANGE:
		return PURPOSE_WRITE;
	case WATCH_EXEC:
		return PURPOSE_EXECUTE;
	default:
		return PURPOSE_LOOK;
	}
}

/* What cannot be read is no path: EFAULT. */
static int look_at_path(struct watcher *w, const struct watchcall *row, const uint64_t *args)
{
	char text[PATH_MAX];
	cleanup_free char *path = NULL;
	int r;

	r = notify_read_text(caller(w), args[row->path], text, sizeof(text));
	/* kernel.yama.ptrace_scope 3 keeps all memory from everybody. */
	w->blind |= r == -EPERM;
	if (r < 0)
		return 0;
	r = clean_path(w, text, row->dir == WATCH_NONE ? AT_FDCWD : (int) args[row->dir], &path);
	return r < 0 || path == NULL ? r : look_at(w, path, purpose_of(row, args), false);
}

/* --- sockets and limits ------------------------------------------------------------------ */

static int look_at_socket_file(struct watcher *w, const char *text, bool connects)
{
	cleanup_free char *path = NULL;
	int r = clean_path(w, text, AT_FDCWD, &path);

	return r < 0 || path == NULL ? r : look_at(w, path, connects ? PURPOSE_LOOK : PURPOSE_SOCKET, connects);
}

/* What the box itself listens on it reaches; the names of the host it does not (Landlock, or a network of its own). */
static int look_at_abstract(struct watcher *w, const struct watchnet_address *a, bool connects)
{
	struct denial d = { .kind = DENIED_SOCKET, .what = a->abstract };

	if (!connects)
		return is_known_fine(w, a->abstract) ? 0 : note_fine(w, a->abstract);
	return !is_known_fine(w, a->abstract) && watchnet_is_listening(a) ? remember(w, &d) : 0;
}

static int look_at_socket(struct watcher *w, const struct watchcall *row, const uint64_t *args)
{
	bool connects = row->use == WATCH_CONNECT;
	struct watchnet_address a;
	struct denial d = { .kind = connects ? DENIED_NETWORK : DENIED_PORT };

	if (watchnet_read(caller(w), args[row->path], args[row->flags], &a) < 0)
		return 0;
	if (a.path[0] != '\0')
		return look_at_socket_file(w, a.path, connects);
	if (a.abstract[0] != '\0')
		return look_at_abstract(w, &a, connects);
	if (connects ? !(w->of.network_unshared && watchnet_is_remote(&a)) : !watchnet_is_privileged(&a))
		return 0;
	d.what = connects ? a.words : a.port;
	return remember(w, &d);
}

/* The hard limit of this process is the caller's: what it forbids, it forbids outside too. */
static int look_at_limit(struct watcher *w, const struct watchcall *row, const uint64_t *args)
{
	unsigned which = (unsigned) args[row->flags];
	struct { uint64_t soft, hard; } wanted; /* of the kernel on 64-bit machines, and of prlimit64(2) on all */
	struct denial d = { .kind = DENIED_LIMIT };
	struct rlimit ours;

	if (which >= RLIM_NLIMITS || args[row->path] == 0 || w->of.limits[which] == 0
	    || notify_read(caller(w), args[row->path], &wanted, sizeof(wanted)) < 0)
		return 0;
	if (getrlimit(which, &ours) < 0 || wanted.hard <= w->of.limits[which] || wanted.hard > ours.rlim_max)
		return 0;
	d.what = quota_key(which);
	return d.what != NULL ? remember(w, &d) : 0;
}

/* --- one call ------------------------------------------------------------------------------- */

static int look_by_row(struct watcher *w, const struct watchcall *row, const uint64_t *args)
{
	switch (row->use) {
	case WATCH_CONNECT:
	case WATCH_BIND:
		return look_at_socket(w, row, args);
	case WATCH_LIMIT:
		return look_at_limit(w, row, args);
	case WATCH_LOOK:
		return w->of.looks ? look_at_path(w, row, args) : 0;
	default:
		return look_at_path(w, row, args);
	}
}

static int look(struct watcher *w)
{
	uint64_t args[6];
	int number = w->notify.call->data.nr;
	int r = 0;

	for (size_t i = 0; i < 6; i++)
		args[i] = w->notify.call->data.args[i];
	for (const struct watchcall *row = watchcall_find(number); r == 0 && row < watchcalls + n_watchcalls && row->number == number; row++)
		r = look_by_row(w, row, args);
	return r;
}

/* What the program would have answered; never 0, with which a call would go on (notify_answer). */
static int errno_of(uint32_t verdict)
{
	int err = (int) (verdict & SECCOMP_RET_DATA);

	return (verdict & SECCOMP_RET_ACTION_FULL) == SECCOMP_RET_ERRNO && err != 0 ? err : EPERM;
}

/* Whoever holds the filter has ended: the kernel says POLLHUP. */
int watcher_turn(struct watcher *w, short revents)
{
	uint32_t verdict;
	int r, err;

	if ((revents & POLLIN) == 0) {
		cleanup_fd_fn(&w->notify.fd);
		w->notify.fd = -1;
		return 0;
	}
	r = notify_take(&w->notify);
	if (r <= 0)
		return r;
	verdict = callbpf_run(w->program, w->n_program, &w->notify.call->data);
	if (verdict == SECCOMP_RET_ALLOW) {
		r = look(w);
		err = 0;
	} else {
		err = errno_of(verdict);
		r = refused(w, err);
	}
	return r < 0 ? r : notify_answer(&w->notify, err);
}
