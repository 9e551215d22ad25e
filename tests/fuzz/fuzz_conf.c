/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* venvbox.conf, which people edit. */
#include "common/bwrapopt.h"
#include "common/path.h"
#include "tests/fuzz/sameconf.h"

static void check_paths(const struct strv *paths)
{
	for (size_t i = 0; i < paths->n; i++)
		must(path_is_clean(paths->v[i]) && bwrapopt_reserved(paths->v[i]) == NULL);
}

static void check(const struct conf *c)
{
	must(c->project == NULL || path_is_clean(c->project));
	check_paths(&c->ro);
	check_paths(&c->rw);
	for (size_t i = 0; i < c->ro.n; i++)
		must(!strv_contains(&c->rw, c->ro.v[i]));
	for (size_t i = 0; i < c->publish.n; i++)
		must(path_is_name(c->publish.v[i]));
	must(bwrapopt_check(&c->bwrap, NULL) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup_conf struct conf c;
	struct failure f = { 0 };
	int r;

	conf_init(&c);
	r = conf_parse((const char *) data, size, "venvbox.conf", &c, &f);
	fuzz_refused(r, &f);
	if (r == 0) {
		check(&c);
		fuzz_conf_comes_back(&c);
	}
	return 0;
}
