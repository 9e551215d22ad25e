/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Each bind mount costs, and more with each other one (design.md, Mounts): so
 * directories rather than files, small files as copies, and nothing that a mount already made shows.
 */
#include "install/mounts.h"

#include <limits.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>

#include "common/fd.h"
#include "common/names.h"
#include "common/path.h"

#define MINIMAL 1U
#define SYSTEM  2U
#define BOTH    (MINIMAL | SYSTEM)

/* To copy more takes longer than to mount it, docs/performance.md. */
#define COPY_LIMIT (64 * 1024)
/* A directory of no more, and all of them links, is made of links: Debian's /usr/lib64 holds one, that to the loader. */
#define FEW_LINKS 4
/* A directory of MOUNT_COPY with no more, all of them small files, is made of copies; what is new there is seen when the venv is installed again. */
#define FEW_FILES 8

/* Paths as the host has them; what is not there is left out. */
static const struct {
	const char *path;
	enum mount_kind kind; /* MOUNT_SYMLINK: if it is a link; else it is bound where another row wants it. MOUNT_COPY: a directory if it holds little */
	unsigned profiles;
	const char *why;
} wanted[] = {
	/* The merged /usr of today's distributions; where it is not merged these are directories. */
	{ "/usr", MOUNT_RO, SYSTEM, "the system, read-only" },
	{ "/usr/lib", MOUNT_RO, MINIMAL, "libraries" },
	{ "/usr/lib64", MOUNT_RO, MINIMAL, "libraries" },
	{ "/usr/local/lib", MOUNT_RO, MINIMAL, "libraries" },
	{ "/usr/local/lib64", MOUNT_RO, MINIMAL, "libraries" },
	{ "/lib", MOUNT_RO, BOTH, "libraries" },
	{ "/lib64", MOUNT_RO, BOTH, "libraries" },
	/* Of other architectures, whose calls the filter kills. */
	{ "/lib32", MOUNT_RO, SYSTEM, "libraries" },
	{ "/libx32", MOUNT_RO, SYSTEM, "libraries" },
	{ "/bin", MOUNT_SYMLINK, MINIMAL, "commands" },
	{ "/sbin", MOUNT_SYMLINK, MINIMAL, "commands" },
	{ "/usr/sbin", MOUNT_SYMLINK, MINIMAL, "commands" },
	{ "/bin", MOUNT_RO, SYSTEM, "commands" },
	{ "/sbin", MOUNT_RO, SYSTEM, "commands" },
	/* cc, awk, editor ... are links through it. */
	{ "/etc/alternatives", MOUNT_RO, BOTH, "links to commands" },

	/* The named tools. git keeps its own below libexec on Fedora, below lib on Debian. */
	{ "/bin/sh", MOUNT_RO, MINIMAL, "tool" },
	{ "/bin/bash", MOUNT_RO, MINIMAL, "tool" },
	{ "/usr/bin/env", MOUNT_RO, MINIMAL, "tool" },
	{ "/bin/ls", MOUNT_RO, MINIMAL, "tool" },
	{ "/bin/cat", MOUNT_RO, MINIMAL, "tool" },
	{ "/usr/bin/stat", MOUNT_RO, MINIMAL, "tool" },
	{ "/usr/bin/realpath", MOUNT_RO, MINIMAL, "tool" },
	{ "/bin/uname", MOUNT_RO, MINIMAL, "tool" },
	{ "/bin/sleep", MOUNT_RO, MINIMAL, "tool: shell commands of programs wait with it, CPython's own tests of subprocess among them" },
	{ "/sbin/ldconfig", MOUNT_RO, MINIMAL, "tool: ctypes.util.find_library() asks it" },
	{ "/sbin/ldconfig.real", MOUNT_RO, MINIMAL, "tool: Ubuntu's ldconfig is a script around it" },
	{ "/usr/bin/git", MOUNT_RO, MINIMAL, "tool" },
	{ "/usr/libexec/git-core", MOUNT_RO, MINIMAL, "tool: git" },
	{ "/usr/share/git-core", MOUNT_RO, MINIMAL, "tool: git" },
	{ "/usr/bin/python3", MOUNT_RO, MINIMAL, "tool" },

	{ "/usr/share/zoneinfo", MOUNT_RO, MINIMAL, "time zones" },
	{ "/usr/share/locale", MOUNT_RO, MINIMAL, "locales" },
	{ "/usr/share/i18n", MOUNT_RO, MINIMAL, "locales" },
	{ "/usr/share/terminfo", MOUNT_RO, MINIMAL, "terminals" },
	{ "/etc/terminfo", MOUNT_COPY, BOTH, "terminals" },
	{ "/usr/share/python-wheels", MOUNT_RO, MINIMAL, "ensurepip of Debian and Fedora: pip in venvs made inside" },
	/* Debian's place, then Fedora's; elsewhere they are below /usr/lib. */
	{ "/usr/share/tcltk", MOUNT_RO, MINIMAL, "tkinter" },
	{ "/usr/share/tcl8.6", MOUNT_RO, MINIMAL, "tkinter" },
	{ "/usr/share/tk8.6", MOUNT_RO, MINIMAL, "tkinter" },

	/* Never /etc/ssl or /etc/pki as a whole: private keys lie there. */
	{ "/etc/ssl/certs", MOUNT_RO, BOTH, "certificates" },
	{ "/etc/ssl/cert.pem", MOUNT_RO, BOTH, "certificates" },
	{ "/etc/ssl/ca-bundle.pem", MOUNT_RO, BOTH, "certificates" },
	{ "/etc/ssl/openssl.cnf", MOUNT_COPY, BOTH, "settings of OpenSSL" },
	{ "/etc/pki/tls/certs", MOUNT_RO, BOTH, "certificates" },
	{ "/etc/pki/tls/cert.pem", MOUNT_RO, BOTH, "certificates" },
	{ "/etc/pki/tls/openssl.cnf", MOUNT_COPY, BOTH, "settings of OpenSSL" },
	{ "/etc/pki/ca-trust/extracted", MOUNT_RO, BOTH, "certificates" },
	{ "/etc/ca-certificates/extracted", MOUNT_RO, BOTH, "certificates" },
	{ "/var/lib/ca-certificates", MOUNT_RO, BOTH, "certificates" },
	{ "/etc/crypto-policies", MOUNT_RO, BOTH, "settings of OpenSSL" },
	{ "/usr/share/crypto-policies", MOUNT_RO, MINIMAL, "settings of OpenSSL" },
	{ "/usr/share/ca-certificates", MOUNT_RO, MINIMAL, "certificates" },
	{ "/usr/local/share/ca-certificates", MOUNT_RO, MINIMAL, "certificates" },

	{ "/etc/hosts", MOUNT_COPY, BOTH, "names of hosts" },
	{ "/etc/resolv.conf", MOUNT_COPY, BOTH, "names of hosts" },
	{ "/etc/host.conf", MOUNT_COPY, BOTH, "names of hosts" },
	{ "/etc/gai.conf", MOUNT_COPY, BOTH, "names of hosts" },
	{ "/etc/services", MOUNT_COPY, BOTH, "names of ports" },
	{ "/etc/protocols", MOUNT_COPY, BOTH, "names of protocols" },
	{ "/etc/localtime", MOUNT_COPY, BOTH, "the time zone" },
	{ "/etc/timezone", MOUNT_COPY, BOTH, "the time zone" },
	{ "/etc/locale.alias", MOUNT_COPY, BOTH, "locales: /usr/share/locale leads to it" },
	{ "/etc/os-release", MOUNT_COPY, BOTH, "which system this is" },
	{ "/etc/debian_version", MOUNT_COPY, BOTH, "which system this is" },
	{ "/etc/lsb-release", MOUNT_COPY, BOTH, "which system this is" },
	{ "/etc/ld.so.cache", MOUNT_COPY, BOTH, "where libraries are" },
	{ "/etc/ld.so.conf", MOUNT_COPY, BOTH, "where libraries are" },
	{ "/etc/ld.so.conf.d", MOUNT_COPY, BOTH, "where libraries are" },
	{ "/etc/mime.types", MOUNT_COPY, BOTH, "types of files" },
	{ "/etc/inputrc", MOUNT_COPY, BOTH, "keys of the terminal" },
	{ "/etc/gitconfig", MOUNT_COPY, BOTH, "settings of git" },
};

