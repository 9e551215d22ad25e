/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Names in inner-bin, which packages choose (RECORD, entry points and .data/scripts end as such names; we read none of those
 * files), and first lines of the system's commands. Parts: names; content of the system's "tool".
 */
#include "install/bins.h"
#include "stubs/command.h"
#include "stubs/publish.h"
#include "tests/fuzz/scratch.h"

#define LAUNCHER "/opt/venvbox/venvbox-launcher"
#define NAMES 24

static bool is_plain(const char *name)
{
	return name[0] != '-' && name[0] != '.' &&
	       name[strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-+")] == '\0';
}

static void check_name(const char *name, const struct publish_input *in)
{
	char buf[8192];
	bool can_be_allowed;

	/* Whatever leads to the interpreter is the installer's alone; its pi is no plain name. */
	must(!bins_is_interpreter(name) || command_is_installers(name) || !is_plain(name));
	if (publish_refusal(name, in, buf, sizeof(buf), &can_be_allowed) != NULL)
		return;
	must(name[0] != '\0' && strchr(name, '/') == NULL && !command_is_installers(name));
	must(is_plain(name));
	must(strcmp(name, "ls") != 0 && strcmp(name, "git") != 0 && strcmp(name, "sudo") != 0);
}

static void clear(int dir)
{
	cleanup_strv struct strv names = { 0 };

	must(bins_names(dir, &names) == 0);
	for (size_t i = 0; i < names.n; i++)
		must(unlinkat(dir, names.v[i], 0) == 0);
}

/* Only links to the launcher come, only such go. */
static void check_bin(int bin, const struct publish_input *in)
{
	cleanup_strv struct strv names = { 0 };
	struct stat st;

	must(fstatat(bin, "keep", &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode) && st.st_size == 4);
	must(fstatat(bin, "other", &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(st.st_mode));
	must(fstatat(bin, "python", &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(st.st_mode));
	must(bins_names(bin, &names) == 0);
	for (size_t i = 0; i < names.n; i++) {
		char text[256] = "";

		if (strcmp(names.v[i], "keep") == 0 || strcmp(names.v[i], "other") == 0 || strcmp(names.v[i], "python") == 0)
			continue;
		must(readlinkat(bin, names.v[i], text, sizeof(text) - 1) > 0 && strcmp(text, LAUNCHER) == 0);
		check_name(names.v[i], in);
		must(fstatat(in->inner_fd, names.v[i], &st, AT_SYMLINK_NOFOLLOW) == 0);
	}
}

static void fill(int bin, int inner, const struct strv *names)
{
	clear(bin);
	clear(inner);
	fuzz_put_file(bin, "keep", "keep", 4, 0755);
	must(symlinkat("/elsewhere", bin, "other") == 0);
	must(symlinkat(LAUNCHER, bin, "python") == 0);
	must(symlinkat(LAUNCHER, bin, "gone") == 0);
	for (size_t i = 0; i < names->n && i < NAMES; i++) {
		if (!path_is_name(names->v[i]) || strlen(names->v[i]) > 255)
			continue;
		(void) unlinkat(inner, names->v[i], 0);
		if (i % 3 == 2)
			(void) !symlinkat(names->v[(i + 1) % names->n], inner, names->v[i]);
		else
			fuzz_put_file(inner, names->v[i], "", 0, i % 3 == 0 ? 0755 : 0644);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz in = fuzz_begin(data, size);
	cleanup_fd int bin = fuzz_scratch_dir("bin"), inner = fuzz_scratch_dir("inner"), system = fuzz_scratch_dir("system");
	cleanup_free char *system_path = path_join(fuzz_scratch(), "system"), *tool = NULL;
	const char *const dirs[] = { system_path, NULL };
	cleanup_strv struct strv names = { 0 }, none = { 0 };
	struct publish_input input = {
		.venv = "/v e", .bin_fd = bin, .inner_fd = inner, .launcher = LAUNCHER, .recorded = &none, .allowed = &none, .command_dirs = dirs,
	};
	cleanup(publish_report_release) struct publish_report report = { 0 };
	struct failure f = { 0 };
	size_t len;

	fuzz_words(&in, &names);
	tool = fuzz_take(&in, FUZZ_PART, &len);
	fuzz_put_file(system, "tool", tool, len, 0755);
	fuzz_put_file(system, "ls", "\x7f" "ELF", 4, 0755);
	for (size_t i = 0; i < names.n; i++)
		check_name(names.v[i], &input);
	fill(bin, inner, &names);
	must(publish_sync(&input, &report, &f) == 0);
	check_bin(bin, &input);
	must(strv_contains(&report.removed, "gone") || strv_contains(&names, "gone"));
	return 0;
}
