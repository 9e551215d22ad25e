/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "common/fd.h"
#include "common/wire.h"

#include <cmocka.h>

/* --- orders ---------------------------------------------------------------- */

static void fill_orders(struct orders *o)
{
	const struct order_fd pass = { .target = 0, .how = FD_PASS };
	const struct order_fd reopen = { .target = 7, .how = FD_REOPEN, .flags = O_NONBLOCK, .offset = 1LL << 40,
					 .path = (char *) (uintptr_t) "/run/venvbox/fd/7" };

	o->keep_caps = 1ULL << 40;
	o->files = 77;
	o->watch = true;
	o->sig_ignored = 1;
	o->sig_blocked = 1ULL << 63;
	o->limits[RLIMIT_NPROC] = 4096;
	o->limits[RLIM_NLIMITS - 1] = INT64_MAX;
	o->cwd = strdup("/work/d\xff\n");
	o->program = strdup("/proc/self/fd/5");
	assert_int_equal(orders_add_mount(o, "/a", 1, UINT64_MAX, true), 0);
	assert_int_equal(orders_add_mount(o, "/b", 2, 3, false), 0);
	assert_int_equal(orders_add_fd(o, &pass), 0);
	assert_int_equal(orders_add_fd(o, &reopen), 0);
}

static void orders_come_back(void **state)
{
	cleanup_orders struct orders o = { 0 }, back = { 0 };
	cleanup_buf struct buf out = { 0 };

	(void) state;
	fill_orders(&o);
	assert_int_equal(orders_pack(&o, &out), 0);
	assert_int_equal(orders_unpack(out.data, out.len, &back), 0);
	assert_true(back.watch);
	assert_true(back.keep_caps == o.keep_caps && back.files == 77 && back.sig_ignored == 1 && back.sig_blocked == o.sig_blocked);
	assert_memory_equal(back.limits, o.limits, sizeof(o.limits));
	assert_string_equal(back.cwd, o.cwd);
	assert_string_equal(back.program, o.program);
	assert_int_equal(back.n_mounts, 2);
	assert_string_equal(back.mounts[0].path, "/a");
	assert_true(back.mounts[0].dev == 1 && back.mounts[0].ino == UINT64_MAX && back.mounts[0].read_only);
	assert_true(back.mounts[1].dev == 2 && back.mounts[1].ino == 3 && !back.mounts[1].read_only);
	assert_int_equal(back.n_fds, 2);
	assert_true(back.fds[0].how == FD_PASS && back.fds[0].target == 0 && back.fds[0].path == NULL);
	assert_true(back.fds[1].how == FD_REOPEN && back.fds[1].target == 7 && back.fds[1].flags == O_NONBLOCK);
	assert_true(back.fds[1].offset == 1LL << 40);
	assert_string_equal(back.fds[1].path, "/run/venvbox/fd/7");
}

static void cut_or_longer_orders_are_refused(void **state)
{
	cleanup_orders struct orders o = { 0 };
	cleanup_buf struct buf out = { 0 };

	(void) state;
	fill_orders(&o);
	assert_int_equal(orders_pack(&o, &out), 0);
	for (size_t len = 0; len < out.len; len++) {
		struct orders back;
		cleanup_free char *exact = malloc(len + 1); /* the sanitizer sees a byte too far */

		memcpy(exact, out.data, len);
		assert_int_equal(orders_unpack(exact, len, &back), -EBADMSG);
		assert_null(back.cwd);
	}
	buf_putc(&out, '\0');
	{
		struct orders back;

		assert_int_equal(orders_unpack(out.data, out.len, &back), -EBADMSG);
	}
}

/* Every byte set to some values: refused or understood, never worse. */
static void spoilt_orders_do_no_harm(void **state)
{
	static const unsigned char values[] = { 0x00, 0x01, 0x7f, 0x80, 0xff };
	cleanup_orders struct orders o = { 0 };
	cleanup_buf struct buf out = { 0 };
	int refused = 0;

	(void) state;
	fill_orders(&o);
	assert_int_equal(orders_pack(&o, &out), 0);
	for (size_t i = 0; i < out.len; i++)
		for (size_t v = 0; v < sizeof(values); v++) {
			cleanup_orders struct orders back = { 0 };
			char kept = out.data[i];
			int r;

			out.data[i] = (char) values[v];
			r = orders_unpack(out.data, out.len, &back);
			assert_true(r == 0 || r == -EBADMSG);
			refused += r != 0;
			out.data[i] = kept;
		}
	assert_true(refused > 100);
}

