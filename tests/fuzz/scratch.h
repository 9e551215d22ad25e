/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A directory for harnesses whose parser reads files. Made once for the process; tests/fuzz/run clears what is left. */
#ifndef VB_FUZZ_SCRATCH_H
#define VB_FUZZ_SCRATCH_H

#include <fcntl.h>
#include <sys/stat.h>

#include "common/fd.h"
#include "common/path.h"
#include "tests/fuzz/fuzz.h"

static char fuzz_dir[4096];

static void fuzz_scratch_remove(void)
{
	cleanup_free char *parent = path_clean(fuzz_dir, "..");
	cleanup_fd int fd = parent != NULL ? open(parent, O_PATH | O_DIRECTORY | O_CLOEXEC) : -1;

	(void) !fd_remove_tree(fd, path_base(fuzz_dir));
}

/* Its real path. */
static inline const char *fuzz_scratch(void)
{
	const char *tmp = getenv("TMPDIR");
	char made[2048];

	if (fuzz_dir[0] != '\0')
		return fuzz_dir;
	(void) snprintf(made, sizeof(made), "%s/vb-fuzz-XXXXXX", tmp != NULL ? tmp : "/tmp");
	must(mkdtemp(made) != NULL);
	must(realpath(made, fuzz_dir) != NULL);
	must(atexit(fuzz_scratch_remove) == 0);
	return fuzz_dir;
}

/* Makes the directory fuzz_scratch()/name, or finds it; a descriptor of the caller's. */
static inline int fuzz_scratch_dir(const char *name)
{
	cleanup_free char *path = path_join(fuzz_scratch(), name);
	int fd;

	must(path != NULL && (mkdir(path, 0755) == 0 || errno == EEXIST));
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	must(fd >= 0);
	return fd;
}

static inline void fuzz_put_file(int dir, const char *name, const void *data, size_t len, mode_t mode)
{
	cleanup_fd int fd = openat(dir, name, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, mode);

	must(fd >= 0 && fd_write_all(fd, data, len) == 0);
}

#endif
