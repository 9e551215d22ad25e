/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "install/doctor_lab.h"

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>

#include "common/fd.h"
#include "common/log.h"
#include "common/manifest.h"
#include "common/names.h"
#include "common/path.h"

#define IN_PROJECT "venvbox-doctor-XXXXXX"
#define NEEDS_SPACE "it needs a directory that you can write, with some space: TMPDIR=DIR names another one"

/* The one of the distribution. Another one, of a user's own, is checked with a venv of it. */
static const char *const pythons[] = { "/usr/bin", "/usr/local/bin", "/bin" };

void lab_init(struct lab *lab)
{
	*lab = (struct lab) { .venv = { .fd = -1 } };
	lab->inside.inside = true;
	conf_init(&lab->conf);
}

static void release_scene(struct scene *s)
{
	char *const owned[] = { s->venv, s->project, s->dir, s->link, s->git, s->notes, s->socket, s->mark };

	for (size_t i = 0; i < sizeof(owned) / sizeof(owned[0]); i++)
		free(owned[i]);
}

void lab_release(struct lab *lab)
{
	char *const owned[] = { lab->top, lab->home, lab->key, lab->secret, lab->token };

	for (size_t i = 0; i < sizeof(owned) / sizeof(owned[0]); i++)
		free(owned[i]);
	venv_release(&lab->venv);
	conf_release(&lab->conf);
	release_scene(&lab->outside);
	release_scene(&lab->inside);
}

/* --- the user's venv --------------------------------------------------------------------- */

static int read_state(struct lab *lab, struct failure *f)
{
	cleanup_fd int state = fd_open_below(lab->venv.fd, VB_STATE, O_RDONLY | O_DIRECTORY);
	cleanup_manifest struct manifest m = { 0 };
	int r = state < 0 ? fail_errno(f, -state, NULL, "cannot open '%s/" VB_STATE "'", lab->venv.path) : manifest_load(state, &m, f);

	if (r == 0)
		r = conf_load(state, &lab->conf, f);
	if (r < 0)
		return r;
	lab->inside.venv = take_ptr(&m.venv);
	lab->inside.project = take_ptr(&m.project);
	return 0;
}

/* A .git that is a file leads to a directory elsewhere (worktrees, submodules): then the file is what git obeys. */
static int find_git(struct lab *lab)
{
	cleanup_free char *git = path_join(lab->inside.project, ".git");
	struct stat st;

	if (git == NULL)
		return -ENOMEM;
	lab->had_git = lstat(git, &st) == 0;
	if (!lab->had_git)
		lab->inside.git = strdup("");
	else
		lab->inside.git = S_ISDIR(st.st_mode) ? path_join(git, "config") : take_ptr(&git);
	return lab->inside.git != NULL ? 0 : -ENOMEM;
}

int lab_open(struct lab *lab, const char *venv, struct failure *f)
{
	cleanup_buf struct buf text = { 0 };
	int r;

	lab->own = venv == NULL;
	if (lab->own)
		return venv_refuse_inside(f);
	r = venv_open(venv, &lab->venv, f);
	if (r == 0 && lab->venv.shape != VENV_BOXED) {
		(void) fail_msg(f, EINVAL, NULL, "'%s' is not boxed", lab->venv.path);
		fail_hint(f, "box it first: %s; without a venv, --doctor makes a box of its own", log_command(&text, venv, NULL, NULL));
		return -EINVAL;
	}
	if (r == 0)
		r = read_state(lab, f);
	return r < 0 ? r : find_git(lab);
}

/* --- making ---------------------------------------------------------------------------------- */

static int random_word(char **word)
{
	uint64_t bits[2];

	if (getrandom(bits, sizeof(bits), 0) != (ssize_t) sizeof(bits))
		return -EIO;
	if (asprintf(word, "%016llx%016llx", (unsigned long long) bits[0], (unsigned long long) bits[1]) < 0)
		*word = NULL;
	return *word != NULL ? 0 : -ENOMEM;
}

