/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/ownfiles.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "common/fd.h"
#include "common/hardlink.h"
#include "common/log.h"
#include "common/names.h"

static int changed(int venv_fd, const struct manifest *m, struct timespec *when)
{
	char path[64];
	cleanup_fd int fd = -1;
	struct stat st;

	(void) snprintf(path, sizeof(path), "lib/python%s/site-packages", m->python_version);
	fd = fd_open_below(venv_fd, path, O_PATH | O_DIRECTORY);
	if (fd < 0 || fstat(fd, &st) < 0)
		return -ENOENT;
	*when = st.st_ctim;
	return 0;
}

static bool is_noted(int venv_fd, int state_fd, const struct manifest *m)
{
	struct timespec when;
	struct stat st;

	return changed(venv_fd, m, &when) == 0 && fstatat(state_fd, VB_LINKS_SEEN, &st, AT_SYMLINK_NOFOLLOW) == 0
		&& st.st_mtim.tv_sec == when.tv_sec && st.st_mtim.tv_nsec == when.tv_nsec;
}

int ownfiles_look(int venv_fd, int state_fd, const struct manifest *m, struct failure *f)
{
	cleanup_hardlinks struct hardlinks h = { 0 };
	int r;

	if (is_noted(venv_fd, state_fd, m))
		return 0;
	r = hardlinks_break(venv_fd, m->venv, true, &h, f);
	if (r == 0 && h.broken > 0)
		log_warn("%zu files of the venv were hard links to files outside, which pip could change there: they are copies now (for uv set UV_LINK_MODE=copy)",
			 h.broken);
	return r;
}

void ownfiles_note(int venv_fd, int state_fd, const struct manifest *m)
{
	cleanup_fd int fd = openat(state_fd, VB_LINKS_SEEN, O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
	struct timespec times[2] = { { .tv_nsec = UTIME_OMIT } };

	if (fd >= 0 && changed(venv_fd, m, &times[1]) == 0)
		(void) !futimens(fd, times);
}
