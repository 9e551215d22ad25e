/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What bubblewrap wrote to standard error, and files of /proc; a part each: words, a number below sys/, status, uid_map. */
#include "common/hostcheck.h"
#include "tests/fuzz/scratch.h"

static const char *const numbers[] = {
	"sys/kernel/unprivileged_userns_clone", "sys/user/max_user_namespaces", "sys/kernel/apparmor_restrict_unprivileged_userns",
};

static const char *const dirs[] = { "sys", "sys/kernel", "sys/user", "self" };

static int proc_root(void)
{
	int fd = fuzz_scratch_dir("");

	for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++)
		must(mkdirat(fd, dirs[i], 0755) == 0 || errno == EEXIST);
	return fd;
}

static void put(int proc, const char *name, struct fuzz *in)
{
	size_t len;
	cleanup_free char *part = fuzz_take(in, FUZZ_PART, &len);

	fuzz_put_file(proc, name, part, len, 0600);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz in = fuzz_begin(data, size);
	cleanup_fd int proc = proc_root();
	cleanup_free char *words = fuzz_text(&in);
	struct failure f = { 0 };
	int r;

	(void) unlinkat(proc, numbers[0], 0);
	(void) unlinkat(proc, numbers[1], 0);
	(void) unlinkat(proc, numbers[2], 0);
	put(proc, numbers[size % 3], &in);
	put(proc, "self/status", &in);
	put(proc, "self/uid_map", &in);
	r = hostcheck_explain(words, (int) (size % 65536), fuzz_scratch(), &f);
	must(r < 0 && f.what != NULL && f.hint != NULL);
	must(strchr(f.what, '\n') == NULL && strlen(f.what) <= strlen(words) + 1024); /* one line of bwrap's, and ours */
	fuzz_refused(r, &f);
	return 0;
}