/* Whose rows are being made. */
struct making {
	const struct mounts_input *in;
	struct manifest *m;
	unsigned profile;
	int *trouble; /* -errno of a look that failed: what was not found may be there */
};

/* Not there, or not for this user: then it is not shown. What else the kernel says is no reason to leave it out. */
static void look_failed(const struct making *k, int err)
{
	if (!fd_is_missing(err) && err != ENAMETOOLONG && err != EINVAL)
		*k->trouble = -err;
}

static bool in_profile(const struct mount_row *row, unsigned profile)
{
	return profile == MINIMAL ? row->in_minimal : row->in_system;
}

/* Is path shown by what is there already? */
static bool covered(const struct making *k, const char *path)
{
	for (size_t i = 0; i < k->m->n_mounts; i++) {
		const struct mount_row *row = &k->m->mounts[i];

		if (in_profile(row, k->profile) &&
		    (row->kind == MOUNT_RO ? path_is_within(path, row->dest) : strcmp(path, row->dest) == 0))
			return true;
	}
	return false;
}

/* The rows of both profiles are one list: what is the same in both stands there once. */
static int add_row(struct making *k, enum mount_kind kind, const char *source, const char *dest, const char *why)
{
	struct mount_row row = { .kind = kind, .in_minimal = k->profile == MINIMAL, .in_system = k->profile == SYSTEM,
				 .source = (char *) source, .dest = (char *) dest, .why = (char *) why };

	for (size_t i = 0; i < k->m->n_mounts; i++) {
		struct mount_row *old = &k->m->mounts[i];

		if (old->kind != kind || strcmp(old->source, source) != 0 || strcmp(old->dest, dest) != 0)
			continue;
		old->in_minimal = old->in_minimal || row.in_minimal;
		old->in_system = old->in_system || row.in_system;
		return 0;
	}
	return manifest_add_mount(k->m, &row);
}

