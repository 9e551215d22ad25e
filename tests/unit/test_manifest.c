/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <sys/stat.h>
#include <sys/wait.h>

#include "common/manifest.h"
#include "common/names.h"
#include "scratch.h"

#include <cmocka.h>

struct place {
	char dir[32];
	int fd;
	struct failure f;
};

static int setup(void **state)
{
	struct place *p = calloc(1, sizeof(*p));

	if (p == NULL || scratch_make(p->dir) < 0)
		return -1;
	p->fd = open(p->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	*state = p;
	return p->fd < 0 ? -1 : 0;
}

static int teardown(void **state)
{
	struct place *p = *state;
	int r = scratch_remove(p->dir);

	failure_release(&p->f);
	(void) close(p->fd);
	free(p);
	return r;
}

#define HOSTILE "/home/u/a b\n=\t\\\"'[x];\xff"

static void fill(struct manifest *m)
{
	const struct mount_row rows[] = {
		{ MOUNT_RO, true, true, (char *) (uintptr_t) "/usr/lib", (char *) (uintptr_t) "/usr/lib", (char *) (uintptr_t) "libraries" },
		{ MOUNT_COPY, false, true, (char *) (uintptr_t) "/etc/x", (char *) (uintptr_t) HOSTILE, (char *) (uintptr_t) "" },
		{ MOUNT_SYMLINK, true, false, (char *) (uintptr_t) "../usr/lib", (char *) (uintptr_t) "/lib", (char *) (uintptr_t) "link" },
		{ MOUNT_RO, false, false, (char *) (uintptr_t) "/z", (char *) (uintptr_t) "/z", (char *) (uintptr_t) "no profile" },
	};

	m->version = strdup("0.1.0");
	m->uid = UINT32_MAX - 1;
	m->venv = strdup(HOSTILE "/.venv");
	m->filter_size = UINT64_MAX;
	m->project = strdup(HOSTILE);
	m->way = EMBED_EXEC;
	m->python_version = strdup("3.11");
	m->python_banner = strdup("3.11.2 (main) [GCC]");
	m->base_executable = strdup("/usr/bin/python3.11");
	m->base_id = (struct file_id) { 1, -4 };
	m->base_prefix = strdup("/usr");
	m->libpython = strdup("");
	m->libpython_id = (struct file_id) { 0, INT64_MAX };
	m->calls_allowed = 362;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(manifest_add_mount(m, &rows[i]), 0);
	assert_int_equal(strv_add(&m->nested, "sub/\xff/.git"), 0);
	assert_int_equal(strv_add(&m->recorded, "python3"), 0);
	assert_int_equal(strv_add(&m->recorded, "odd\nname"), 0);
}

static void assert_same(const struct manifest *a, const struct manifest *b)
{
	assert_string_equal(a->version, b->version);
	assert_true(a->uid == b->uid && a->filter_size == b->filter_size && a->way == b->way);
	assert_string_equal(a->venv, b->venv);
	assert_string_equal(a->project, b->project);
	assert_string_equal(a->python_version, b->python_version);
	assert_string_equal(a->python_banner, b->python_banner);
	assert_string_equal(a->base_executable, b->base_executable);
	assert_true(file_id_same(&a->base_id, &b->base_id) && file_id_same(&a->libpython_id, &b->libpython_id));
	assert_string_equal(a->base_prefix, b->base_prefix);
	assert_string_equal(a->libpython, b->libpython);
	assert_int_equal(a->calls_allowed, b->calls_allowed);
	assert_int_equal(a->n_mounts, b->n_mounts);
	for (size_t i = 0; i < a->n_mounts; i++) {
		const struct mount_row *x = &a->mounts[i], *y = &b->mounts[i];

		assert_true(x->kind == y->kind && x->in_minimal == y->in_minimal && x->in_system == y->in_system);
		assert_string_equal(x->source, y->source);
		assert_string_equal(x->dest, y->dest);
		assert_string_equal(x->why, y->why);
	}
	assert_int_equal(a->nested.n, b->nested.n);
	assert_string_equal(a->nested.v[0], b->nested.v[0]);
	assert_int_equal(a->recorded.n, b->recorded.n);
	assert_string_equal(a->recorded.v[1], b->recorded.v[1]);
}

static void save(struct place *p)
{
	cleanup_manifest struct manifest m = { 0 };

	fill(&m);
	assert_int_equal(manifest_save(p->fd, &m), 0);
}

static int load(struct place *p)
{
	cleanup_manifest struct manifest m = { 0 };
	int r;

	failure_release(&p->f);
	r = manifest_load(p->fd, &m, &p->f);
	if (r < 0) {
		assert_non_null(p->f.what);
		assert_non_null(strstr(p->f.what, p->dir)); /* says which file */
		assert_non_null(p->f.hint);
		assert_null(m.venv);
	}
	return r;
}

static void what_is_saved_is_loaded(void **state)
{
	struct place *p = *state;
	cleanup_manifest struct manifest m = { 0 }, back = { 0 };

	fill(&m);
	assert_int_equal(manifest_save(p->fd, &m), 0);
	assert_int_equal(manifest_load(p->fd, &back, &p->f), 0);
	assert_same(&m, &back);
}

static void what_would_not_be_loaded_is_not_saved(void **state)
{
	struct place *p = *state;
	cleanup_manifest struct manifest m = { 0 };

	save(p);
	fill(&m);
	free(m.project);
	m.project = strdup("relative");
	assert_int_equal(manifest_save(p->fd, &m), -EINVAL);
	assert_int_equal(load(p), 0); /* the old one is still there */
}

static void a_missing_one_is_named(void **state)
{
	struct place *p = *state;

	assert_int_equal(load(p), -ENOENT);
	assert_non_null(strstr(p->f.what, "is missing"));
}

static void rewrite(const struct place *p, const struct buf *text)
{
	assert_int_equal(fd_replace_file(p->fd, VB_MANIFEST, text->data, text->len, 0644), 0);
}

static void another_format_says_so(void **state)
{
	struct place *p = *state;
	cleanup_buf struct buf text = { 0 };

	buf_puts(&text, "format=2\nwhatever a newer one\nholds");
	rewrite(p, &text);
	assert_int_equal(load(p), -EBADMSG);
	assert_non_null(strstr(p->f.what, "format 2, this venvbox reads 1"));
}

static void a_line_changed_or_gone_is_refused(void **state)
{
	struct place *p = *state;
	cleanup_buf struct buf whole = { 0 };
	const char *line, *next;

	save(p);
	assert_int_equal(load(p), 0);
	assert_int_equal(fd_read_file(p->fd, VB_MANIFEST, 65536, &whole), 0);
	for (line = whole.data; *line != '\0'; line = next) {
		cleanup_buf struct buf spoilt = { 0 }, cut = { 0 };
		bool list = strncmp(line, "mount", 5) == 0 || strncmp(line, "nested", 6) == 0 || strncmp(line, "recorded", 8) == 0;

		next = strchr(line, '\n') + 1;
		/* without it: only a row of a list may be missing */
		buf_add(&cut, whole.data, (size_t) (line - whole.data));
		buf_puts(&cut, next);
		rewrite(p, &cut);
		assert_int_equal(load(p), list ? 0 : -EBADMSG);
		/* the file ends here */
		buf_add(&spoilt, whole.data, (size_t) (line - whole.data));
		rewrite(p, &spoilt);
		assert_int_equal(load(p), -EBADMSG);
		/* an unknown line in its place */
		buf_printf(&spoilt, "unknown=1\n%s", next);
		rewrite(p, &spoilt);
		assert_int_equal(load(p), -EBADMSG);
	}
}

static void bad_values_name_their_line(void **state)
{
	static const char *const rows[][2] = {
		{ "\nuid=", "\nuid=-1" }, { "\nuid=", "\nuid=4294967296" }, { "\nvenv=/", "\nvenv=" }, { "\nvenv=/", "\nvenv=//" },
		{ "\nproject=/", "\nproject=/../" }, { "\nembed=exec", "\nembed=none" }, { "\nbase-id=1\t", "\nbase-id=" },
		{ "\nfilter-size=", "\nfilter-size=1" /* overflows */ }, { "\nfilter-size=18446744073709551615", "\nfilter-size=" },
		{ "\nfilter-size=18446744073709551615", "\nfilter-size=0x1" }, { "\nfilter-size=1", "\nfilter-size= 1" }, { "\nmount=ro\tboth\t/usr/lib", "\nmount=rw\tboth\t/usr/lib" },
		{ "\nmount=ro\tboth\t/usr/lib", "\nmount=ro\tall\t/usr/lib" }, { "\nmount=ro\tboth\t/", "\nmount=ro\tboth\t" },
		{ "\t/lib\t", "\tlib\t" }, { "\nmount=symlink\tminimal\t../usr/lib", "\nmount=symlink\tminimal\t" },
		{ "\nnested=", "\nnested=/" }, { "\nnested=", "\nnested=../" }, { "\nrecorded=", "\nrecorded=a/" }, { "\nend=", "\nend=x" },
		{ "\nversion=0.1.0\n", "\nversion=0.1.0\nversion=0.1.0\n" }, { "\nend=\n", "\nend=\nrecorded=late\n" },
	};
	struct place *p = *state;
	cleanup_buf struct buf whole = { 0 };

	save(p);
	assert_int_equal(fd_read_file(p->fd, VB_MANIFEST, 65536, &whole), 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		cleanup_buf struct buf spoilt = { 0 };
		const char *at = strstr(whole.data, rows[i][0]);

		assert_non_null(at);
		buf_add(&spoilt, whole.data, (size_t) (at - whole.data));
		buf_puts(&spoilt, rows[i][1]);
		buf_puts(&spoilt, at + strlen(rows[i][0]));
		rewrite(p, &spoilt);
		assert_int_equal(load(p), -EBADMSG);
		assert_non_null(strstr(p->f.what, "malformed, line "));
	}
}

/* --- who may have written it -------------------------------------------------- */

static void one_writable_by_others_is_refused(void **state)
{
	struct place *p = *state;

	save(p);
	for (unsigned bit = 002; bit <= 020; bit *= 8) {
		assert_int_equal(fchmodat(p->fd, VB_MANIFEST, 0644 | bit, 0), 0);
		assert_int_equal(load(p), -EPERM);
		assert_non_null(strstr(p->f.what, "writable by others"));
	}
	assert_int_equal(fchmodat(p->fd, VB_MANIFEST, 0600, 0), 0);
	assert_int_equal(load(p), 0);
}

static void links_are_refused(void **state)
{
	struct place *p = *state;

	save(p);
	assert_int_equal(linkat(p->fd, VB_MANIFEST, p->fd, "second", 0), 0);
	assert_int_equal(load(p), -EPERM);
	assert_int_equal(unlinkat(p->fd, VB_MANIFEST, 0), 0);
	assert_int_equal(symlinkat("second", p->fd, VB_MANIFEST), 0);
	assert_int_equal(load(p), -ELOOP);
	assert_int_equal(unlinkat(p->fd, VB_MANIFEST, 0), 0);
	assert_int_equal(renameat(p->fd, "second", p->fd, VB_MANIFEST), 0);
	assert_int_equal(load(p), 0);
}

static void what_is_no_file_is_refused(void **state)
{
	struct place *p = *state;

	assert_int_equal(mkfifoat(p->fd, VB_MANIFEST, 0644), 0);
	assert_int_equal(load(p), -EPERM); /* and does not wait for a writer */
	assert_int_equal(unlinkat(p->fd, VB_MANIFEST, 0), 0);
	assert_int_equal(mkdirat(p->fd, VB_MANIFEST, 0755), 0);
	assert_int_equal(load(p), -EPERM);
}

/* In a child, as uid: 0 it is taken, 1 it is refused as another's, 2 anything else. */
static int load_as(struct place *p, uid_t uid)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		cleanup_manifest struct manifest m = { 0 };
		struct failure f = { 0 };
		int r;

		if (setresuid(uid, uid, uid) < 0)
			_exit(3);
		r = manifest_load(p->fd, &m, &f);
		_exit(r == 0 ? 0 : r == -EPERM && strstr(f.what, "belongs to user") != NULL ? 1 : 2);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void anothers_is_refused_and_roots_is_not(void **state)
{
	struct place *p = *state;

	save(p);
	if (geteuid() != 0) {
		/* One user cannot make another's file; that it takes its own is the control. */
		assert_int_equal(load_as(p, geteuid()), 0);
		return;
	}
	assert_int_equal(fchmod(p->fd, 0755), 0);
	assert_int_equal(load_as(p, 65534), 0);
	assert_int_equal(fchownat(p->fd, VB_MANIFEST, 1234, 1234, 0), 0);
	assert_int_equal(load_as(p, 65534), 1);
	assert_int_equal(load_as(p, 0), 1);
	assert_int_equal(load_as(p, 1234), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_is_saved_is_loaded),
		TEST(what_would_not_be_loaded_is_not_saved),
		TEST(a_missing_one_is_named),
		TEST(another_format_says_so),
		TEST(a_line_changed_or_gone_is_refused),
		TEST(bad_values_name_their_line),
		TEST(one_writable_by_others_is_refused),
		TEST(links_are_refused),
		TEST(what_is_no_file_is_refused),
		TEST(anothers_is_refused_and_roots_is_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
