/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Policies compared by the table of settings, so that a new one is compared too. */
#ifndef VB_FUZZ_SAMECONF_H
#define VB_FUZZ_SAMECONF_H

#include "common/conf.h"
#include "tests/fuzz/fuzz.h"

static inline bool fuzz_same_setting(const struct setting *s, const struct conf *a, const struct conf *b)
{
	const void *of_a = (const char *) a + s->offset, *of_b = (const char *) b + s->offset;

	switch (s->type) {
	case SETTING_CHOICE:
		return *(const unsigned *) of_a == *(const unsigned *) of_b;
	case SETTING_PATH:
		return fuzz_same_text(*(char *const *) of_a, *(char *const *) of_b);
	case SETTING_LIMIT:
		return *(const uint64_t *) of_a == *(const uint64_t *) of_b;
	case SETTING_PATHS:
	case SETTING_NAMES:
	case SETTING_WORDS:
		return fuzz_same_words(of_a, of_b);
	}
	return false;
}

static inline bool fuzz_same_conf(const struct conf *a, const struct conf *b)
{
	for (const struct setting *s = conf_settings; s->key != NULL; s++)
		if (!fuzz_same_setting(s, a, b))
			return false;
	return true;
}

/* What venvbox-install writes the launcher reads, and to the same policy. */
static inline void fuzz_conf_comes_back(const struct conf *c)
{
	cleanup_conf struct conf back;
	cleanup_buf struct buf text = { 0 };
	struct failure f = { 0 };

	conf_init(&back);
	must(conf_write(c, &text) == 0);
	if (conf_parse(text.data, text.len, "written", &back, &f) != 0) {
		(void) fprintf(stderr, "%s\n%s", f.what != NULL ? f.what : "", text.data);
		must(false);
	}
	must(fuzz_same_conf(c, &back));
}

#endif