/* --- the way to a path ------------------------------------------------------------- */

/* Where path is looked for; owned by the caller, NULL: out of memory. */
static char *on_host(const struct making *k, const char *path)
{
	return path_join(k->in->root[0] != '\0' ? k->in->root : "/", path + 1);
}

/* Text of the link at path (below root); 0: no link, or not there. */
static ssize_t read_link(const struct making *k, const char *path, char text[PATH_MAX])
{
	cleanup_free char *real = on_host(k, path);
	ssize_t len = real != NULL ? readlink(real, text, PATH_MAX - 1) : -1;

	if (len < 0)
		look_failed(k, real != NULL ? errno : ENOMEM);
	if (len <= 0)
		return 0;
	text[len] = '\0';
	return len;
}

/* path with its component link[..end) replaced by what the link says. */
static char *replace_link(const char *path, size_t dir_len, size_t end, const char *text)
{
	cleanup_free char *dir = strndup(path, dir_len);
	cleanup_free char *target = dir != NULL ? path_clean(*dir != '\0' ? dir : "/", text) : NULL;

	if (target == NULL)
		return NULL;
	return path[end] == '\0' ? take_ptr(&target) : path_join(target, path + end + 1);
}

/*
 * Follows the links on the way to path; those that no mount shows become links of the box.
 * *real: where it ends, owned by the caller; -ELOOP. Follows the links itself, for the box must show the same chain.
 */
static int add_links(struct making *k, const char *path, const char *why, char **real)
{
	cleanup_free char *at = strdup(path);
	unsigned links = 0;

	for (size_t end = 0; at != NULL && at[end] != '\0';) {
		size_t dir_len = end;
		cleanup_free char *prefix = NULL;
		char text[PATH_MAX], *moved;
		int r = 0;

		end += 1 + strcspn(at + end + 1, "/");
		prefix = strndup(at, end);
		if (prefix == NULL)
			return -ENOMEM;
		if (read_link(k, prefix, text) == 0)
			continue;
		if (++links > 40)
			return -ELOOP;
		if (!covered(k, prefix))
			r = add_row(k, MOUNT_SYMLINK, text, prefix, why);
		if (r < 0)
			return r;
		moved = replace_link(at, dir_len, end, text);
		free(at);
		at = moved;
		end = 0;
	}
	*real = take_ptr(&at);
	return *real != NULL ? 0 : -ENOMEM;
}

static bool look(const struct making *k, const char *path, struct stat *st)
{
	cleanup_free char *real = on_host(k, path);

	if (real != NULL && stat(real, st) == 0)
		return true;
	look_failed(k, real != NULL ? errno : ENOMEM);
	return false;
}

static bool exists(const struct making *k, const char *path)
{
	struct stat st;

	return look(k, path, &st);
}

