/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "install/doctor_verdict.h"

#include <cmocka.h> /* last: its fail_msg() is a macro */

static const struct canary_row must = { .id = "x", .control = MUST_WORK, .judge = BY_BOTH };
static const struct canary_row may = { .id = "x", .control = MAY_FAIL, .reached = EFAULT, .judge = BY_BOTH };
static const struct canary_row host = { .id = "x", .control = MUST_WORK, .judge = BY_HOST };

#define SAID(e, s) { .said = true, .err = (e), .seen = (s) }
#define SILENT { 0 }

static const struct {
	const char *why;
	const struct canary_row *row;
	struct fact outside, inside;
	const char *opened;
	enum result result;
	const char *detail; /* in it; NULL: it is empty */
} cases[] = {
	{ "the call worked", &must, SAID(0, SEEN_NOTHING), SAID(0, SEEN_NOTHING), NULL, RESULT_NOT_HELD, "not refused" },
	{ "the host saw it, whatever the attacker says", &must, SAID(0, SEEN_YES), SAID(EPERM, SEEN_YES), NULL, RESULT_NOT_HELD, "host saw" },
	{ "the host saw it, and the attacker says nothing", &must, SAID(0, SEEN_YES), { .seen = SEEN_YES }, NULL, RESULT_NOT_HELD, "host saw" },
	{ "it says that it worked, and the host sees no trace", &must, SAID(0, SEEN_YES), SAID(0, SEEN_NO), NULL, RESULT_NOT_HELD, "not refused" },
	{ "the call went to the kernel", &may, SAID(EFAULT, SEEN_NOTHING), SAID(EFAULT, SEEN_NOTHING), NULL, RESULT_NOT_HELD, "not refused" },
	{ "it happened inside, though it did not outside", &must, SAID(EPERM, SEEN_NO), SAID(0, SEEN_YES), NULL, RESULT_NOT_HELD, "host saw" },
	{ "the host saw it where only the host counts", &host, SAID(0, SEEN_YES), SAID(0, SEEN_YES), NULL, RESULT_NOT_HELD, "host saw" },
	{ "the policy lets it", &must, SAID(0, SEEN_YES), SAID(0, SEEN_YES), "rw /srv", RESULT_OPEN, "rw /srv" },
	{ "silence inside", &must, SAID(0, SEEN_YES), SILENT, NULL, RESULT_NOT_CHECKED, "in the box" },
	{ "silence outside", &must, SILENT, SAID(EPERM, SEEN_NO), NULL, RESULT_NOT_CHECKED, "outside of the box" },
	{ "it does not work outside", &must, SAID(EACCES, SEEN_NO), SAID(EPERM, SEEN_NO), NULL, RESULT_NOT_CHECKED, "Permission denied" },
	{ "the host does not see it outside", &must, SAID(0, SEEN_NO), SAID(EPERM, SEEN_NO), NULL, RESULT_NOT_CHECKED, "no effect" },
	{ "the same where the host may refuse it", &may, SAID(0, SEEN_NO), SAID(EPERM, SEEN_NO), NULL, RESULT_NOT_CHECKED, "no effect" },
	{ "the host refuses it to everybody", &may, SAID(ENOSYS, SEEN_NOTHING), SAID(EPERM, SEEN_NOTHING), NULL, RESULT_HELD, "Function not implemented" },
	{ "refused inside only", &must, SAID(0, SEEN_YES), SAID(EPERM, SEEN_NO), NULL, RESULT_HELD, NULL },
	{ "refused inside only, unseen", &must, SAID(0, SEEN_NOTHING), SAID(EPERM, SEEN_NOTHING), NULL, RESULT_HELD, NULL },
	{ "refused before it reached the kernel", &may, SAID(EFAULT, SEEN_NOTHING), SAID(EPERM, SEEN_NOTHING), NULL, RESULT_HELD, NULL },
	{ "the filter killed it", &may, SAID(0, SEEN_NOTHING), SAID(CANARY_KILLED + 31, SEEN_NOTHING), NULL, RESULT_HELD, NULL },
	{ "the call says nothing, and the host saw nothing", &host, SAID(0, SEEN_YES), SAID(0, SEEN_NO), NULL, RESULT_HELD, NULL },
	{ "opened, but it did not work", &must, SAID(0, SEEN_YES), SAID(EPERM, SEEN_NO), "rw /srv", RESULT_HELD, NULL },
};

static void judges(void **state)
{
	(void) state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		cleanup_buf struct buf detail = { 0 };
		enum result r = verdict(cases[i].row, &cases[i].outside, &cases[i].inside, cases[i].opened, &detail);

		if (r != cases[i].result)
			fail_msg("%s: %d", cases[i].why, (int) r);
		if (cases[i].detail == NULL)
			assert_null(detail.data);
		else if (detail.data == NULL || strstr(detail.data, cases[i].detail) == NULL)
			fail_msg("%s: '%s'", cases[i].why, detail.data != NULL ? detail.data : "");
	}
}

static void hears(void **state)
{
	struct fact facts[CANARIES] = { 0 };

	(void) state;
	verdict_hear("read-key 0 secret word\nread-link 13 \ndaemon 1031 \nmount x \nbpf\nno-such-thing 0 \nkeyctl -1 \nio-uring 99999 \nend 0 \nread-dir 2 ", facts);
	assert_true(facts[CANARY_read_key].said);
	assert_int_equal(facts[CANARY_read_key].err, 0);
	assert_int_equal(facts[CANARY_read_link].err, EACCES);
	assert_int_equal(facts[CANARY_daemon].err, CANARY_KILLED + 31);
	assert_int_equal(facts[CANARY_read_dir].err, ENOENT);
	assert_false(facts[CANARY_mount].said);
	assert_false(facts[CANARY_bpf].said);
	assert_false(facts[CANARY_keyctl].said);
	assert_false(facts[CANARY_io_uring].said);
	assert_false(facts[CANARY_af_alg].said);
}

static void each_row_is_whole(void **state)
{
	(void) state;
	for (size_t i = 0; i < CANARIES; i++) {
		assert_non_null(canary_rows[i].id);
		assert_int_equal(strcspn(canary_rows[i].id, " \n"), strlen(canary_rows[i].id));
		assert_true(canary_rows[i].title[0] != '\0' && canary_rows[i].remedy[0] != '\0' && canary_rows[i].group[0] != '\0');
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(canary_rows[i].id, canary_rows[k].id);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(judges),
		cmocka_unit_test(hears),
		cmocka_unit_test(each_row_is_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
