/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* BWRAP_ARGS. */
#include "common/bwrapopt.h"
#include "common/path.h"
#include "tests/fuzz/fuzz.h"

static void check_split(const char *text, const struct strv *words)
{
	const char separator = strchr(text, '\n') != NULL ? '\n' : ' ';
	const char *at = text;

	must(words->n <= (strlen(text) + 1) / 2);
	for (size_t i = 0; i < words->n; i++) {
		must(words->v[i][0] != '\0' && strchr(words->v[i], separator) == NULL);
		at = strstr(at, words->v[i]); /* nothing is invented, and in order */
		must(at != NULL);
		at += strlen(words->v[i]);
	}
}

static void check_option(const struct bwrapopt *opt, char *const args[])
{
	cleanup_free char *clean = opt->dest >= 0 ? path_clean("/", args[opt->dest]) : NULL;

	must(opt->act != BWRAPOPT_REFUSED);
	if (opt->dest < 0)
		return;
	must(args[opt->dest][0] == '/' && clean != NULL && strstr(args[opt->dest], "/../") == NULL);
	if (opt->act == BWRAPOPT_BIND)
		must(strcmp(clean, "/") != 0 && !path_is_within(clean, "/proc") && !path_is_within(clean, "/run/venvbox"));
}

static void check_words(const struct strv *words)
{
	for (size_t at = 0, next; at < words->n; at = next) {
		next = at + bwrapopt_unit(words, at);
		must(next > at && next <= words->n);
		while (at < next) {
			const struct bwrapopt *opt = bwrapopt_find(words->v[at]);

			must(opt != NULL && at + opt->arity < next);
			check_option(opt, words->v + at + 1);
			at += 1 + opt->arity;
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz in = fuzz_begin(data, size);
	cleanup_strv struct strv words = { 0 };
	cleanup_free char *text = fuzz_text(&in);
	struct failure f = { 0 };
	int r;

	must(bwrapopt_split(text, &words) == 0);
	check_split(text, &words);
	r = bwrapopt_check(&words, &f);
	fuzz_refused(r, &f);
	if (r == 0)
		check_words(&words);
	return 0;
}
