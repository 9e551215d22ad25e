/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* .project: which directory boxes may write. "@" at the beginning stands for the scratch directory. */
#include "install/project.h"
#include "tests/fuzz/scratch.h"

static void put(int venv, const char *text, size_t len)
{
	cleanup_buf struct buf out = { 0 };

	if (len > 0 && text[0] == '@') {
		buf_puts(&out, fuzz_scratch());
		text++;
		len--;
	}
	buf_add(&out, text, len);
	fuzz_put_file(venv, ".project", out.data, out.len, 0644);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup_venv struct venv v = { .fd = fuzz_scratch_dir("venv"), .path = path_join(fuzz_scratch(), "venv") };
	cleanup_strv struct strv homes = { 0 };
	cleanup_free char *chosen = NULL;
	struct project_input in = { .venv = &v, .first = true, .homes = &homes, .libexec = "/usr/libexec/venvbox" };
	struct failure f = { 0 };
	bool from_file;
	int r;

	(void) close(fuzz_scratch_dir("project"));
	(void) close(fuzz_scratch_dir("home"));
	must(strv_take(&homes, path_join(fuzz_scratch(), "home")) == 0);
	put(v.fd, (const char *) data, size);
	r = project_choose(&in, &chosen, &from_file, &f);
	fuzz_refused(r, &f);
	must((r == 0) == (chosen != NULL));
	if (chosen != NULL)
		must(from_file && path_is_clean(chosen) && project_refusal(chosen, &in) == NULL && !path_is_within(homes.v[0], chosen) &&
		     !path_is_within(chosen, "/usr") && !path_is_within(chosen, v.path));
	return 0;
}
