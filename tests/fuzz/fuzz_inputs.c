/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Files that a command line names, and the links on the way: no link that a box could have planted is followed.
 * Parts: texts of the links l0 to l3 ("@" is the scratch directory); a requirements file; the name that is asked for.
 * Box-writable is the directory "project".
 */
#include "host/inputs.h"
#include "host/pipopt.h"
#include "tests/fuzz/scratch.h"

#define LINKS 4

static char *expand(const char *text)
{
	return text[0] == '@' ? path_join(fuzz_scratch(), text + 1) : strdup(text);
}

/* l0 and l1 beside the project, l2 and l3 in it. */
static void put_links(struct fuzz *in, int root, int project)
{
	cleanup_strv struct strv texts = { 0 };

	fuzz_words(in, &texts);
	for (size_t i = 0; i < LINKS; i++) {
		int dir = i < 2 ? root : project;
		const char name[] = { 'l', (char) ('0' + i), '\0' };
		cleanup_free char *text = i < texts.n ? expand(texts.v[i]) : NULL;

		(void) unlinkat(dir, name, 0);
		if (text != NULL)
			(void) !symlinkat(text, dir, name);
	}
}

static void check(const struct inputs *in, const char *project)
{
	must(in->links.n % 2 == 0 && !fuzz_has_twice(&in->paths));
	for (size_t i = 0; i < in->paths.n; i++)
		must(path_is_clean(in->paths.v[i]) && !path_is_within(in->paths.v[i], project) && !path_is_within(project, in->paths.v[i]));
	for (size_t i = 0; i + 1 < in->links.n; i += 2)
		must(!path_is_within(in->links.v[i + 1], project));
}

/* What was found is found as well where the box's directory is not there: nothing in it has led there. */
static void check_way(const struct inputs *in, int root, const char *path)
{
	cleanup_free char *real = NULL;

	if (in->paths.n == 0)
		return;
	must(renameat(root, "project", root, "hidden") == 0);
	real = realpath(path, NULL);
	must(renameat(root, "hidden", root, "project") == 0);
	must(real != NULL && strcmp(real, in->paths.v[0]) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz in = fuzz_begin(data, size);
	cleanup_fd int root = fuzz_scratch_dir(""), project = fuzz_scratch_dir("project"), home = fuzz_scratch_dir("home");
	cleanup_free char *project_path = path_join(fuzz_scratch(), "project"), *home_path = path_join(fuzz_scratch(), "home");
	cleanup_free char *list = path_join(fuzz_scratch(), "list.txt"), *part = NULL, *name = NULL, *path = NULL;
	cleanup_strv struct strv visible = { 0 };
	cleanup(inputs_release) struct inputs x = { .visible = &visible, .home_named = home_path, .project = project_path };
	bool below;
	size_t len;

	put_links(&in, root, project);
	part = fuzz_take(&in, FUZZ_PART, &len);
	fuzz_put_file(root, "list.txt", part, len, 0644);
	name = fuzz_text(&in);
	path = path_clean(fuzz_scratch(), name);
	must(strv_add(&visible, project_path) == 0);
	fuzz_put_file(home, "key", "key", 3, 0600);
	must(inputs_add(&x, path) == 0);
	check_way(&x, root, path);
	must(inputs_add_index(&x, path) == 0);
	must(inputs_lead_below(&visible, path, &below) == 0);
	must(inputs_add_requirements(&x, list) == 0);
	check(&x, project_path);
	return 0;
}
