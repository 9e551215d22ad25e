/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "host/callname.h"
#include "host/telljson.h"
#include "tests/unit/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#define VENV "/p/.venv"

static const struct strv none = { 0 };
static const struct remedy_of of = { .venv = VENV, .project = "/p", .box_home = VENV "/home", .real_home = "/home/u", .nested = &none };

/* --- strings ---------------------------------------------------------------------------- */

static void strings_are_escaped(void **state)
{
	static const struct {
		const char *text, *json;
	} rows[] = {
		{ "", "\"\"" },
		{ "plain /x-y_z", "\"plain /x-y_z\"" },
		{ "\"\\", "\"\\\"\\\\\"" },
		{ "\n\t\x01\x1f\x7f", "\"\\u000a\\u0009\\u0001\\u001f\\u007f\"" },
		{ "gr\xc3\xbc\xc3\x9f\xe2\x82\xac\xf0\x9f\x90\x8d", "\"gr\xc3\xbc\xc3\x9f\xe2\x82\xac\xf0\x9f\x90\x8d\"" },
		{ "\xff\x80", "\"\\udcff\\udc80\"" },
		{ "\xc3(", "\"\\udcc3(\"" },                               /* cut short */
		{ "\xc0\xaf", "\"\\udcc0\\udcaf\"" },                      /* overlong */
		{ "\xed\xa0\x80", "\"\\udced\\udca0\\udc80\"" },           /* a surrogate */
		{ "\xe2\x80\xae", "\"\\udce2\\udc80\\udcae\"" },           /* turns a terminal's text around */
		{ "\xc2\x9b", "\"\\udcc2\\udc9b\"" },                      /* begins an escape sequence */
	};

	(void) state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		cleanup_buf struct buf out = { 0 };

		telljson_string(&out, rows[i].text);
		assert_string_equal(out.data, rows[i].json);
	}
}

static void each_byte_makes_a_string(void **state)
{
	(void) state;
	for (int a = 1; a < 256; a++)
		for (int b = 1; b < 256; b++) {
			const char text[] = { (char) a, (char) b, '\0' };
			cleanup_buf struct buf out = { 0 };
			const char *end;

			telljson_string(&out, text);
			end = json_string(out.data);
			assert_true(end != NULL && *end == '\0');
		}
}

/* --- events ------------------------------------------------------------------------------- */

static void assert_denied(const struct denial *d, const char *text)
{
	cleanup_buf struct buf out = { 0 };

	telljson_denied(&out, &of, d);
	assert_string_equal(out.data, text);
	assert_true(json_is_line(out.data));
}

static void a_path_with_its_setting(void **state)
{
	const struct denial d = { .kind = DENIED_HIDDEN, .purpose = PURPOSE_READ, .what = "/data/x", .real = "/data/y",
				  .program = "python a.py", .count = 1 };

	(void) state;
	assert_denied(&d, "{\"event\": \"denied\", \"kind\": \"hidden\", \"what\": \"/data/x\", \"purpose\": \"read\", \"host_path\": \"/data/y\", "
			  "\"program\": \"python a.py\", \"allow\": \"venvbox-install /p/.venv --ro /data/y\", \"setting\": \"ro\", "
			  "\"value\": \"/data/y\", \"why\": null, \"unwise\": false}\n");
}

static void a_call_with_its_errno(void **state)
{
	const struct denial d = { .kind = DENIED_CALL, .what = "socket", .call = SYS_socket, .err = EAFNOSUPPORT, .detail = "a \"kind\"",
				  .program = "sh", .count = 1 };

	(void) state;
	assert_denied(&d, "{\"event\": \"denied\", \"kind\": \"call\", \"what\": \"socket\", \"purpose\": null, \"host_path\": null, "
			  "\"program\": \"sh\", \"errno\": 97, \"allow\": null, \"setting\": null, "
			  "\"value\": null, \"why\": \"a \\\"kind\\\"\", \"unwise\": true}\n");
}

static void a_path_that_nobody_is_to_show(void **state)
{
	const struct denial d = { .kind = DENIED_WRITE, .purpose = PURPOSE_PUT, .what = "/home/u/.bashrc", .real = "/home/u/.bashrc",
				  .program = "sh", .count = 1 };
	cleanup_buf struct buf out = { 0 };

	(void) state;
	telljson_denied(&out, &of, &d);
	assert_true(json_is_line(out.data));
	assert_non_null(strstr(out.data, "\"kind\": \"read-only\""));
	assert_non_null(strstr(out.data, "\"purpose\": \"write\""));
	assert_non_null(strstr(out.data, "\"allow\": null, \"setting\": null, \"value\": null, \"why\": \""));
	assert_non_null(strstr(out.data, "\"unwise\": true}"));
}

