/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/mask.h"

#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "common/fd.h"
#include "common/keyfile.h"
#include "common/names.h"
#include "common/path.h"
#include "host/policy.h"
#include "host/spare.h"

#define JOURNAL_LIMIT (64 * 1024)
#define JOURNAL_TRIES 1000

/* Bytes of the lock file: who runs (shared), and who changes the journal (exclusive, for moments). */
enum lock_byte {
	LOCK_RUNNING = 0,
	LOCK_JOURNAL = 1,
};

static int lock(int fd, enum lock_byte byte, short type, bool wait)
{
	struct flock fl = { .l_type = type, .l_whence = SEEK_SET, .l_start = byte, .l_len = 1 };

	while (fcntl(fd, wait ? F_OFD_SETLKW : F_OFD_SETLK, &fl) < 0)
		if (errno != EINTR)
			return -errno;
	return 0;
}

/*
 * Held for moments. A box cannot take a write lock, but it can read the file, and a read lock of its would keep
 * us here for as long as it likes: the wait has an end.
 */
static int lock_journal(int fd)
{
	const struct timespec pause = { .tv_nsec = 5 * 1000 * 1000 };
	int r = lock(fd, LOCK_JOURNAL, F_WRLCK, false);

	for (int i = 0; i < JOURNAL_TRIES && (r == -EAGAIN || r == -EACCES); i++) {
		(void) nanosleep(&pause, NULL);
		r = lock(fd, LOCK_JOURNAL, F_WRLCK, false);
	}
	return r;
}

/*
 * Another venv of the same project does not share our lock file, but it mounts over what we made, and
 * rmdir(2) or unlink(2) would take its mount away, mount_namespaces(7). Who runs holds a read lock on the directory itself: nobody
 * can take a write lock there, so we only ask.
 */
static int project_is_used(int project_lock, bool *used)
{
	struct flock fl = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = LOCK_RUNNING, .l_len = 1 };

	if (fcntl(project_lock, F_OFD_GETLK, &fl) < 0)
		return -errno;
	*used = fl.l_type != F_UNLCK;
	return 0;
}

/* --- the journal --------------------------------------------------------- */

struct entry {
	char *name;
	bool is_dir;
	uint64_t dev;
	uint64_t ino;
};

struct journal {
	struct entry v[4 * MASKS_MAX];
	size_t n;
};

static void journal_release(struct journal *j)
{
	for (size_t i = 0; i < j->n; i++)
		free(j->v[i].name);
	j->n = 0;
}

static int journal_row(void *ctx, const char *key, const struct strv *fields)
{
	struct journal *j = ctx;
	struct entry e = { 0 };

	/* Written by us alone; but what it names is removed, so a row never reaches beyond the project's own names. */
	if (strcmp(key, "mask") != 0 || fields->n != 4 || !path_is_name(fields->v[0]) || j->n == sizeof(j->v) / sizeof(j->v[0]))
		return -EBADMSG;
	e.is_dir = strcmp(fields->v[1], "dir") == 0;
	e.dev = strtoull(fields->v[2], NULL, 10);
	e.ino = strtoull(fields->v[3], NULL, 10);
	e.name = strdup(fields->v[0]);
	if (e.name == NULL)
		return -ENOMEM;
	j->v[j->n++] = e;
	return 0;
}

/* Read up to a line that is torn. What is not in it is left, and protected as if it had always been there. */
static int journal_read(int state_fd, struct journal *j)
{
	cleanup_buf struct buf text = { 0 };
	unsigned line;
	int r;

	j->n = 0;
	r = fd_read_file(state_fd, VB_MASKS, JOURNAL_LIMIT, &text);
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	r = keyfile_parse(text.data, text.len, journal_row, j, &line);
	return r == -ENOMEM ? r : 0;
}