/* An absolute, real directory: what the box shows at its own path has no links in it. */
static char *temporary_dir(void)
{
	const char *named = getenv("TMPDIR");
	char *real = named != NULL && named[0] == '/' ? realpath(named, NULL) : NULL;
	struct stat st;

	if (real != NULL && stat(real, &st) == 0 && S_ISDIR(st.st_mode) && access(real, W_OK | X_OK) == 0)
		return real;
	free(real);
	return realpath("/var/tmp", NULL);
}

static int make_temporary(const char *dir, char **path)
{
	*path = dir != NULL ? path_join(dir, IN_PROJECT) : NULL;
	if (*path == NULL)
		return -ENOMEM;
	if (mkdtemp(*path) == NULL) {
		int err = errno;

		free(*path);
		*path = NULL;
		return -err;
	}
	return 0;
}

int lab_begin(struct lab *lab, struct failure *f)
{
	cleanup_free char *dir = temporary_dir();
	int r = make_temporary(dir, &lab->top);

	if (r < 0)
		return fail_errno(f, -r, NEEDS_SPACE, "cannot make a directory in '%s'", dir != NULL ? dir : "/var/tmp");
	if (lab->own)
		return 0;
	r = make_temporary(lab->inside.project, &lab->inside.dir);
	return r < 0 ? fail_errno(f, -r, "the project of the venv must be writable", "cannot make a directory in '%s'", lab->inside.project) : 0;
}

static int remove_path(const char *path)
{
	cleanup_free char *dir = path_clean(path, "..");
	cleanup_fd int fd = dir != NULL ? fd_open_nofollow(dir, O_RDONLY | O_DIRECTORY) : -ENOMEM;

	return fd < 0 ? fd : fd_remove_tree(fd, path_base(path));
}

/* Only where a box did not hold is there anything: names that nobody else uses, and a .git that was not there before. */
static void sweep_venv(const struct lab *lab)
{
	static const char *const dirs[] = { ".", "bin", VB_STATE };
	cleanup_fd int project = fd_open_nofollow(lab->inside.project, O_RDONLY | O_DIRECTORY);

	for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++) {
		cleanup_fd int fd = openat(lab->venv.fd, dirs[i], O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

		if (fd >= 0)
			(void) unlinkat(fd, CANARY_PLANT, 0);
	}
	if (project < 0)
		return;
	(void) unlinkat(project, CANARY_PLANT, 0);
	(void) unlinkat(project, ".git/" CANARY_PLANT, 0);
	if (!lab->had_git && unlinkat(project, ".git/config", 0) == 0)
		(void) unlinkat(project, ".git", AT_REMOVEDIR);
}

void lab_end(const struct lab *lab)
{
	if (!lab->own && lab->inside.dir != NULL) {
		(void) !remove_path(lab->inside.dir);
		sweep_venv(lab);
	}
	if (lab->top != NULL)
		(void) !remove_path(lab->top);
}

/* --- filling ------------------------------------------------------------------------------------ */

/* A file with the directories above it, below dir. */
static int put(const char *dir, const char *name, const char *text)
{
	cleanup_free char *path = path_join(dir, name);
	cleanup_fd int fd = -1;

	if (path == NULL)
		return -ENOMEM;
	for (char *slash = path + strlen(dir) + 1; (slash = strchr(slash, '/')) != NULL; slash++) {
		*slash = '\0';
		if (mkdir(path, 0755) < 0 && errno != EEXIST)
			return -errno;
		*slash = '/';
	}
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);
	return fd < 0 ? -errno : fd_write_all(fd, text, strlen(text));
}

static int put_link(const char *target, const char *dir, const char *name)
{
	cleanup_free char *path = path_join(dir, name);

	if (path == NULL)
		return -ENOMEM;
	return symlink(target, path) < 0 ? -errno : 0;
}