/* One line each, whatever the names. */
static void each_kind_and_purpose_is_a_line(void **state)
{
	static const char odd[] = "/d/\n\"\\\xff\033\u202e{}[], ";

	(void) state;
	for (int kind = DENIED_CALL; kind <= DENIED_LIMIT; kind++)
		for (int purpose = PURPOSE_READ; purpose <= PURPOSE_SOCKET; purpose++) {
			bool is_path = kind >= DENIED_HIDDEN && kind <= DENIED_SOCKET;
			struct denial d = { .kind = (enum denial_kind) kind, .purpose = (enum purpose) purpose, .what = odd,
					    .real = is_path ? odd : NULL, .program = odd, .count = 2 };
			cleanup_buf struct buf out = { 0 }, sum = { 0 };

			telljson_denied(&out, &of, &d);
			assert_true(json_is_line(out.data));
			telljson_summary(&sum, &(struct denials) { .v = &d, .n = 1 }, 0, false);
			assert_true(json_is_line(sum.data));
		}
}

static void the_end_counts(void **state)
{
	struct denial v[] = {
		{ .kind = DENIED_PORT, .what = "80", .program = "sh", .count = 3 }, { .kind = DENIED_SOCKET, .what = "/s", .program = "sh", .count = 1 },
	};
	const struct denials all = { .v = v, .n = 2, .full = true }, nothing = { 0 };
	cleanup_buf struct buf out = { 0 }, empty = { 0 };

	(void) state;
	telljson_summary(&out, &all, W_EXITCODE(7, 0), true);
	assert_string_equal(out.data, "{\"event\": \"end\", \"status\": 7, \"denied\": [{\"kind\": \"port\", \"what\": \"80\", \"program\": \"sh\", \"count\": 3}, "
				      "{\"kind\": \"socket\", \"what\": \"/s\", \"program\": \"sh\", \"count\": 1}], \"complete\": false, \"paths\": false}\n");
	assert_true(json_is_line(out.data));
	telljson_summary(&empty, &nothing, W_EXITCODE(0, 9), false);
	assert_string_equal(empty.data, "{\"event\": \"end\", \"signal\": 9, \"denied\": [], \"complete\": true, \"paths\": true}\n");
}

static void sealed_is_said(void **state)
{
	cleanup_buf struct buf out = { 0 };

	(void) state;
	telljson_sealed(&out, true);
	assert_string_equal(out.data, "{\"event\": \"sealed\", \"landlock\": true}\n");
}

static void the_start_has_argv_and_mounts(void **state)
{
	struct session s = { .manifest = { .venv = (char *) (uintptr_t) "/p/.venv", .project = (char *) (uintptr_t) "/p",
					   .python_version = (char *) (uintptr_t) "3.11.2" } };
	struct policy p = { .profile = PROFILE_SYSTEM, .network_unshared = true };
	struct payload payload = { 0 };
	struct plan plan = { 0 };
	const struct verbose_of v = { .session = &s, .policy = &p, .plan = &plan, .payload = &payload };
	cleanup_buf struct buf out = { 0 };

	(void) state;
	assert_int_equal(strv_add(&payload.argv, "python"), 0);
	assert_int_equal(strv_add(&payload.argv, "\n\""), 0);
	assert_int_equal(strv_add(&payload.withheld, "TOKEN"), 0);
	assert_int_equal(strv_add(&payload.left_out, "DISPLAY"), 0);
	assert_non_null(plan_add(&plan, OP_RO, "/a", "/b", "a reason"));
	assert_int_equal(strv_add(&plan_add(&plan, OP_WORDS, NULL, NULL, "asked for")->words, "--hostname"), 0);
	assert_int_equal(telljson_start(&out, &v), 0);
	assert_string_equal(out.data,
		"{\"event\": \"start\", \"venv\": \"/p/.venv\", \"project\": \"/p\", \"python\": \"3.11.2\", \"run\": \"program\", "
		"\"profile\": \"system\", \"network\": \"none\", \"argv\": [\"python\", \"\\u000a\\\"\"], \"withheld\": [\"TOKEN\"], \"left_out\": [\"DISPLAY\"], \"mounts\": ["
		"{\"kind\": \"read-only\", \"path\": \"/b\", \"source\": \"/a\", \"why\": \"a reason\"}, "
		"{\"kind\": \"option\", \"path\": null, \"source\": null, \"option\": [\"--hostname\"], \"why\": \"asked for\"}]}\n");
	assert_true(json_is_line(out.data));
	plan_release(&plan);
	payload_release(&payload);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(strings_are_escaped),
		cmocka_unit_test(each_byte_makes_a_string),
		cmocka_unit_test(a_path_with_its_setting),
		cmocka_unit_test(a_call_with_its_errno),
		cmocka_unit_test(a_path_that_nobody_is_to_show),
		cmocka_unit_test(each_kind_and_purpose_is_a_line),
		cmocka_unit_test(the_end_counts),
		cmocka_unit_test(sealed_is_said),
		cmocka_unit_test(the_start_has_argv_and_mounts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
