/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* On a directory that stands in for "/": merged and unmerged /usr, links, homes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>

#include "install/mounts.h"
#include "scratch.h"

#include <cmocka.h> /* last: its fail_msg() is a macro */

struct world {
	char root[32];
	struct interpreter interpreter;
	struct mounts_input in;
	struct manifest m;
};

static void make_parents(const char *path)
{
	char copy[512];

	(void) snprintf(copy, sizeof(copy), "%s", path);
	for (char *slash = copy + 1; (slash = strchr(slash, '/')) != NULL; slash++) {
		*slash = '\0';
		(void) mkdir(copy, 0700);
		*slash = '/';
	}
}

static void put(const struct world *w, const char *path, const char *link)
{
	char full[512];

	(void) snprintf(full, sizeof(full), "%s%s", w->root, path);
	make_parents(full);
	if (link != NULL) {
		assert_int_equal(symlink(link, full), 0);
	} else {
		cleanup_fd int fd = open(full, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

		assert_true(fd >= 0);
	}
}

/* A file that is dearer to copy than to mount. */
static void put_large(const struct world *w, const char *path)
{
	char full[512];

	put(w, path, NULL);
	(void) snprintf(full, sizeof(full), "%s%s", w->root, path);
	assert_int_equal(truncate(full, 1 << 20), 0);
}

/* prefix: of the interpreter, which is prefix/bin/python3.11. */
static void start(struct world *w, const char *prefix)
{
	struct interpreter *i = &w->interpreter;

	*w = (struct world) { .in = { .project = "/home/u/p", .home = "/home/u" } };
	assert_int_equal(scratch_make(w->root), 0);
	w->in.root = w->root;
	w->in.interpreter = i;
	i->probe.version = strdup("3.11");
	i->probe.prefix = strdup(prefix);
	assert_true(asprintf(&i->probe.stdlib, "%s/lib/python3.11", prefix) > 0);
	assert_true(asprintf(&i->probe.platstdlib, "%s/lib/python3.11", prefix) > 0);
	assert_true(asprintf(&i->executable, "%s/bin/python3.11", prefix) > 0);
	i->found = strdup(i->executable);
	put(w, i->executable, NULL);
	assert_true(asprintf(&i->libpython, "%s/lib/python3.11/os.py", prefix) > 0);
	put(w, i->libpython, NULL);
	free(take_ptr(&i->libpython));
}

static void end(struct world *w)
{
	(void) scratch_remove(w->root);
	manifest_release(&w->m);
	interpreter_release(&w->interpreter);
}

/* 'm' minimal, 's' system, 'b' both, 0: no such row. */
static char row(const struct world *w, enum mount_kind kind, const char *source, const char *dest)
{
	for (size_t i = 0; i < w->m.n_mounts; i++) {
		const struct mount_row *r = &w->m.mounts[i];

		if (r->kind == kind && strcmp(r->source, source) == 0 && strcmp(r->dest, dest) == 0)
			return r->in_minimal && r->in_system ? 'b' : r->in_minimal ? 'm' : 's';
	}
	return 0;
}

static char ro(const struct world *w, const char *path)
{
	return row(w, MOUNT_RO, path, path);
}

static char copy(const struct world *w, const char *path)
{
	return row(w, MOUNT_COPY, path, path);
}

static void merged_usr(void **state)
{
	struct world w;

	(void) state;
	start(&w, "/usr");
	put(&w, "/lib", "usr/lib");
	put(&w, "/bin", "usr/bin");
	put(&w, "/usr/bin/sh", "dash");
	put(&w, "/usr/bin/dash", NULL);
	put_large(&w, "/usr/bin/git");
	put(&w, "/usr/lib64/ld-linux-x86-64.so.2", "/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2");
	put(&w, "/lib64", "usr/lib64");
	put(&w, "/usr/lib32/libc.so.6", NULL);
	put(&w, "/etc/hosts", NULL);
	put(&w, "/etc/resolv.conf", "../run/systemd/resolve/stub-resolv.conf");
	put(&w, "/run/systemd/resolve/stub-resolv.conf", NULL);
	put(&w, "/etc/ssl/certs/x.pem", NULL);
	put(&w, "/etc/ssl/private/key.pem", NULL);
	assert_int_equal(mounts_add(&w.in, &w.m), 0);
	assert_int_equal(ro(&w, "/usr/lib"), 'm');
	assert_int_equal(ro(&w, "/usr"), 's');
	assert_int_equal(row(&w, MOUNT_SYMLINK, "usr/lib", "/lib"), 'b');
	assert_int_equal(row(&w, MOUNT_SYMLINK, "usr/lib64", "/lib64"), 'b');
	assert_int_equal(row(&w, MOUNT_SYMLINK, "/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2", "/usr/lib64/ld-linux-x86-64.so.2"), 'm');
	assert_int_equal(ro(&w, "/usr/lib64") + ro(&w, "/usr/lib32"), 0);
	assert_int_equal(row(&w, MOUNT_SYMLINK, "usr/bin", "/bin"), 'b');
	assert_int_equal(row(&w, MOUNT_SYMLINK, "dash", "/usr/bin/sh"), 'm');
	assert_int_equal(copy(&w, "/usr/bin/dash"), 'm');
	assert_int_equal(ro(&w, "/usr/bin/git"), 'm');
	assert_int_equal(ro(&w, "/usr/bin/python3.11"), 'm');
	assert_int_equal(copy(&w, "/etc/hosts"), 'b');
	assert_int_equal(copy(&w, "/etc/resolv.conf"), 'b');
	assert_int_equal(ro(&w, "/etc/ssl/certs"), 'b');
	/* Where the keys are. */
	for (size_t i = 0; i < w.m.n_mounts; i++)
		assert_false(path_is_within("/etc/ssl/private", w.m.mounts[i].dest));
	end(&w);
}

/* Where the base is executed: in both profiles, and in /etc, which is kept ready. */
static void hints_of_one_that_is_executed(void **state)
{
	struct world w;

	(void) state;
	start(&w, "/usr");
	w.interpreter.hints = strdup("/opt/v/venvbox-hints.so");
	assert_int_equal(mounts_add(&w.in, &w.m), 0);
	assert_int_equal(row(&w, MOUNT_COPY, "/opt/v/venvbox-hints.so", "/etc/venvbox/hints.so"), 'b');
	end(&w);
	start(&w, "/usr");
	assert_int_equal(mounts_add(&w.in, &w.m), 0);
	assert_int_equal(row(&w, MOUNT_COPY, "/opt/v/venvbox-hints.so", "/etc/venvbox/hints.so"), 0);
	end(&w);
}

/* Of more, or of files, the directory itself: another may come. */
static void directories_that_are_not_few_links(void **state)
{
	struct world w;

	(void) state;
	start(&w, "/usr");
	put(&w, "/usr/lib64/ld.so", "ld-2.so");
	put(&w, "/usr/lib64/ld-2.so", NULL);
	for (int i = 0; i < 5; i++) {
		char path[64];

		(void) snprintf(path, sizeof(path), "/usr/local/lib64/%d", i);
		put(&w, path, "/nowhere");
	}
	assert_int_equal(mounts_add(&w.in, &w.m), 0);
	assert_int_equal(ro(&w, "/usr/lib64"), 'm');
	assert_int_equal(ro(&w, "/usr/local/lib64"), 'm');
	end(&w);
}

/* Only where a directory is wanted as copies, and only small files. */
static void directories_of_few_files(void **state)
{
	struct world w;

	(void) state;
	start(&w, "/usr");
	put(&w, "/etc/terminfo/README", NULL);
	put(&w, "/etc/ld.so.conf.d/a.conf", NULL);
	put_large(&w, "/etc/ld.so.conf.d/b.conf");
	put(&w, "/etc/ssl/certs/x.pem", NULL);
	assert_int_equal(mounts_add(&w.in, &w.m), 0);
	assert_int_equal(copy(&w, "/etc/terminfo/README"), 'b');
	assert_int_equal(ro(&w, "/etc/terminfo"), 0);
	assert_int_equal(ro(&w, "/etc/ld.so.conf.d"), 'b');
	assert_int_equal(copy(&w, "/etc/ld.so.conf.d/a.conf"), 0);
	assert_int_equal(ro(&w, "/etc/ssl/certs"), 'b');
	end(&w);
	start(&w, "/usr");
	put(&w, "/etc/terminfo/x/xterm", NULL);
	for (int i = 0; i < 9; i++) {
		char path[64];

		(void) snprintf(path, sizeof(path), "/etc/ld.so.conf.d/%d.conf", i);
		put(&w, path, NULL);
	}
	assert_int_equal(mounts_add(&w.in, &w.m), 0);
	assert_int_equal(ro(&w, "/etc/terminfo"), 'b');
	assert_int_equal(ro(&w, "/etc/ld.so.conf.d"), 'b');
	end(&w);
}

static void unmerged_usr(void **state)
{
	struct world w;

	(void) state;
	start(&w, "/usr");
	put(&w, "/lib/libc.so.6", NULL);
	put(&w, "/bin/sh", NULL);
	assert_int_equal(mounts_add(&w.in, &w.m), 0);
	assert_int_equal(ro(&w, "/lib"), 'b');
	assert_int_equal(copy(&w, "/bin/sh"), 'm');
	assert_int_equal(ro(&w, "/bin"), 's');
	end(&w);
}

/* uv: the directory named by pyvenv.cfg is a link to that of the exact version. */
static void links_to_the_interpreter(void **state)
{
	struct world w;

	(void) state;
	start(&w, "/home/u/uv/cpython-3.11.9");
	put(&w, "/home/u/uv/cpython-3.11", "cpython-3.11.9");
	free(w.interpreter.found);
	w.interpreter.found = strdup("/home/u/uv/cpython-3.11/bin/python3.11");
	assert_int_equal(mounts_add(&w.in, &w.m), 0);
	assert_int_equal(ro(&w, "/home/u/uv/cpython-3.11.9"), 'b');
	assert_int_equal(row(&w, MOUNT_SYMLINK, "cpython-3.11.9", "/home/u/uv/cpython-3.11"), 'b');
	end(&w);
}

/* Debian's site imports what /etc holds. */
static void what_the_administrator_changes(void **state)
{
	struct world w;

	(void) state;
	start(&w, "/usr");
	/* Relative: whether there is something behind it must be no matter of what the machine has there. */
	put(&w, "/usr/lib/python3.11/sitecustomize.py", "../../../etc/python3.11/sitecustomize.py");
	put(&w, "/etc/python3.11/sitecustomize.py", NULL);
	put(&w, "/etc/python3.11/other", NULL);
	assert_int_equal(mounts_add(&w.in, &w.m), 0);
	assert_int_equal(ro(&w, "/etc/python3.11/sitecustomize.py"), 'b'); /* with the time that its .pyc has */
	assert_int_equal(ro(&w, "/etc/python3.11"), 0);
	end(&w);
}

static void never_a_home(void **state)
{
	static const char *const prefixes[] = { "/home/u", "/home", "/home/u/.local" };

	(void) state;
	for (size_t i = 0; i < 3; i++) {
		struct world w;

		start(&w, prefixes[i]);
		assert_int_equal(mounts_add(&w.in, &w.m), 0);
		assert_int_equal(ro(&w, prefixes[i]), 0);
		assert_int_equal(ro(&w, w.interpreter.probe.stdlib), 'b');
		assert_int_equal(ro(&w, w.interpreter.executable), 'b');
		end(&w);
	}
}

static void libraries_from_elsewhere(void **state)
{
	struct world w;

	(void) state;
	start(&w, "/opt/py");
	put(&w, "/opt/ssl/lib/libssl.so.3", NULL);
	assert_int_equal(strv_add(&w.interpreter.probe.mapped, "/opt/ssl/lib/libssl.so.3"), 0);
	assert_int_equal(strv_add(&w.interpreter.probe.mapped, "/opt/py/lib/python3.11/os.py"), 0);
	put(&w, "/etc/loop", "loop");
	put(&w, "/etc/ssl/certs", "../loop");
	assert_int_equal(mounts_add(&w.in, &w.m), 0);
	assert_int_equal(ro(&w, "/opt/py"), 'b');
	assert_int_equal(ro(&w, "/opt/ssl/lib/libssl.so.3"), 'b');
	assert_int_equal(ro(&w, "/opt/py/lib/python3.11/os.py"), 0);
	end(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(merged_usr),
		cmocka_unit_test(hints_of_one_that_is_executed),
		cmocka_unit_test(directories_that_are_not_few_links),
		cmocka_unit_test(directories_of_few_files),
		cmocka_unit_test(unmerged_usr),
		cmocka_unit_test(links_to_the_interpreter),
		cmocka_unit_test(what_the_administrator_changes),
		cmocka_unit_test(never_a_home),
		cmocka_unit_test(libraries_from_elsewhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