static int name_scene(struct lab *lab, struct scene *s, const char *name)
{
	char notes[32];
	int r = random_word(&s->mark);

	if (r < 0)
		return r;
	(void) snprintf(notes, sizeof(notes), "%s.notes", name);
	if (s->project == NULL)
		s->project = path_join(lab->top, name);
	if (s->venv == NULL && s->project != NULL)
		s->venv = path_join(s->project, ".venv");
	if (s->git == NULL)
		s->git = strdup("");
	s->notes = path_join(lab->top, notes);
	if (asprintf(&s->socket, "venvbox-doctor-%s", s->mark) < 0)
		s->socket = NULL;
	if (s->project == NULL || s->venv == NULL || s->git == NULL || s->notes == NULL || s->socket == NULL)
		return -ENOMEM;
	if (s->dir == NULL && mkdir(s->project, 0755) < 0)
		return -errno;
	if (s->dir == NULL)
		r = make_temporary(s->project, &s->dir);
	if (r == 0)
		r = put(lab->top, notes, "what the caller reads\n");
	if (r == 0)
		r = put_link(lab->key, s->dir, "planted");
	if (r == 0)
		s->link = path_join(s->dir, "planted");
	return r == 0 && s->link == NULL ? -ENOMEM : r;
}

/* What looks like a boxed venv to the attacker. Nothing in it is ever run. */
static int fill_outside(const struct scene *s)
{
	static const char *const names[] = {
		".venv/launcher", ".venv/bin/activate", ".venv/pyvenv.cfg",
		".venv/" VB_STATE "/" VB_MANIFEST, ".venv/" VB_STATE "/" VB_CONF, ".venv/" VB_STATE "/" VB_FILTER,
	};
	int r = 0;

	for (size_t i = 0; r == 0 && i < sizeof(names) / sizeof(names[0]); i++)
		r = put(s->project, names[i], "decoy\n");
	return r < 0 ? r : put_link("../launcher", s->venv, "bin/python");
}

/* What `python3 -m venv --without-pip` makes, as far as it matters here, without waiting for it. */
static int fill_venv(const struct scene *s, struct failure *f)
{
	char python[64] = "", cfg[128];
	bool found = false;
	int r;

	for (size_t i = 0; !found && i < sizeof(pythons) / sizeof(pythons[0]); i++) {
		(void) snprintf(python, sizeof(python), "%s/python3", pythons[i]);
		(void) snprintf(cfg, sizeof(cfg), "home = %s\ninclude-system-site-packages = false\n", pythons[i]);
		found = access(python, X_OK) == 0;
	}
	if (!found)
		return fail_msg(f, ENOENT, "check a venv that is boxed: venvbox-install --doctor VENV", "there is no python3 in /usr/bin, to make a box for");
	r = put(s->project, ".venv/pyvenv.cfg", cfg);
	if (r == 0)
		r = put(s->project, ".venv/bin/activate", "# nothing\n");
	if (r == 0)
		r = put_link(python, s->venv, "bin/python");
	return r < 0 ? r : put_link("python", s->venv, "bin/python3");
}

static int fill(struct lab *lab, struct failure *f)
{
	char text[64];
	int r = random_word(&lab->secret);

	if (r == 0)
		r = random_word(&lab->token);
	if (r < 0)
		return r;
	lab->home = path_join(lab->top, "home");
	lab->key = lab->home != NULL ? path_join(lab->home, CANARY_KEY) : NULL;
	if (lab->key == NULL)
		return -ENOMEM;
	(void) snprintf(text, sizeof(text), "%s\n", lab->secret);
	r = put(lab->top, "home/" CANARY_KEY, text);
	if (r == 0)
		r = name_scene(lab, &lab->outside, "outside");
	if (r == 0)
		r = name_scene(lab, &lab->inside, "project");
	if (r == 0)
		r = fill_outside(&lab->outside);
	return r == 0 && lab->own ? fill_venv(&lab->inside, f) : r;
}

int lab_fill(struct lab *lab, struct failure *f)
{
	int r = fill(lab, f);

	return r < 0 && f->what == NULL ? fail_errno(f, -r, NEEDS_SPACE, "cannot make the decoys in '%s'", lab->top) : r;
}

static int add_git(struct scene *s)
{
	int r = put(s->project, ".git/config", "[core]\n");

	if (r < 0)
		return r;
	free(s->git);
	s->git = path_join(s->project, ".git/config");
	return s->git != NULL ? 0 : -ENOMEM;
}

int lab_add_git(struct lab *lab, struct failure *f)
{
	int r = add_git(&lab->outside);

	if (r == 0 && lab->own)
		r = add_git(&lab->inside);
	return r < 0 ? fail_errno(f, -r, NEEDS_SPACE, "cannot make a decoy .git in '%s'", lab->top) : 0;
}
