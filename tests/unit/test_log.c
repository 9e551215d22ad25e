/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <sys/wait.h>

#include "common/fd.h"
#include "common/log.h"
#include "capture.h"

#include <cmocka.h>

static void text_is_left_alone_but_what_a_terminal_obeys(void **state)
{
	static const struct {
		const char *text, *escaped;
	} rows[] = {
		{ "plain 'text' \\ \"x\"", "plain 'text' \\ \"x\"" },
		{ "gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x90\x8d", "gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x90\x8d" },
		{ "a\nb\tc\r\x1b\x7f", "a\\nb\\x09c\\x0d\\x1b\\x7f" },
		{ "\xff\xfe", "\\xff\\xfe" },
		{ "\xc3", "\\xc3" },                           /* cut short */
		{ "\xc0\xaf", "\\xc0\\xaf" },                  /* overlong */
		{ "\xed\xa0\x80", "\\xed\\xa0\\x80" },         /* surrogate */
		{ "\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80" }, /* above U+10FFFF */
		{ "\xc2\x9b" "2J", "\\xc2\\x9b" "2J" },          /* CSI in one character */
		{ "\xe2\x80\xae", "\\xe2\\x80\\xae" },         /* right-to-left override */
	};

	(void) state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		cleanup_buf struct buf out = { 0 };

		log_escape(&out, rows[i].text);
		assert_string_equal(out.data, rows[i].escaped);
	}
}

static void a_warning_is_one_line_in_one_write(void **state)
{
	struct capture c;
	char text[128];

	(void) state;
	assert_true(capture_begin(&c) >= 0);
	log_warn("'%s' was held back", "l\ns");
	assert_int_equal(capture_end(&c, text, sizeof(text)), 1);
	assert_string_equal(text, "venvbox: 'l\\ns' was held back\n");
}

static void quoting_is_as_plain_as_it_can_be(void **state)
{
	static const struct {
		const char *word, *quoted;
	} rows[] = {
		{ "--ro-bind", "--ro-bind" }, { "/usr/lib+x_@%:,.", "/usr/lib+x_@%:,." }, { "", "''" },
		{ "a b", "'a b'" }, { "a=b", "'a=b'" }, { "~", "'~'" }, { "it's", "'it'\\''s'" },
		{ "$(id)", "'$(id)'" }, { "\xc3\xbc", "'\xc3\xbc'" },
		{ "a\nb", "$'a\\nb'" }, { "\xff'\\", "$'\\377\\'\\\\'" }, { "\x1b" "1", "$'\\0331'" },
	};

	(void) state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		cleanup_buf struct buf out = { 0 };

		log_shell_quote(&out, rows[i].word);
		assert_string_equal(out.data, rows[i].quoted);
	}
}

/* What the shell makes of `printf %s WORD` is in out. */
static void ask_shell(const char *shell, const char *script, struct buf *out)
{
	int ends[2], status;
	pid_t pid;

	assert_int_equal(pipe(ends), 0);
	pid = fork();
	if (pid == 0) {
		(void) dup2(ends[1], STDOUT_FILENO);
		(void) execl(shell, shell, "-c", script, (char *) NULL);
		_exit(127);
	}
	(void) close(ends[1]);
	assert_int_equal(fd_read_all(ends[0], 65536, out), 0);
	(void) close(ends[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void assert_reads_back(const char *shell, const char *word)
{
	cleanup_buf struct buf script = { 0 }, out = { 0 };

	buf_puts(&script, "printf %s ");
	log_shell_quote(&script, word);
	assert_null(strchr(script.data, '\n')); /* one word a line, whatever it holds */
	ask_shell(shell, script.data, &out);
	assert_string_equal(out.data != NULL ? out.data : "", word);
}

static void a_shell_reads_it_back(void **state)
{
	char all[256];

	(void) state;
	for (int i = 1; i < 256; i++)
		all[i - 1] = (char) i;
	all[255] = '\0';
	assert_reads_back("/bin/bash", all);
	assert_reads_back("/bin/bash", "\x01" "7\xff" "f\n'\\'");
	/* dash has no $'...'; printable words are for every shell. */
	assert_reads_back("/bin/sh", " !\"#$%&'()*+,-./09:;<=>?@AZ[\\]^_`az{|}~");
}

static void a_command_can_be_pasted(void **state)
{
	cleanup_buf struct buf plain = { 0 }, odd = { 0 };

	(void) state;
	assert_string_equal(log_command(&plain, "/p/.venv", NULL, NULL), "venvbox-install /p/.venv");
	assert_string_equal(log_command(&odd, "/my p/.venv", "--ro", "/it's"), "venvbox-install '/my p/.venv' --ro '/it'\\''s'");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_is_left_alone_but_what_a_terminal_obeys),
		cmocka_unit_test(a_warning_is_one_line_in_one_write),
		cmocka_unit_test(quoting_is_as_plain_as_it_can_be),
		cmocka_unit_test(a_shell_reads_it_back),
		cmocka_unit_test(a_command_can_be_pasted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