static void orders_without_sense_are_not_believed(void **state)
{
	static const char *const roots[] = { "/work/d", "/a", "/run/venvbox/fd/7" };
	cleanup_orders struct orders o = { 0 };
	cleanup_buf struct buf out = { 0 };

	(void) state;
	fill_orders(&o);
	assert_int_equal(orders_pack(&o, &out), 0);
	for (size_t i = 0; i < sizeof(roots) / sizeof(roots[0]); i++) {
		struct orders back;
		char *at = memmem(out.data, out.len, roots[i], strlen(roots[i]));

		*at = 'x'; /* relative now */
		assert_int_equal(orders_unpack(out.data, out.len, &back), -EBADMSG);
		*at = '/';
	}
}

/* The fields before it: magic, version, capabilities, files, two sets of signals. */
#define AT_FLAGS (2 * sizeof(uint32_t) + 4 * sizeof(uint64_t))

static void there_are_two_flags(void **state)
{
	static const uint32_t values[] = { 0, 1, 2, 3, 4, UINT32_MAX };

	(void) state;
	for (uint32_t flags = 0; flags < 4; flags++) {
		cleanup_orders struct orders o = { 0 };
		cleanup_buf struct buf out = { 0 };
		uint32_t packed;

		fill_orders(&o);
		o.watch = (flags & 1) != 0;
		o.base = (flags & 2) != 0;
		assert_int_equal(orders_pack(&o, &out), 0);
		memcpy(&packed, out.data + AT_FLAGS, sizeof(packed));
		assert_int_equal(packed, flags);
		for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
			cleanup_orders struct orders back = { 0 };

			memcpy(out.data + AT_FLAGS, &values[i], sizeof(values[i]));
			assert_int_equal(orders_unpack(out.data, out.len, &back), values[i] > 3 ? -EBADMSG : 0);
			assert_int_equal(back.watch, values[i] == 1 || values[i] == 3);
			assert_int_equal(back.base, values[i] == 2 || values[i] == 3);
		}
	}
}

static void orders_without_sense_are_not_sent(void **state)
{
	static const struct order_fd bad[] = {
		{ .target = -1, .how = FD_PASS },
		{ .target = 0, .how = FD_REOPEN },
		{ .target = 0, .how = FD_PASS, .path = (char *) (uintptr_t) "/x" },
		{ .target = 0, .how = FD_REOPEN, .path = (char *) (uintptr_t) "/a/../x" },
		{ .target = 0, .how = FD_REOPEN, .path = (char *) (uintptr_t) "/x", .offset = -1 },
		{ .target = 0, .how = (enum order_fd_how) 7 },
	};
	cleanup_orders struct orders empty = { 0 };
	cleanup_buf struct buf out = { 0 };

	(void) state;
	assert_int_equal(orders_pack(&empty, &out), -EINVAL);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		cleanup_orders struct orders o = { 0 };

		fill_orders(&o);
		assert_int_equal(orders_add_fd(&o, &bad[i]), 0);
		assert_int_equal(orders_pack(&o, &out), -EINVAL);
	}
	for (int i = 0; i < 3; i++) {
		cleanup_orders struct orders o = { 0 };
		char **member = i == 0 ? &o.cwd : i == 1 ? &o.program : NULL;

		fill_orders(&o);
		if (member == NULL)
			member = &o.mounts[0].path;
		free(*member);
		*member = strdup("relative");
		assert_int_equal(orders_pack(&o, &out), -EINVAL);
	}
	assert_int_equal(out.len, 0);
}

/* --- payload --------------------------------------------------------------- */

static void a_payload_comes_back(void **state)
{
	cleanup_strv struct strv argv = { 0 }, env = { 0 }, argv2 = { 0 }, env2 = { 0 };
	cleanup_buf struct buf out = { 0 };

	(void) state;
	assert_int_equal(payload_pack(&argv, &env, &out), -EINVAL); /* execve() needs an argv[0] */
	assert_int_equal(strv_add(&argv, "python"), 0);
	assert_int_equal(strv_add(&argv, ""), 0);
	assert_int_equal(strv_add(&env, "A=\xff\n"), 0);
	assert_int_equal(payload_pack(&argv, &env, &out), 0);
	assert_int_equal(payload_unpack(out.data, out.len, &argv2, &env2), 0);
	assert_int_equal(argv2.n, 2);
	assert_string_equal(argv2.v[1], "");
	assert_int_equal(env2.n, 1);
	assert_string_equal(env2.v[0], "A=\xff\n");
}