/* A mount above these would show what is not to be seen, or hide what is. */
static bool too_wide(const struct making *k, const char *path)
{
	return strcmp(path, "/") == 0 || path_is_within(k->in->project, path) ||
	       (k->in->home != NULL && path_is_within(k->in->home, path));
}

/* What is in dir, if that is all of this type, DT_LNK or DT_REG, and no more than most; none: it is not so. */
static int list_few(const struct making *k, const char *dir, unsigned char type, size_t most, struct strv *names)
{
	cleanup_free char *real = on_host(k, dir);
	cleanup_dir DIR *d = real != NULL ? opendir(real) : NULL;
	struct dirent *entry;
	int r = 0;

	if (d == NULL)
		look_failed(k, real != NULL ? errno : ENOMEM);
	while (d != NULL && r == 0 && (errno = 0, entry = readdir(d)) != NULL) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		if (entry->d_type != type || names->n == most) {
			strv_release(names);
			return 0;
		}
		r = strv_add(names, entry->d_name);
	}
	if (d != NULL && r == 0 && errno != 0)
		look_failed(k, errno);
	return r;
}

/* 1: dir is shown by the links that it holds. */
static int add_few_links(struct making *k, const char *dir, const char *why)
{
	cleanup_strv struct strv names = { 0 };
	int r = list_few(k, dir, DT_LNK, FEW_LINKS, &names);

	for (size_t i = 0; r == 0 && i < names.n; i++) {
		cleanup_free char *path = path_join(dir, names.v[i]);
		char text[PATH_MAX];

		if (path == NULL)
			return -ENOMEM;
		if (read_link(k, path, text) > 0 && !covered(k, path))
			r = add_row(k, MOUNT_SYMLINK, text, path, why);
	}
	return r < 0 ? r : names.n > 0;
}

/* The same for files, all of them small. */
static int add_few_files(struct making *k, const char *dir, const char *why)
{
	cleanup_strv struct strv names = { 0 };
	cleanup_strv struct strv paths = { 0 };
	int r = list_few(k, dir, DT_REG, FEW_FILES, &names);

	for (size_t i = 0; r == 0 && i < names.n; i++) {
		struct stat st;

		r = strv_take(&paths, path_join(dir, names.v[i]));
		if (r == 0 && (!look(k, paths.v[i], &st) || st.st_size > COPY_LIMIT))
			return 0;
	}
	for (size_t i = 0; r == 0 && i < paths.n; i++)
		if (!covered(k, paths.v[i]))
			r = add_row(k, MOUNT_COPY, paths.v[i], paths.v[i], why);
	return r < 0 ? r : names.n > 0;
}

/* path, with all the links that lead to it, read-only. limit: a file of so many bytes is copied. */
static int add_either(struct making *k, const char *path, off_t limit, const char *why)
{
	cleanup_free char *real = NULL;
	struct stat st;
	int r = add_links(k, path, why, &real);

	if (r == -ELOOP)
		return 0; /* broken on the host as well */
	if (r < 0 || strcmp(real, "/") == 0 || covered(k, real) || !look(k, real, &st) || too_wide(k, real))
		return r;
	if (S_ISDIR(st.st_mode))
		r = add_few_links(k, real, why);
	if (r != 0)
		return r < 0 ? r : 0;
	return add_row(k, S_ISREG(st.st_mode) && st.st_size <= limit ? MOUNT_COPY : MOUNT_RO, real, real, why);
}

/* As it is: a copy of a module is younger than what was compiled of it, and would be compiled again at each start. */
static int add_path(struct making *k, const char *path, const char *why)
{
	return add_either(k, path, -1, why);
}

/* --- tables, interpreter ------------------------------------------------------------ */

/* resolv.conf is often a link below /run: its content goes in, wherever it is now. */
static int add_copy(struct making *k, const char *path, const char *why)
{
	struct stat st;
	int r;

	if (!look(k, path, &st) || covered(k, path))
		return 0;
	if (!S_ISDIR(st.st_mode))
		return add_row(k, MOUNT_COPY, path, path, why);
	r = add_few_files(k, path, why);
	return r != 0 ? (r < 0 ? r : 0) : add_either(k, path, COPY_LIMIT, why);
}

