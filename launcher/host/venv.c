/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/venv.h"

#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>

#include "common/fd.h"
#include "common/log.h"
#include "common/names.h"
#include "common/path.h"

#define MAX_LINKS 40 /* as the kernel has it: path_resolution(7) */
#define DIGITS "0123456789"
#define PI "\xf0\x9d\x9c\x8b" /* a venv of 3.14 has a command "\U0001d70bthon" */

void called_release(struct called *c)
{
	free(c->venv_real);
	free(c->name);
	free(c->program);
	free(c->argv0);
	free(c->self);
	if (c->venv_fd >= 0)
		(void) close(c->venv_fd);
	if (c->state_fd >= 0)
		(void) close(c->state_fd);
	*c = (struct called) { .venv_fd = -1, .state_fd = -1 };
}

static bool is_interpreter(const char *name)
{
	if (strcmp(name, PI "thon") == 0)
		return true;
	if (strncmp(name, "python", 6) != 0)
		return false;
	name += 6;
	if (*name == '3')
		name++;
	if (*name == '\0')
		return true;
	if (name[-1] != '3' || *name != '.' || strspn(name + 1, DIGITS) == 0)
		return false;
	name += 1 + strspn(name + 1, DIGITS);
	return strcmp(name, "") == 0 || strcmp(name, "t") == 0; /* free-threaded */
}

static int no_venv(struct failure *f)
{
	return fail_msg(f, ENOENT, "call the command by its path in the venv, for example .venv/bin/python",
			"cannot tell which venv this is");
}