static void a_spoilt_payload_is_refused(void **state)
{
	cleanup_strv struct strv argv = { 0 }, env = { 0 };
	cleanup_buf struct buf out = { 0 };

	(void) state;
	assert_int_equal(strv_add(&argv, "python"), 0);
	assert_int_equal(strv_add(&env, "A=B"), 0);
	assert_int_equal(payload_pack(&argv, &env, &out), 0);
	for (size_t len = 0; len < out.len; len++) {
		cleanup_strv struct strv a = { 0 }, e = { 0 };
		cleanup_free char *exact = malloc(len + 1);

		memcpy(exact, out.data, len);
		assert_int_equal(payload_unpack(exact, len, &a, &e), -EBADMSG);
		assert_int_equal(a.n + e.n, 0);
	}
	for (size_t i = 0; i < out.len; i++) {
		cleanup_strv struct strv a = { 0 }, e = { 0 };
		char kept = out.data[i];
		int r;

		out.data[i] = '\0'; /* in a word it would hide what follows */
		r = payload_unpack(out.data, out.len, &a, &e);
		assert_true(kept == '\0' ? r == 0 : r == -EBADMSG);
		out.data[i] = kept;
	}
}

/* --- the channel ------------------------------------------------------------ */

struct channel {
	int ends[2];
};

static int setup(void **state)
{
	struct channel *c = calloc(1, sizeof(*c));

	*state = c;
	return c == NULL || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, c->ends) < 0 ? -1 : 0;
}

static int teardown(void **state)
{
	struct channel *c = *state;

	for (int i = 0; i < 2; i++)
		if (c->ends[i] >= 0)
			(void) close(c->ends[i]);
	free(c);
	return 0;
}

static int open_descriptors(void)
{
	int n = 0;

	for (int fd = 0; fd < 1024; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

static void descriptors_travel_in_order_over_several_messages(void **state)
{
	struct channel *c = *state;
	enum { N = WIRE_FDS_PER_MESSAGE + 50 };
	int sent[N], *got = NULL, devnull = open("/dev/null", O_RDONLY | O_CLOEXEC);
	struct stat a, b;
	size_t n = 0;

	for (int i = 0; i < N; i++)
		sent[i] = devnull;
	sent[N - 1] = c->ends[0];
	assert_int_equal(wire_send_hello(c->ends[0], sent, N), 0);
	assert_int_equal(wire_recv_hello(c->ends[1], &got, &n), 0);
	assert_int_equal(n, N);
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(fcntl(got[i], F_GETFD), FD_CLOEXEC);
		assert_int_equal(fstat(sent[i], &a), 0);
		assert_int_equal(fstat(got[i], &b), 0);
		assert_true(a.st_dev == b.st_dev && a.st_ino == b.st_ino);
		(void) close(got[i]);
	}
	free(got);
	(void) close(devnull);
}

static void too_few_descriptors_are_not_sent(void **state)
{
	struct channel *c = *state;
	int two[] = { 0, 1 };

	assert_int_equal(wire_send_hello(c->ends[0], two, 2), -EINVAL);
	assert_int_equal(wire_send_hello(c->ends[0], two, 0), -EINVAL);
}

/* A HELLO of a stranger's making: n_fds descriptors (0: no control message) and a body of len bytes. */
static void send_raw(int sock, const void *body, size_t len, int n_fds)
{
	union {
		char bytes[CMSG_SPACE(8 * sizeof(int))];
		struct cmsghdr align;
	} control = { 0 };
	struct iovec iov = { .iov_base = (void *) (uintptr_t) body, .iov_len = len };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };

	if (n_fds > 0) {
		struct cmsghdr *header;

		msg.msg_control = control.bytes;
		msg.msg_controllen = CMSG_SPACE((size_t) n_fds * sizeof(int));
		header = CMSG_FIRSTHDR(&msg);
		header->cmsg_level = SOL_SOCKET;
		header->cmsg_type = SCM_RIGHTS;
		header->cmsg_len = CMSG_LEN((size_t) n_fds * sizeof(int));
		memset(CMSG_DATA(header), 0, (size_t) n_fds * sizeof(int)); /* standard input */
	}
	assert_int_equal(sendmsg(sock, &msg, 0), len);
}

