/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "install/probe.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <string.h>
#include <sys/wait.h>

#include "common/fd.h"
#include "common/names.h"
#include "common/runprog.h"

#define LIMIT_MS 60000
#define LIMIT_BYTES 262144

/*
 * Fields end with NUL: a path holds any other byte. -S keeps .pth files out, -I the
 * environment and the working directory. The modules are imported for the libraries they are linked with:
 * an interpreter below a home or /opt may bring its own.
 */
static const char script[] =
	"import os, sys, sysconfig\n"
	"for m in ('_ssl', '_hashlib', '_ctypes', '_sqlite3', '_bz2', '_lzma', 'zlib', 'readline', '_curses', '_uuid', '_decimal'):\n"
	"    try: __import__(m)\n"
	"    except Exception: pass\n"
	"v = lambda name: str(sysconfig.get_config_var(name) or '')\n"
	"say = [sys.implementation.name, '%d.%d' % sys.version_info[:2], sys.version.replace('\\n', ' '), sys.base_prefix,\n"
	"       sysconfig.get_path('stdlib'), sysconfig.get_path('platstdlib'), v('LIBDIR'), v('LDLIBRARY'), v('INSTSONAME'), v('MULTIARCH')]\n"
	"say = [os.fsencode(s) for s in say]\n"
	"for line in open('/proc/self/maps', 'rb'):\n"
	"    path = line.rstrip(b'\\n').split(None, 5)[5:]\n"
	"    if path and path[0].startswith(b'/') and b'.so' in path[0] and path[0] not in say: say.append(path[0])\n"
	"sys.stdout.buffer.write(b''.join(s + b'\\0' for s in say))\n";

void probe_release(struct probe *p)
{
	char *const owned[] = { p->implementation, p->version, p->banner, p->prefix, p->stdlib, p->platstdlib,
				p->libdir, p->ldlibrary, p->instsoname, p->multiarch };

	for (size_t i = 0; i < sizeof(owned) / sizeof(owned[0]); i++)
		free(owned[i]);
	strv_release(&p->mapped);
	*p = (struct probe) { 0 };
}

static int unpack(const struct buf *said, struct probe *p)
{
	char **const members[] = { &p->implementation, &p->version, &p->banner, &p->prefix, &p->stdlib, &p->platstdlib,
				   &p->libdir, &p->ldlibrary, &p->instsoname, &p->multiarch };
	size_t n = 0;

	if (said->len == 0 || said->data[said->len - 1] != '\0')
		return -EBADMSG;
	for (const char *field = said->data; field < said->data + said->len; field += strlen(field) + 1, n++) {
		int r;

		if (n < sizeof(members) / sizeof(members[0]))
			r = (*members[n] = strdup(field)) != NULL ? 0 : -ENOMEM;
		else
			r = strv_add(&p->mapped, field);
		if (r < 0)
			return r;
	}
	return n >= sizeof(members) / sizeof(members[0]) ? 0 : -EBADMSG;
}

static int does_not_work(const char *executable, const struct buf *err, struct failure *f)
{
	const char *last = err->data != NULL ? err->data : "", *newline;
	cleanup_free char *line = NULL;

	while ((newline = strchr(last, '\n')) != NULL && newline[1] != '\0')
		last = newline + 1;
	line = strndup(last, strcspn(last, "\n"));
	return fail_msg(f, ENOEXEC, "repair or reinstall this Python, then make a new venv with it",
			"the base interpreter '%s' does not work: %s", executable, line != NULL && *line != '\0' ? line : "it said nothing");
}

int probe_run(const char *executable, struct probe *p, struct failure *f)
{
	char *const argv[] = { (char *) executable, (char *) "-I", (char *) "-S", (char *) "-B", (char *) "-c", (char *) script, NULL };
	const struct runprog what = { .path = executable, .argv = argv, .limit_ms = LIMIT_MS, .limit_bytes = LIMIT_BYTES };
	cleanup_buf struct buf out = { 0 };
	cleanup_buf struct buf err = { 0 };
	int status, r = runprog(&what, &out, &err, &status);

	*p = (struct probe) { 0 };
	if (r < 0)
		return fail_errno(f, -r, "repair or reinstall this Python, then make a new venv with it",
				  "cannot run the base interpreter '%s'", executable);
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		return does_not_work(executable, &err, f);
	r = unpack(&out, p);
	return r == -EBADMSG ? does_not_work(executable, &err, f) : r;
}

static int one_line(const struct buf *text, char **line)
{
	*line = strdup(text->data != NULL ? text->data : "");
	if (*line == NULL)
		return -ENOMEM;
	for (char *newline; (newline = strchr(*line, '\n')) != NULL;)
		*newline = ' ';
	for (size_t len = strlen(*line); len > 0 && (*line)[len - 1] == ' ';)
		(*line)[--len] = '\0';
	return 0;
}

/* The child: the library's own code runs at dlopen(3), so not in this process. */
static void __attribute__((noreturn)) say_version(const char *path, int to)
{
	typedef const char *version_fn(void);
	void *lib = dlopen(path, RTLD_LAZY | RTLD_LOCAL);
	version_fn *version = NULL;
	const char *text;

	if (lib != NULL)
		*(void **) &version = dlsym(lib, "Py_GetVersion");
	text = version != NULL && dlsym(lib, "Py_BytesMain") != NULL ? version() : NULL;
	_exit(text != NULL && fd_write_all(to, text, strlen(text)) == 0 ? 0 : 1);
}

int probe_library(const char *path, char **banner)
{
	cleanup_buf struct buf said = { 0 };
	cleanup_fd int from = -1, to = -1;
	int ends[2], status, r;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	from = ends[0];
	to = ends[1];
	pid = fork();
	if (pid < 0)
		return -errno;
	if (pid == 0)
		say_version(path, to);
	(void) close(take_fd(&to));
	r = runprog_hear(pid, take_fd(&from), 4096, &said, &status);
	if (r < 0 || !WIFEXITED(status) || WEXITSTATUS(status) != 0)
		return r < 0 ? r : -ELIBBAD;
	return one_line(&said, banner);
}

int probe_preload(const char *executable, const char *library, bool *takes)
{
	char *const argv[] = { (char *) executable, (char *) "-I", (char *) "-S", (char *) "-B", (char *) "-c", (char *) "import venvbox", NULL };
	cleanup_free char *preload = NULL;
	char *env[] = { NULL, (char *) VB_ENV_VENV "=/", (char *) VB_ENV_NAME "=python", NULL };
	const struct runprog what = { .path = executable, .argv = argv, .env = env, .limit_ms = LIMIT_MS, .limit_bytes = LIMIT_BYTES };
	cleanup_buf struct buf said = { 0 };
	int status, r;

	if (asprintf(&preload, "LD_PRELOAD=%s", library) < 0)
		return -ENOMEM;
	env[0] = preload;
	r = runprog(&what, &said, &said, &status);
	/* A loader that cannot take it says so. */
	*takes = r == 0 && said.len == 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0;
	/* Too little of something right now is no reason to be without for good. */
	return r == -EMFILE || r == -ENFILE || r == -EAGAIN || r == -ENOMEM || r == -EIO || r == -ECHILD ? r : 0;
}