static bool is_same(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

static int find_self(struct called *c, struct failure *f)
{
	char self[PATH_MAX];
	ssize_t len;

	if (c->self != NULL)
		return 0;
	len = readlink("/proc/self/exe", self, sizeof(self) - 1);
	if (len < 0)
		return fail_errno(f, errno, "mount /proc", "cannot find our own program");
	c->self = strndup(self, (size_t) len);
	return c->self != NULL ? 0 : -ENOMEM;
}

/* --- a venv that is known ------------------------------------------------------ */

/* c->venv_real is set; everything else is made from it. */
static int fill(const char *name, struct called *c, struct failure *f)
{
	cleanup_free char *bin = path_join(c->venv_real, "bin");

	c->name = strdup(name);
	c->program = bin == NULL ? NULL : path_join(bin, name);
	c->argv0 = c->program == NULL ? NULL : strdup(c->program);
	c->is_interpreter = is_interpreter(name);
	if (c->name == NULL || c->argv0 == NULL)
		return -ENOMEM;
	c->venv_fd = fd_open_nofollow(c->venv_real, O_RDONLY | O_DIRECTORY);
	if (c->venv_fd < 0)
		return fail_errno(f, -c->venv_fd, NULL, "cannot open the venv '%s'", c->venv_real);
	c->state_fd = fd_open_below(c->venv_fd, VB_STATE, O_RDONLY | O_DIRECTORY);
	if (c->state_fd < 0) {
		int r = fail_errno(f, -c->state_fd, NULL, "cannot open '%s/" VB_STATE "'", c->venv_real);
		cleanup_buf struct buf text = { 0 };

		fail_hint(f, "run: %s", log_command(&text, c->venv_real, NULL, NULL));
		return r;
	}
	return 0;
}

int called_open(const char *path, const char *name, struct called *c, struct failure *f)
{
	int r;

	*c = (struct called) { .venv_fd = -1, .state_fd = -1 };
	r = find_self(c, f);
	if (r < 0)
		return r;
	c->venv_real = realpath(path, NULL);
	r = c->venv_real == NULL ? fail_errno(f, errno, NULL, "cannot find the venv '%s'", path) : fill(name, c, f);
	if (r < 0)
		called_release(c);
	return r;
}

/* --- where a name leads ---------------------------------------------------------- */

/* One name on the way to our program, which may be the command of a venv. */
struct place {
	char *path;
	int dir_fd;       /* of the directory that holds it */
	const char *name; /* in path */
};

static void place_release(struct place *p)
{
	free(p->path);
	if (p->dir_fd >= 0)
		(void) close(p->dir_fd);
}

/* Takes path. False: it cannot be the name of a command. */
static bool place_open(struct place *p, char *path)
{
	cleanup_free char *dir = NULL;

	place_release(p);
	*p = (struct place) { .path = path, .dir_fd = -1, .name = path == NULL ? NULL : path_base(path) };
	if (path == NULL || !path_is_name(p->name))
		return false;
	/* By the kernel, not by the words: "dir/.." is the parent of what dir leads to. */
	dir = p->name == path ? strdup(".") : strndup(path, (size_t) (p->name - path));
	if (dir != NULL)
		p->dir_fd = openat(AT_FDCWD, dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return p->dir_fd >= 0;
}

static bool has_file(int dir_fd, const char *relative)
{
	struct stat st;

	return fstatat(dir_fd, relative, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode);
}

/* The venv whose "bin" this directory is, which it is in *held; NULL if the directory has another name, or none. */
static char *venv_of(int bin_fd, struct stat *held)
{
	char link[64], path[PATH_MAX];
	struct stat named;
	ssize_t len;

	(void) snprintf(link, sizeof(link), "/proc/self/fd/%d", bin_fd);
	len = readlink(link, path, sizeof(path) - 1);
	if (len < 0)
		return NULL;
	path[len] = '\0';
	/* A directory that was removed reads as "bin (deleted)"; one of that name is another's. */
	if (strcmp(path_base(path), "bin") != 0 || fstat(bin_fd, held) < 0 || lstat(path, &named) < 0 || !is_same(held, &named))
		return NULL;
	return path_clean(path, "..");
}

enum way {
	WAY_ON,
	WAY_ENDS, /* it is no link, or leads nowhere */
	WAY_SELF, /* it leads to our own program, which is no command of a venv by that name */
};

/* Follows p one link on. */
static enum way follow(struct place *p, const char *self)
{
	char text[PATH_MAX];
	ssize_t len = readlinkat(p->dir_fd, p->name, text, sizeof(text) - 1);
	char *joined;

	if (len <= 0)
		return WAY_ENDS;
	text[len] = '\0';
	if (asprintf(&joined, "%.*s%s", text[0] == '/' ? 0 : (int) (p->name - p->path), p->path, text) < 0)
		return WAY_ENDS;
	if (strcmp(joined, self) == 0) {
		free(joined);
		return WAY_SELF;
	}
	return place_open(p, joined) ? WAY_ON : WAY_ENDS;
}

/* What the names on the way have shown so far. */
struct found {
	char *name;      /* the first in the last boxed bin, NULL: none yet */
	char *boxed;     /* the venv of that bin */
	struct stat bin; /* which it is */
	char *plain;     /* a venv without manifest */
};

static void found_release(struct found *x)
{
	free(x->name);
	free(x->boxed);
	free(x->plain);
}

static bool is_that_bin(const struct found *x, int dir_fd)
{
	struct stat dir;

	return x->name != NULL && fstat(dir_fd, &dir) == 0 && is_same(&x->bin, &dir);
}

/*
 * Of several venvs on the way the last counts: what lies before it may be writable to a box, which could lay a manifest
 * of its own beside the user's bin/tool -> .venv/bin/tool.
 */
static int look(const struct place *p, struct found *x)
{
	cleanup_free char *venv = NULL;
	bool boxed = has_file(p->dir_fd, "../" VB_STATE "/" VB_MANIFEST);
	struct stat bin;

	if ((!boxed && !has_file(p->dir_fd, "../pyvenv.cfg")) || is_that_bin(x, p->dir_fd))
		return 0;
	venv = venv_of(p->dir_fd, &bin);
	if (venv == NULL)
		return 0;
	if (!boxed) {
		free(x->plain);
		x->plain = take_ptr(&venv);
		return 0;
	}
	found_release(&(struct found) { .name = x->name, .boxed = x->boxed });
	x->name = strdup(p->name);
	x->boxed = take_ptr(&venv);
	x->bin = bin;
	return x->name == NULL ? -ENOMEM : 0;
}

/* 1: c has been filled in. 0: no venv. Else -errno with words in f. */
static int conclude(struct found *x, struct called *c, struct failure *f)
{
	cleanup_buf struct buf text = { 0 };
	int r;

	if (x->name != NULL) {
		c->venv_real = take_ptr(&x->boxed);
		r = fill(x->name, c, f);
		return r < 0 ? r : 1;
	}
	if (x->plain == NULL)
		return 0;
	r = fail_msg(f, ENOENT, NULL, "'%s' has no manifest of venvbox", x->plain);
	fail_hint(f, "run: %s", log_command(&text, x->plain, NULL, NULL));
	return r;
}

/* The kernel's word, for a way that was not followed to the end. */
static bool leads_to_us(const char *path)
{
	struct stat ours, theirs;

	return stat("/proc/self/exe", &ours) == 0 && stat(path, &theirs) == 0 && is_same(&ours, &theirs);
}

/* Follows a proposed path from link to link. It must end at the program that runs: the words of a caller prove nothing. */
static int try_path(const char *path, struct called *c, struct failure *f)
{
	cleanup(place_release) struct place p = { .dir_fd = -1 };
	cleanup(found_release) struct found x = { 0 };
	enum way way = WAY_ENDS;
	int r = find_self(c, f);

	if (r == 0 && place_open(&p, strdup(path)))
		way = WAY_ON;
	for (int links = 0; r == 0 && way == WAY_ON && links <= MAX_LINKS; links++) {
		r = look(&p, &x);
		way = follow(&p, c->self);
	}
	if (r == 0 && way != WAY_SELF && !leads_to_us(path))
		return 0;
	return r < 0 ? r : conclude(&x, c, f);
}

/* As execvp(3) searches. The first program of that name, or none: a later one may be of another venv. */
static int try_search(const char *name, const char *path_env, struct called *c, struct failure *f)
{
	cleanup_free char *dirs = strdup(path_env != NULL ? path_env : "");
	char *rest = dirs, *dir;

	if (dirs == NULL)
		return -ENOMEM;
	while ((dir = strsep(&rest, ":")) != NULL) {
		cleanup_free char *path = path_join(*dir != '\0' ? dir : ".", name);
		struct stat st;

		if (path == NULL)
			return -ENOMEM;
		if (access(path, X_OK) == 0 && stat(path, &st) == 0 && S_ISREG(st.st_mode))
			return try_path(path, c, f);
	}
	return 0;
}

/* --- the call ----------------------------------------------------------------------- */

/*
 * Does the path, as it was typed, lead to the command inside too? It does if its words do: after "../" at the beginning (the
 * working directory is a real path) nothing but names, for a directory that is left again by ".." may be missing inside.
 */
static bool holds_inside(const char *typed, const char *program)
{
	char cwd[PATH_MAX];
	cleanup_free char *clean = NULL, *plain = NULL;

	if (strchr(typed, '/') == NULL || (typed[0] != '/' && (getcwd(cwd, sizeof(cwd)) == NULL || cwd[0] != '/')))
		return false;
	clean = path_clean(typed[0] == '/' ? "/" : cwd, typed);
	if (clean == NULL || strcmp(clean, program) != 0)
		return false;
	while (strncmp(typed, "../", 3) == 0 || strncmp(typed, "./", 2) == 0)
		typed += strspn(typed, ".") + 1;
	plain = path_join("/", typed);
	return plain != NULL && strstr(plain, "/../") == NULL;
}

static int choose_argv0(const char *typed, struct called *c)
{
	char *copy;

	if (typed == NULL || !holds_inside(typed, c->program))
		return 0;
	copy = strdup(typed);
	if (copy == NULL)
		return -ENOMEM;
	free(c->argv0);
	c->argv0 = copy;
	return 0;
}

int venv_find(const char *execfn, char *const argv[], const char *path_env, struct called *c, struct failure *f)
{
	const char *typed = argv[0];
	int r = 0;

	*c = (struct called) { .venv_fd = -1, .state_fd = -1 };
	/* What runs with rights that its caller does not have must not look at paths that the caller chose. */
	if (getauxval(AT_SECURE) != 0)
		return fail_msg(f, EPERM, "remove the set-user-ID bits or file capabilities of the launcher", "started with raised rights");
	/*
	 * The kernel's word comes first: it holds whatever argv[0] says (exec -a). For a #! script it is the script, and
	 * argv[0] is what stands after "#!"; after fexecve(3) it is /dev/fd/N.
	 */
	if (execfn != NULL)
		r = try_path(execfn, c, f);
	if (r == 0 && typed != NULL && strchr(typed, '/') != NULL)
		r = try_path(typed, c, f);
	else if (r == 0 && typed != NULL && path_is_name(typed))
		r = try_search(typed, path_env, c, f);
	if (r == 0)
		r = no_venv(f);
	if (r > 0)
		r = choose_argv0(typed, c);
	if (r < 0)
		called_release(c);
	return r;
}