static void a_bad_hello_is_refused_and_its_descriptors_closed(void **state)
{
	static const struct {
		struct wire_hello body;
		size_t len;
		int n_fds;
	} rows[] = {
		{ { WIRE_VERSION, 3 }, sizeof(struct wire_hello), 0 },      /* none sent */
		{ { WIRE_VERSION, 3 }, sizeof(struct wire_hello), 4 },      /* more than announced */
		{ { WIRE_VERSION, 2 }, sizeof(struct wire_hello), 2 },      /* too few for any box */
		{ { WIRE_VERSION + 1, 3 }, sizeof(struct wire_hello), 3 },  /* another build */
		{ { WIRE_VERSION, UINT32_MAX }, sizeof(struct wire_hello), 3 },
		{ { WIRE_VERSION, 3 }, 4, 3 },                              /* short */
	};
	struct channel *c = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int before = open_descriptors(), *got = NULL;
		size_t n;

		send_raw(c->ends[0], &rows[i].body, rows[i].len, rows[i].n_fds);
		assert_int_equal(wire_recv_hello(c->ends[1], &got, &n), -EBADMSG);
		assert_null(got);
		assert_int_equal(open_descriptors(), before);
	}
}

static void a_series_that_changes_or_ends_is_refused(void **state)
{
	const struct wire_hello four = { WIRE_VERSION, 4 }, five = { WIRE_VERSION, 5 };
	struct channel *c = *state;
	int before = open_descriptors(), *got = NULL;
	size_t n;

	send_raw(c->ends[0], &four, sizeof(four), 3);
	send_raw(c->ends[0], &five, sizeof(five), 1);
	assert_int_equal(wire_recv_hello(c->ends[1], &got, &n), -EBADMSG);
	assert_int_equal(open_descriptors(), before);
	send_raw(c->ends[0], &four, sizeof(four), 3);
	(void) close(c->ends[0]);
	c->ends[0] = -1;
	assert_int_equal(wire_recv_hello(c->ends[1], &got, &n), -EPIPE);
	assert_int_equal(open_descriptors(), before - 1);
}

static void structs_travel_whole(void **state)
{
	struct channel *c = *state;
	struct report out = { .kind = REPORT_FAILED, .value = -1, .offset = INT64_MIN, .text = "mount" }, in;
	struct command command = { .kind = COMMAND_SIGNAL, .value = 15 };

	assert_int_equal(wire_recv(c->ends[1], &in, sizeof(in), true), -EAGAIN);
	assert_int_equal(wire_send(c->ends[0], &out, sizeof(out)), 0);
	assert_int_equal(wire_recv(c->ends[1], &in, sizeof(in), false), 0);
	assert_memory_equal(&in, &out, sizeof(in));
	assert_int_equal(wire_send(c->ends[0], &command, sizeof(command)), 0);
	assert_int_equal(wire_recv(c->ends[1], &in, sizeof(in), false), -EBADMSG); /* shorter */
	assert_int_equal(wire_send(c->ends[0], &out, sizeof(out)), 0);
	assert_int_equal(wire_recv(c->ends[1], &command, sizeof(command), false), -EBADMSG); /* longer */
}

static void the_end_is_noticed(void **state)
{
	struct channel *c = *state;
	struct command command = { 0 };

	(void) close(c->ends[0]);
	c->ends[0] = -1;
	assert_int_equal(wire_recv(c->ends[1], &command, sizeof(command), false), -EPIPE);
	assert_int_equal(wire_send(c->ends[1], &command, sizeof(command)), -EPIPE);
}

/* PID 1 ends while a signal is on its way to it. */
static void what_was_sent_before_a_reset_is_heard(void **state)
{
	struct channel *c = *state;
	struct command command = { .kind = COMMAND_SIGNAL, .value = 1 };
	struct report report = { .kind = REPORT_EXIT, .value = 7 }, got;
	int fd;

	for (int i = 0; i < 2; i++)
		assert_int_equal(wire_send(c->ends[0], &report, sizeof(report)), 0);
	assert_int_equal(wire_send(c->ends[1], &command, sizeof(command)), 0);
	(void) close(c->ends[0]);
	c->ends[0] = -1;
	assert_int_equal(wire_recv_with(c->ends[1], &got, sizeof(got), &fd), 0);
	assert_memory_equal(&got, &report, sizeof(got));
	assert_int_equal(fd, -1);
	assert_int_equal(wire_recv(c->ends[1], &got, sizeof(got), true), 0);
	assert_int_equal(wire_recv(c->ends[1], &got, sizeof(got), true), -EPIPE);
}

static void a_reset_without_a_word_is_the_end(void **state)
{
	struct channel *c = *state;
	struct command command = { .kind = COMMAND_SIGNAL, .value = 1 };

	assert_int_equal(wire_send(c->ends[1], &command, sizeof(command)), 0);
	(void) close(c->ends[0]);
	c->ends[0] = -1;
	assert_int_equal(wire_recv(c->ends[1], &command, sizeof(command), false), -EPIPE);
}

