/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* pyvenv.cfg, as the installer reads it. */
#include "install/venv.h"
#include "tests/fuzz/scratch.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup_venv struct venv v = { .fd = fuzz_scratch_dir("venv"), .path = path_join(fuzz_scratch(), "venv") };
	struct failure f = { 0 };
	int r;

	fuzz_put_file(v.fd, "pyvenv.cfg", data, size, 0644);
	r = venv_read_cfg(&v, &f);
	fuzz_refused(r, &f);
	must(v.home == NULL || path_is_clean(v.home));
	must(v.executable == NULL || path_is_clean(v.executable));
	if (r == 0)
		must(v.home != NULL && (v.major == 0 || (v.major == 3 && v.minor >= 8)));
	return 0;
}
