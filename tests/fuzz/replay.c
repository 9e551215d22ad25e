/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Stands in for libFuzzer: gives a harness the files that are named, or all of its stored corpus (`make check`).
 * Needs no fuzzing engine, so every input that once was a defect is a test with any compiler.
 */
#include <dirent.h>
#include <fcntl.h>

#include "common/fd.h"
#include "common/path.h"
#include "tests/fuzz/fuzz.h"

#define LIMIT (1U << 20)

static int give(int dir, const char *name)
{
	cleanup_buf struct buf text = { 0 };
	cleanup_free uint8_t *exact = NULL;
	int r = fd_read_file(dir, name, LIMIT, &text);

	if (r < 0) {
		(void) fprintf(stderr, "cannot read %s: %s\n", name, strerror(-r));
		return r;
	}
	/* The buffer of the file is larger than the file: a byte too far would not be seen. */
	exact = malloc(text.len > 0 ? text.len : 1);
	must(exact != NULL);
	if (text.len > 0)
		memcpy(exact, text.data, text.len);
	(void) fprintf(stderr, "%s\n", name);
	return LLVMFuzzerTestOneInput(exact, text.len);
}

/* Returns how many there were, or -1. */
static int give_all(const char *path)
{
	cleanup_dir DIR *dir = opendir(path);
	const struct dirent *entry;
	int n = 0;

	if (dir == NULL)
		return -1;
	while ((entry = readdir(dir)) != NULL) {
		if (entry->d_name[0] == '.')
			continue;
		if (give(dirfd(dir), entry->d_name) != 0)
			return -1;
		n++;
	}
	return n;
}

int main(int argc, char **argv)
{
	const char *name = path_base(argv[0]), *srcdir = getenv("srcdir");
	cleanup_free char *corpus = NULL;
	int n = argc - 1;

	if (strncmp(name, "fuzz_", 5) != 0 || asprintf(&corpus, "%s/tests/fuzz/corpus/%s", srcdir ? srcdir : ".", name + 5) < 0)
		return 1;
	for (int i = 1; i < argc; i++)
		if (give(AT_FDCWD, argv[i]) != 0)
			return 1;
	if (argc == 1)
		n = give_all(corpus);
	if (n <= 0)
		(void) fprintf(stderr, "no input in %s\n", corpus);
	(void) printf("%d inputs\n", n);
	return n > 0 ? 0 : 1;
}