static void descriptors_with_a_report_are_dropped(void **state)
{
	struct channel *c = *state;
	struct command command = { .kind = 1 };
	int before = open_descriptors();

	send_raw(c->ends[0], &command, sizeof(command), 3);
	assert_int_equal(wire_recv(c->ends[1], &command, sizeof(command), false), 0);
	assert_int_equal(open_descriptors(), before);
}

/* --- one descriptor with a report ---------------------------------------------- */

static void one_descriptor_travels_with_a_report(void **state)
{
	struct channel *c = *state;
	struct report out = { .kind = REPORT_WATCH, .text = "x" }, in;
	cleanup_fd int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	struct stat a, b;
	int got = 99;

	assert_int_equal(wire_recv_with(c->ends[1], &in, sizeof(in), &got), -EAGAIN);
	assert_int_equal(got, -1);
	assert_int_equal(wire_send_with(c->ends[0], &out, sizeof(out), null), 0);
	assert_int_equal(fcntl(null, F_GETFD), FD_CLOEXEC); /* still the sender's */
	assert_int_equal(wire_recv_with(c->ends[1], &in, sizeof(in), &got), 0);
	assert_memory_equal(&in, &out, sizeof(in));
	assert_int_equal(fcntl(got, F_GETFD), FD_CLOEXEC);
	assert_int_equal(fstat(null, &a) + fstat(got, &b), 0);
	assert_true(a.st_rdev == b.st_rdev);
	(void) close(got);
	assert_int_equal(wire_send(c->ends[0], &out, sizeof(out)), 0); /* one without is no error here */
	assert_int_equal(wire_recv_with(c->ends[1], &in, sizeof(in), &got), 0);
	assert_int_equal(got, -1);
}

static void several_descriptors_are_refused_and_closed(void **state)
{
	struct channel *c = *state;
	struct report report = { .kind = REPORT_WATCH };
	int before = open_descriptors(), got;

	send_raw(c->ends[0], &report, sizeof(report), 2);
	assert_int_equal(wire_recv_with(c->ends[1], &report, sizeof(report), &got), -EBADMSG);
	assert_int_equal(got, -1);
	send_raw(c->ends[0], &report, sizeof(report) - 1, 1); /* short */
	assert_int_equal(wire_recv_with(c->ends[1], &report, sizeof(report), &got), -EBADMSG);
	send_raw(c->ends[0], &report, sizeof(report), 1);
	assert_int_equal(wire_recv_with(c->ends[1], &report, sizeof(report) - 1, &got), -EBADMSG); /* longer than expected */
	assert_int_equal(got, -1);
	assert_int_equal(open_descriptors(), before);
}

static void with_a_descriptor_the_end_is_noticed_too(void **state)
{
	struct channel *c = *state;
	struct report report = { 0 };
	int got;

	(void) close(c->ends[0]);
	c->ends[0] = -1;
	assert_int_equal(wire_recv_with(c->ends[1], &report, sizeof(report), &got), -EPIPE);
	assert_int_equal(wire_send_with(c->ends[1], &report, sizeof(report), 0), -EPIPE);
	assert_int_equal(wire_send_with(c->ends[1], &report, sizeof(report), -1), -EBADF);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(orders_come_back),
		cmocka_unit_test(cut_or_longer_orders_are_refused),
		cmocka_unit_test(spoilt_orders_do_no_harm),
		cmocka_unit_test(orders_without_sense_are_not_believed),
		cmocka_unit_test(there_are_two_flags),
		cmocka_unit_test(orders_without_sense_are_not_sent),
		cmocka_unit_test(a_payload_comes_back),
		cmocka_unit_test(a_spoilt_payload_is_refused),
		TEST(descriptors_travel_in_order_over_several_messages),
		TEST(too_few_descriptors_are_not_sent),
		TEST(a_bad_hello_is_refused_and_its_descriptors_closed),
		TEST(a_series_that_changes_or_ends_is_refused),
		TEST(structs_travel_whole),
		TEST(the_end_is_noticed),
		TEST(what_was_sent_before_a_reset_is_heard),
		TEST(a_reset_without_a_word_is_the_end),
		TEST(descriptors_with_a_report_are_dropped),
		TEST(one_descriptor_travels_with_a_report),
		TEST(several_descriptors_are_refused_and_closed),
		TEST(with_a_descriptor_the_end_is_noticed_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
