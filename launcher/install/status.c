/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "install/status.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "common/conf.h"
#include "common/fd.h"
#include "common/log.h"
#include "common/manifest.h"
#include "common/names.h"
#include "common/path.h"
#include "install/bins.h"
#include "install/filter.h"
#include "install/venv.h"

struct checking {
	struct venv venv;
	struct manifest manifest;
	struct conf conf;
	bool has_manifest;
	int state_fd;
	const char *libexec;
	struct strv wrong; /* one line each, for people */
};

static void release(struct checking *c)
{
	venv_release(&c->venv);
	manifest_release(&c->manifest);
	conf_release(&c->conf);
	if (c->state_fd >= 0)
		(void) close(c->state_fd);
	strv_release(&c->wrong);
}

/* Something is wrong: it is kept, and the looking goes on. */
static int note(struct checking *c, struct failure *f)
{
	int r = f->what != NULL ? strv_add(&c->wrong, f->what) : -ENOMEM;

	failure_release(f);
	return r;
}

/* --- the state -------------------------------------------------------------------------- */

static int check_entry(struct checking *c, const char *name, mode_t kind)
{
	struct stat st;

	if (fstatat(c->state_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return strv_addf(&c->wrong, "%s/%s is missing", VB_STATE, name);
	if ((st.st_mode & S_IFMT) != kind)
		return strv_addf(&c->wrong, "%s/%s is of the wrong kind", VB_STATE, name);
	if (st.st_uid != geteuid() && st.st_uid != 0 && st.st_uid != c->manifest.uid)
		return strv_addf(&c->wrong, "%s/%s belongs to user %u", VB_STATE, name, (unsigned) st.st_uid);
	if (kind != S_IFLNK && (st.st_mode & (S_IWGRP | S_IWOTH)) != 0)
		return strv_addf(&c->wrong, "%s/%s is writable by others", VB_STATE, name);
	if (kind == S_IFREG && st.st_nlink != 1)
		return strv_addf(&c->wrong, "%s/%s has another name (hard link)", VB_STATE, name);
	return 0;
}

static int check_state_files(struct checking *c)
{
	static const struct {
		const char *name;
		mode_t kind;
	} entries[] = {
		{ ".", S_IFDIR }, { VB_INNER_BIN, S_IFDIR }, { VB_ORIG_BIN, S_IFDIR }, { VB_ETC, S_IFDIR }, { VB_PIP_CACHE, S_IFDIR },
		{ VB_FILTER, S_IFREG }, { VB_CONF, S_IFREG }, { VB_LOCK, S_IFREG }, { VB_PIP_LOCK, S_IFREG },
		{ VB_ETC "/passwd", S_IFREG }, { VB_ETC "/group", S_IFREG }, { VB_ETC "/nsswitch.conf", S_IFREG },
	};
	int r = 0;

	for (size_t i = 0; r == 0 && i < sizeof(entries) / sizeof(entries[0]); i++)
		r = check_entry(c, entries[i].name, entries[i].kind);
	if (r == 0 && c->has_manifest && c->manifest.way == EMBED_SHARED)
		r = check_entry(c, VB_LIBPYTHON, S_IFLNK);
	return r == 0 && c->has_manifest ? check_entry(c, VB_BASE_PYTHON, S_IFLNK) : r;
}

static int load(struct checking *c)
{
	cleanup(failure_release) struct failure f = { 0 };
	int r = manifest_load(c->state_fd, &c->manifest, &f);

	c->has_manifest = r == 0;
	if (r < 0 && note(c, &f) < 0)
		return -ENOMEM;
	r = conf_load(c->state_fd, &c->conf, &f);
	return r < 0 ? note(c, &f) : 0;
}

/* --- facts that may have changed ------------------------------------------------------------ */

static int check_file(struct checking *c, const char *path, const struct file_id *known)
{
	struct file_id now;
	struct stat st;

	if (stat(path, &st) < 0)
		return strv_addf(&c->wrong, "'%s' is gone", path);
	file_id_from_stat(&st, &now);
	return file_id_same(&now, known) ? 0 : strv_addf(&c->wrong, "'%s' has changed since the installation", path);
}

static int check_facts(struct checking *c)
{
	const struct manifest *m = &c->manifest;
	struct stat st;
	int r = 0;

	if (!c->has_manifest)
		return 0;
	if (strcmp(m->venv, c->venv.path) != 0)
		r = strv_addf(&c->wrong, "it was boxed as '%s' and is another directory now", m->venv);
	if (r == 0 && (stat(m->project, &st) < 0 || !S_ISDIR(st.st_mode)))
		r = strv_addf(&c->wrong, "the project '%s' is gone", m->project);
	if (r == 0)
		r = check_file(c, m->base_executable, &m->base_id);
	return r == 0 && m->way == EMBED_SHARED ? check_file(c, m->libpython, &m->libpython_id) : r;
}

/* The program is checked against what is compiled now: a byte of it is a hole in every box. */
static int check_filter(struct checking *c)
{
	cleanup_buf struct buf made = { 0 };
	cleanup_buf struct buf kept = { 0 };
	unsigned calls;
	int r = filter_compile(NULL, &made, &calls, NULL);

	if (r < 0)
		return r;
	if (fd_read_file(c->state_fd, VB_FILTER, 1U << 20, &kept) < 0 || kept.len != made.len || memcmp(kept.data, made.data, made.len) != 0)
		return strv_addf(&c->wrong, "%s/%s is not the filter of this venvbox", VB_STATE, VB_FILTER);
	return 0;
}

/* --- bin ---------------------------------------------------------------------------------------- */

/* Either a link to our launcher, or the very file that was there. */
static int check_name(struct checking *c, int host, int orig, const char *launcher, const char *name)
{
	char text[PATH_MAX];
	ssize_t len = readlinkat(host, name, text, sizeof(text) - 1);
	struct stat st;

	if (len >= 0) {
		text[len] = '\0';
		return strcmp(text, launcher) == 0 ? 0 : strv_addf(&c->wrong, "bin/%s leads to '%s', not to our launcher", name, text);
	}
	if (bins_kind(orig, name) != BIN_FILE)
		return strv_addf(&c->wrong, "bin/%s was not put there by venvbox", name);
	if (fstatat(host, name, &st, AT_SYMLINK_NOFOLLOW) < 0 || (st.st_mode & (S_IWGRP | S_IWOTH)) != 0)
		return strv_addf(&c->wrong, "bin/%s is writable by others", name);
	if (st.st_nlink != 1)
		return strv_addf(&c->wrong, "bin/%s has another name (hard link)", name);
	return bins_same_file(host, orig, name) ? 0 : strv_addf(&c->wrong, "bin/%s is not what it was when the venv was boxed", name);
}

static int check_missing(struct checking *c, int host, int orig)
{
	static const char *const always[] = { "python", "python3", "shell" };
	cleanup_strv struct strv names = { 0 };
	struct stat st;
	int r = bins_names(orig, &names);

	for (size_t i = 0; r == 0 && i < sizeof(always) / sizeof(always[0]); i++)
		if (!strv_contains(&names, always[i]))
			r = strv_add(&names, always[i]);
	for (size_t i = 0; r == 0 && i < names.n; i++) {
		enum bin_kind kind = bins_kind(orig, names.v[i]);

		/* A command that pip removed since is no damage. */
		if (kind == BIN_OTHER && strcmp(names.v[i], "shell") != 0)
			continue;
		if (kind != BIN_COMMAND && fstatat(host, names.v[i], &st, AT_SYMLINK_NOFOLLOW) < 0)
			r = strv_addf(&c->wrong, "bin/%s is missing", names.v[i]);
	}
	return r;
}

static int check_bin(struct checking *c)
{
	cleanup_free char *launcher = path_join(c->libexec, VB_LAUNCHER);
	cleanup_fd int host = fd_open_below(c->venv.fd, "bin", O_RDONLY | O_DIRECTORY);
	cleanup_fd int orig = fd_open_below(c->state_fd, VB_ORIG_BIN, O_RDONLY | O_DIRECTORY);
	cleanup_strv struct strv names = { 0 };
	struct stat st;
	int r;

	if (launcher == NULL)
		return -ENOMEM;
	if (host < 0 || orig < 0 || fstat(host, &st) < 0)
		return strv_add(&c->wrong, "bin, or what it was, cannot be read");
	r = (st.st_mode & (S_IWGRP | S_IWOTH)) != 0 ? strv_add(&c->wrong, "bin is writable by others") : 0;
	if (r == 0 && fstatat(c->venv.fd, "pyvenv.cfg", &st, AT_SYMLINK_NOFOLLOW) == 0 && st.st_nlink != 1)
		r = strv_add(&c->wrong, "pyvenv.cfg has another name (hard link)");
	if (r == 0 && access(launcher, X_OK) < 0)
		r = strv_addf(&c->wrong, "'%s' cannot be executed", launcher);
	if (r == 0)
		r = bins_names(host, &names);
	for (size_t i = 0; r == 0 && i < names.n; i++)
		r = check_name(c, host, orig, launcher, names.v[i]);
	return r < 0 ? r : check_missing(c, host, orig);
}

/* --- the verdict ---------------------------------------------------------------------------------- */

static void say_boxed(const struct checking *c, struct buf *out)
{
	log_escape(out, c->venv.path);
	buf_puts(out, c->wrong.n > 0 ? " is boxed, but tampered with or out of date" : " is boxed");
	if (c->has_manifest) {
		buf_puts(out, ": project ");
		log_escape(out, c->manifest.project);
		buf_printf(out, ", profile %s, network %s, Python %s (%s), %u system calls", profile_name(c->conf.profile),
			   c->conf.network == NETWORK_NONE ? "none" : "host", c->manifest.python_version,
			   manifest_way_words(c->manifest.way), c->manifest.calls_allowed);
	}
	buf_putc(out, '\n');
	for (size_t i = 0; i < c->wrong.n; i++) {
		buf_puts(out, "  ");
		log_escape(out, c->wrong.v[i]);
		buf_putc(out, '\n');
	}
	if (c->wrong.n > 0) {
		buf_puts(out, "hint: if you know why, venvbox-install ");
		log_shell_quote(out, c->venv.path);
		buf_puts(out, " sets it right; else make a new venv\n");
	}
}

static int check_boxed(struct checking *c)
{
	int r;

	c->state_fd = fd_open_below(c->venv.fd, VB_STATE, O_RDONLY | O_DIRECTORY);
	if (c->state_fd < 0)
		return strv_add(&c->wrong, VB_STATE " cannot be read");
	r = load(c);
	if (r == 0)
		r = check_state_files(c);
	if (r == 0)
		r = check_facts(c);
	if (r == 0)
		r = check_filter(c);
	return r < 0 ? r : check_bin(c);
}

int status_run(const char *venv, const char *libexec, enum status *status, struct buf *out, struct failure *f)
{
	cleanup(release) struct checking c = { .venv = { .fd = -1 }, .state_fd = -1, .libexec = libexec };
	int r;

	conf_init(&c.conf);
	r = venv_open(venv, &c.venv, f);
	if (r < 0)
		return r;
	*status = STATUS_PLAIN;
	if (c.venv.shape == VENV_PLAIN) {
		log_escape(out, c.venv.path);
		buf_puts(out, " is not boxed\n");
		return out->failed ? -ENOMEM : 0;
	}
	r = c.venv.shape == VENV_BOXED ? check_boxed(&c) : strv_add(&c.wrong, "an installation was interrupted: bin is missing");
	if (r < 0)
		return fail_errno(f, -r, NULL, "cannot look through '%s'", c.venv.path);
	*status = c.wrong.n > 0 ? STATUS_TAMPERED : STATUS_BOXED;
	say_boxed(&c, out);
	return out->failed ? -ENOMEM : 0;
}
