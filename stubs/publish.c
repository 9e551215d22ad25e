/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "stubs/publish.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/buf.h"
#include "common/log.h"
#include "common/path.h"
#include "stubs/command.h"

#define COMMANDS_MAX 4096

void publish_report_release(struct publish_report *r)
{
	strv_release(&r->added);
	strv_release(&r->removed);
	strv_release(&r->held_back);
}

/* --- What is there ------------------------------------------------------------ */

enum place {
	PLACE_FREE,
	PLACE_OURS,  /* a link to the launcher */
	PLACE_OTHER, /* anything else: not to be touched */
};

static int look(const struct publish_input *in, const char *name, enum place *place)
{
	char target[PATH_MAX];
	size_t len = strlen(in->launcher);
	ssize_t n = readlinkat(in->bin_fd, name, target, sizeof(target));

	if (n < 0 && errno != ENOENT && errno != EINVAL)
		return -errno;
	if (n < 0)
		*place = errno == ENOENT ? PLACE_FREE : PLACE_OTHER; /* EINVAL: not a symbolic link */
	else
		*place = (size_t) n == len && memcmp(target, in->launcher, len) == 0 ? PLACE_OURS : PLACE_OTHER;
	return 0;
}

/*
 * Where a link points is the package's business: it is followed inside the box only. What cannot be looked at is not gone: its
 * link would be removed, and the name then mean a command of the system.
 */
static int is_command(int dirfd, const char *name)
{
	struct stat st;

	if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
		return errno == ENOENT ? 0 : -errno;
	return S_ISLNK(st.st_mode) || (S_ISREG(st.st_mode) && (st.st_mode & 0111) != 0);
}

/* All names in the directory, or the commands among them, sorted so that reports do not depend on the file system. */
static int list(int dirfd, bool commands, struct strv *names)
{
	cleanup_fd int fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	cleanup_dir DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;

	if (dir == NULL)
		return -errno;
	(void) take_fd(&fd);
	while (errno = 0, (entry = readdir(dir)) != NULL) {
		int r = path_is_name(entry->d_name);

		if (r != 0 && commands)
			r = is_command(dirfd, entry->d_name);
		if (r == 0)
			continue;
		if (r > 0 && names->n == COMMANDS_MAX)
			return -E2BIG;
		if (r > 0)
			r = strv_add(names, entry->d_name);
		if (r < 0)
			return r;
	}
	if (errno != 0)
		return -errno;
	strv_sort(names);
	return 0;
}

/* --- Bringing bin up to date ---------------------------------------------------- */

static int remove_gone(const struct publish_input *in, const struct strv *present, const struct strv *wanted,
		       struct publish_report *r)
{
	for (size_t i = 0; i < present->n; i++) {
		const char *name = present->v[i];
		enum place place;
		int err;

		if (command_is_installers(name) || strv_contains(wanted, name))
			continue;
		err = look(in, name, &place);
		if (err < 0)
			return err;
		if (place != PLACE_OURS)
			continue;
		if (unlinkat(in->bin_fd, name, 0) != 0)
			return -errno;
		err = strv_add(&r->removed, name);
		if (err < 0)
			return err;
	}
	return 0;
}

/* For people: what, why, and what they may type in a shell to have it. */
static int hold_back(const struct publish_input *in, const char *name, const char *why, bool can_be_allowed, struct publish_report *r)
{
	cleanup_buf struct buf said = { 0 };

	buf_printf(&said, "%s: %s", name, why);
	if (can_be_allowed) {
		buf_puts(&said, "; to publish it: venvbox-install ");
		log_shell_quote(&said, in->venv);
		buf_puts(&said, " --publish ");
		log_shell_quote(&said, name);
	}
	return said.failed ? -ENOMEM : strv_add(&r->held_back, said.data);
}

static int publish_one(const struct publish_input *in, const char *name, struct publish_report *r)
{
	char buf[PATH_MAX + 256];
	const char *why;
	bool can_be_allowed = false;
	enum place place;
	int err = look(in, name, &place);

	if (err < 0 || place == PLACE_OURS)
		return err;
	if (place == PLACE_OTHER && (command_is_installers(name) || strv_contains(in->recorded, name)))
		return 0; /* activate and its like, from before the install */
	why = place == PLACE_OTHER ? "bin holds a file of this name, which is never replaced"
				   : publish_refusal(name, in, buf, sizeof(buf), &can_be_allowed);
	if (why != NULL)
		return hold_back(in, name, why, can_be_allowed, r);
	if (symlinkat(in->launcher, in->bin_fd, name) != 0)
		return -errno;
	return strv_add(&r->added, name);
}

int publish_sync(const struct publish_input *in, struct publish_report *r, struct failure *f)
{
	cleanup_strv struct strv wanted = { 0 };
	cleanup_strv struct strv present = { 0 };
	int err = list(in->inner_fd, true, &wanted);

	if (err == 0)
		err = list(in->bin_fd, false, &present);
	if (err == -E2BIG)
		return fail_msg(f, E2BIG, "look at what was just installed before you use it",
				"more than %d commands in the venv: none is added or removed", COMMANDS_MAX);
	if (err == 0)
		err = remove_gone(in, &present, &wanted, r);
	for (size_t i = 0; err == 0 && i < wanted.n; i++)
		err = publish_one(in, wanted.v[i], r);
	return err < 0 ? fail_errno(f, -err, NULL, "cannot bring the commands of the venv up to date") : 0;
}