/* Without fsync: after a power loss no box runs, and the name left is empty. A line that does not fit the disk is taken back. */
static int journal_append(struct masks *m, const char *name, bool is_dir, const struct stat *st)
{
	cleanup_buf struct buf line = { 0 };
	char dev[24], ino[24];
	const char *const fields[] = { name, is_dir ? "dir" : "file", dev, ino };
	int r;

	if (m->journal_fd < 0) {
		m->journal_fd = openat(m->state_fd, VB_MASKS, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
		if (m->journal_fd < 0)
			return -errno;
		m->journal_end = lseek(m->journal_fd, 0, SEEK_END);
	}
	if (m->journal_end < 0)
		return -ESPIPE; /* no file of ours */
	(void) snprintf(dev, sizeof(dev), "%" PRIu64, (uint64_t) st->st_dev);
	(void) snprintf(ino, sizeof(ino), "%" PRIu64, (uint64_t) st->st_ino);
	keyfile_put(&line, "mask", fields, 4);
	r = line.failed ? -ENOMEM : fd_write_all(m->journal_fd, line.data, line.len);
	if (r < 0)
		(void) !ftruncate(m->journal_fd, m->journal_end);
	else
		m->journal_end += (off_t) line.len;
	return r;
}

static bool is_same(const struct stat *st, const struct entry *e)
{
	return (uint64_t) st->st_dev == e->dev && (uint64_t) st->st_ino == e->ino;
}

static const struct entry *journal_find(const struct journal *j, const char *name, const struct stat *st)
{
	for (size_t i = 0; i < j->n; i++)
		if (strcmp(j->v[i].name, name) == 0 && is_same(st, &j->v[i]))
			return &j->v[i];
	return NULL;
}

/* st: what is there now, ours. */
static int take_away(const struct masks *m, const char *name, const struct stat *st)
{
	bool is_dir = S_ISDIR(st->st_mode);
	int r = spare_keep(m->state_fd, m->project_fd, name, is_dir, st);
	struct stat now;

	if (r != 0)
		return r < 0 ? r : 0;
	if (!is_dir && (fstatat(m->project_fd, name, &now, AT_SYMLINK_NOFOLLOW) < 0 || now.st_size != 0))
		return 0;
	return unlinkat(m->project_fd, name, is_dir ? AT_REMOVEDIR : 0) < 0 ? -errno : 0;
}

/* Removes what we made and nobody has filled since. An empty directory and an empty file lose nothing of anybody's. */
static int remove_made(const struct masks *m, const struct entry *e)
{
	struct stat st;
	int r = 0;

	if (fstatat(m->project_fd, e->name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : -errno;
	if (!is_same(&st, e))
		return 0;
	if (S_ISDIR(st.st_mode) || (S_ISREG(st.st_mode) && st.st_size == 0))
		r = take_away(m, e->name, &st);
	return r == -ENOTEMPTY || r == -EEXIST ? 0 : r;
}

/* The journal stays as long as something in it does: without it nobody would know that the name is ours. */
static int clear_made(const struct masks *m)
{
	struct journal j;
	bool used = false;
	int r = project_is_used(m->project_lock, &used);

	if (r < 0 || used)
		return r;
	r = journal_read(m->state_fd, &j);
	for (size_t i = 0; i < j.n; i++) {
		int one = remove_made(m, &j.v[i]);

		r = r == 0 ? one : r;
	}
	if (r == 0 && unlinkat(m->state_fd, VB_MASKS, 0) < 0 && errno != ENOENT)
		r = -errno;
	journal_release(&j);
	return r;
}

/* --- one run ------------------------------------------------------------- */

/* *st: what was made; zeroes where that could not be read. */
static int make(const struct masks *m, const struct mask *mask, struct stat *st)
{
	cleanup_fd int fd = -1;

	if (spare_take(m->spare_fd, m->project_fd, mask->name, mask->is_dir, st))
		return 0;
	memset(st, 0, sizeof(*st));
	if (mask->is_dir) {
		if (mkdirat(m->project_fd, mask->name, 0755) < 0)
			return -errno;
		(void) !fstatat(m->project_fd, mask->name, st, AT_SYMLINK_NOFOLLOW);
		return 0;
	}
	fd = openat(m->project_fd, mask->name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (fd < 0)
		return -errno;
	(void) !fstat(fd, st);
	return 0;
}

/* What is not in the journal nobody would take away. */
static int note(struct masks *m, const struct mask *mask, const struct stat *made)
{
	int r = made->st_ino != 0 ? journal_append(m, mask->name, mask->is_dir, made) : -EIO;

	if (r < 0 && spare_keep(m->state_fd, m->project_fd, mask->name, mask->is_dir, NULL) == 0)
		(void) unlinkat(m->project_fd, mask->name, mask->is_dir ? AT_REMOVEDIR : 0);
	return r;
}

static int cover_absent(struct masks *m, struct mask *mask, const char *project, struct failure *f)
{
	struct stat made;
	int r = make(m, mask, &made);

	/* A project that we cannot write is one in which the box, with the same rights, cannot make the name either. */
	if (r == -EROFS || r == -EACCES || r == -EPERM) {
		mask->state = MASK_NOTHING;
		return 0;
	}
	if (r == -EEXIST)
		return r;
	if (r == 0)
		r = note(m, mask, &made);
	return r < 0 ? fail_errno(f, -r, "the name is masked while a box runs; see venvbox.conf(5), unprotect",
				  "cannot make '%s/%s'", project, mask->name) : 0;
}

/* Asked once: access(2) says no where a directory is read-only or immutable too. */
static bool can_make(struct masks *m)
{
	if (m->answer == MASKS_UNASKED)
		m->answer = faccessat(m->project_fd, ".", W_OK, 0) == 0 ? MASKS_CAN_BE_MADE : MASKS_CANNOT_BE_MADE;
	return m->answer == MASKS_CAN_BE_MADE;
}

static int look(struct masks *m, struct mask *mask, const struct journal *j, const char *project, bool look_only, struct failure *f)
{
	struct stat st;

	if (fstatat(m->project_fd, mask->name, &st, AT_SYMLINK_NOFOLLOW) == 0) {
		if (S_ISLNK(st.st_mode))
			return fail_msg(f, ELOOP, "replace the link by what it points to, or add `unprotect` with this name to the policy",
					"'%s/%s' is protected and a symbolic link", project, mask->name);
		/* The mount is read-only by this name; the project, where another may lie, is not. */
		if (S_ISREG(st.st_mode) && st.st_nlink > 1)
			return fail_msg(f, EMLINK, "make it a file of its own: cp -p FILE NEW && mv NEW FILE; or add `unprotect` with this name to the policy",
					"'%s/%s' is protected and has %lu hard links: it could be changed under another name",
					project, mask->name, (unsigned long) st.st_nlink);
		mask->state = journal_find(j, mask->name, &st) != NULL ? MASK_ABSENT : MASK_PRESENT;
		if (mask->state == MASK_PRESENT) {
			mask->dev = st.st_dev;
			mask->ino = st.st_ino;
		}
		return 0;
	}
	if (errno != ENOENT)
		return fail_errno(f, errno, NULL, "cannot look at '%s/%s'", project, mask->name);
	mask->state = MASK_ABSENT;
	if (!look_only)
		return cover_absent(m, mask, project, f);
	if (!can_make(m))
		mask->state = MASK_NOTHING;
	return 0;
}

static int begin_locked(struct masks *m, const char *project, const struct protected_name *names,
			const struct strv *skip, bool look_only, struct failure *f)
{
	struct journal j;
	int r = 0;

	/* Nobody runs: what the journal names was left by a launcher that was killed. */
	if (!look_only && lock(m->lock_fd, LOCK_RUNNING, F_WRLCK, false) == 0)
		(void) !clear_made(m); /* what stays is masked as it is, and the journal knows of it */
	if (!look_only)
		r = lock(m->lock_fd, LOCK_RUNNING, F_RDLCK, true);
	if (!look_only && r == 0)
		r = lock(m->project_lock, LOCK_RUNNING, F_RDLCK, true);
	if (r < 0)
		return fail_errno(f, -r, NULL, "cannot lock the state of the venv");
	r = journal_read(m->state_fd, &j);
	if (r < 0)
		r = fail_errno(f, -r, NULL, "cannot read the journal of the venv");
	for (; r == 0 && names->name != NULL && m->n < MASKS_MAX; names++) {
		struct mask *mask = &m->v[m->n];

		if (strv_contains(skip, names->name))
			continue;
		mask->name = names->name;
		mask->is_dir = names->is_dir;
		r = look(m, mask, &j, project, look_only, f);
		if (r == -EEXIST) /* another venv of the project was faster */
			r = look(m, mask, &j, project, look_only, f);
		m->n++;
	}
	journal_release(&j);
	return r;
}

static int open_locks(struct masks *m, struct failure *f)
{
	int r;

	m->lock_fd = openat(m->state_fd, VB_LOCK, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	if (m->lock_fd < 0)
		return fail_errno(f, errno, "run venvbox-install on this venv again", "cannot open the lock of the venv");
	m->project_lock = openat(m->project_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (m->project_lock < 0)
		return fail_errno(f, errno, "the box needs a project that you can read", "cannot open the project for a lock");
	r = lock_journal(m->lock_fd);
	return r < 0 ? fail_errno(f, -r, "code in a box of this venv may hold it: end what runs there", "cannot lock the journal of the venv") : 0;
}

static void close_locks(struct masks *m)
{
	/* The journal's lock goes last: the next to end must not find us in the project. */
	if (m->project_lock >= 0)
		(void) close(take_fd(&m->project_lock));
	if (m->lock_fd >= 0)
		(void) close(take_fd(&m->lock_fd));
}

int masks_begin(struct masks *m, int state_fd, int project_fd, const char *project,
		const struct protected_name *names, const struct strv *skip, bool look_only, struct failure *f)
{
	int r;

	*m = (struct masks) { .lock_fd = -1, .project_lock = -1, .journal_fd = -1, .spare_fd = -1, .state_fd = state_fd,
			      .project_fd = project_fd };
	r = look_only ? 0 : open_locks(m, f);
	if (r < 0) {
		close_locks(m);
		return r;
	}
	if (!look_only)
		m->spare_fd = spare_open(state_fd);
	r = begin_locked(m, project, names, skip, look_only, f);
	close_fd(&m->journal_fd);
	close_fd(&m->spare_fd);
	if (!look_only)
		(void) lock(m->lock_fd, LOCK_JOURNAL, F_UNLCK, false);
	if (r < 0)
		(void) masks_end(m);
	return r;
}

static bool is_alike(const struct mask *a, const struct mask *b)
{
	return strcmp(a->name, b->name) == 0 && a->is_dir == b->is_dir && a->state == b->state && a->dev == b->dev && a->ino == b->ino;
}

bool masks_are_alike(const struct masks *a, const struct masks *b)
{
	bool alike = a->n == b->n;

	for (size_t i = 0; alike && i < a->n; i++)
		alike = is_alike(&a->v[i], &b->v[i]);
	return alike;
}

/* -EAGAIN, -EACCES: another box of the venv runs, and clears when it ends. */
static int end_locked(struct masks *m)
{
	int r = lock_journal(m->lock_fd);

	if (r == 0)
		r = lock(m->lock_fd, LOCK_RUNNING, F_WRLCK, false);
	if (r < 0)
		return r == -EAGAIN || r == -EACCES ? 0 : r;
	return clear_made(m);
}

int masks_end(struct masks *m)
{
	int r;

	if (m->lock_fd < 0)
		return 0;
	r = end_locked(m);
	close_locks(m);
	return r;
}