static int add_wanted(struct making *k, size_t i)
{
	cleanup_free char *real = NULL;
	char text[PATH_MAX];

	if (wanted[i].kind == MOUNT_COPY)
		return add_copy(k, wanted[i].path, wanted[i].why);
	if (wanted[i].kind == MOUNT_SYMLINK)
		return read_link(k, wanted[i].path, text) > 0 ? add_links(k, wanted[i].path, wanted[i].why, &real) : 0;
	return exists(k, wanted[i].path) ? add_either(k, wanted[i].path, COPY_LIMIT, wanted[i].why) : 0;
}

/* A prefix that is not Python's own: ~/.local holds keyrings, below /usr the rows above decide. */
static bool is_shared_prefix(const struct making *k, const char *prefix)
{
	const char *below = k->in->home != NULL ? path_below(prefix, k->in->home) : NULL;

	return too_wide(k, prefix) || strcmp(prefix, "/usr") == 0 || strcmp(prefix, "/usr/local") == 0 || strcmp(prefix, "/opt") == 0 ||
	       (below != NULL && strcmp(below, ".local") == 0);
}

/* Only what Python needs of it. */
static int add_parts(struct making *k)
{
	const struct probe *p = &k->in->interpreter->probe;
	cleanup_free char *headers = NULL;
	int r = add_path(k, p->stdlib, "the standard library");

	if (r == 0)
		r = add_path(k, p->platstdlib, "the standard library");
	if (asprintf(&headers, "%s/include/python%s", p->prefix, p->version) < 0)
		return -ENOMEM;
	return r < 0 || k->profile == MINIMAL ? r : add_path(k, headers, "headers of the interpreter");
}

static int add_prefix(struct making *k)
{
	static const char *const stores[] = { "/nix/store", "/gnu/store" };
	const struct probe *p = &k->in->interpreter->probe;

	if (covered(k, p->stdlib) && covered(k, p->platstdlib))
		return 0;
	/* Programs there are linked with libraries anywhere in the store, and nothing in it is secret. */
	for (size_t i = 0; i < sizeof(stores) / sizeof(stores[0]); i++)
		if (path_is_within(p->prefix, stores[i]))
			return add_path(k, stores[i], "the interpreter and its libraries");
	return is_shared_prefix(k, p->prefix) ? add_parts(k) : add_path(k, p->prefix, "the interpreter and its standard library");
}

static int add_interpreter(struct making *k)
{
	const struct interpreter *i = k->in->interpreter;
	cleanup_free char *versioned = NULL, *home = strndup(i->found, (size_t) (path_base(i->found) - i->found - 1));
	/* Debian's is a link to /etc/python3.11, for the administrator to change; `site` imports it. */
	cleanup_free char *custom = path_join(i->probe.stdlib, "sitecustomize.py");
	int r = add_prefix(k);

	if (home == NULL || custom == NULL || asprintf(&versioned, "%s/python%s", home, i->probe.version) < 0)
		return -ENOMEM;
	if (r == 0 && exists(k, custom))
		r = add_path(k, custom, "settings of the interpreter");
	if (r == 0)
		r = add_path(k, i->found, "the interpreter");
	if (r == 0 && exists(k, versioned))
		r = add_path(k, versioned, "the interpreter");
	if (r == 0)
		r = add_path(k, i->executable, "the interpreter");
	if (r == 0 && i->hints != NULL)
		r = add_row(k, MOUNT_COPY, i->hints, VB_BOX_HINTS, "notes of the box, for an interpreter that is executed");
	if (r == 0 && i->libpython != NULL)
		r = add_path(k, i->libpython, "the library of the interpreter");
	for (size_t n = 0; r == 0 && n < i->probe.mapped.n; n++)
		if (path_is_clean(i->probe.mapped.v[n]))
			r = add_path(k, i->probe.mapped.v[n], "a library of the interpreter");
	return r;
}

static int add_profile(struct making *k)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < sizeof(wanted) / sizeof(wanted[0]); i++)
		if ((wanted[i].profiles & k->profile) != 0)
			r = add_wanted(k, i);
	return r < 0 ? r : add_interpreter(k);
}

int mounts_add(const struct mounts_input *in, struct manifest *m)
{
	int trouble = 0;
	struct making k = { .in = in, .m = m, .profile = MINIMAL, .trouble = &trouble };
	int r = add_profile(&k);

	k.profile = SYSTEM;
	if (r == 0)
		r = add_profile(&k);
	return r < 0 ? r : trouble;
}
