/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/remedy.h"

#include <errno.h>
#include <string.h>

#include "common/buf.h"
#include "common/log.h"
#include "common/names.h"
#include "common/path.h"
#include "host/advice.h"
#include "host/callname.h"
#include "host/policy.h"

void remedy_release(struct remedy *r)
{
	free(r->line);
	free(r->setting);
	free(r->value);
	free(r->why);
	*r = (struct remedy) { 0 };
}

/* Programs that are of no use in a box when they are shown: what they do is refused. */
static const struct {
	const char *names;
	const char *why;
} in_vain[] = {
	{ " gdb lldb strace ltrace rr gcore ", "it looks into other processes with ptrace(2), which is refused" },
	{ " perf bpftrace bpftool trace-cmd ", "it measures with calls that are refused, because they see the whole machine" },
	{ " bwrap unshare nsenter firejail podman buildah runc crun flatpak snap ", "it makes or enters namespaces, which is refused" },
	{ " mount umount fusermount fusermount3 losetup chroot pivot_root ", "it changes what is mounted or the root, which is refused" },
	{ " sudo su doas pkexec crontab at batch passwd chsh newgrp newuidmap newgidmap ", "it needs its set-user-ID bit, which has no effect in a box" },
	{ " docker docker-compose systemctl journalctl loginctl busctl dbus-send gdbus nmcli snapctl machinectl ",
	  "it asks a service of the host, which acts outside of the box" },
	{ " xdg-open gio x-www-browser sensible-browser firefox chromium google-chrome ", "it starts a program on your desktop, outside of the box" },
	{ " ssh scp sftp rsync-ssh ssh-add ssh-agent gpg gpg2 gpg-agent ", "it is for your keys, which are not for a box" },
};

static const char *why_in_vain(const char *path)
{
	cleanup_buf struct buf word = { 0 };

	buf_printf(&word, " %s ", path_base(path));
	for (size_t i = 0; !word.failed && i < sizeof(in_vain) / sizeof(in_vain[0]); i++)
		if (strstr(in_vain[i].names, word.data) != NULL)
			return in_vain[i].why;
	return NULL;
}

/* `venvbox-install VENV --setting VALUE` */
static int set(const struct remedy_of *of, const char *setting, const char *value, struct remedy *r)
{
	cleanup_buf struct buf option = { 0 };
	cleanup_buf struct buf line = { 0 };

	buf_printf(&option, "--%s", setting);
	if (option.failed)
		return -ENOMEM;
	r->line = strdup(log_command(&line, of->venv, option.data, value));
	r->setting = strdup(setting);
	r->value = strdup(value);
	return r->line && r->setting && r->value ? 0 : -ENOMEM;
}

static int explain(struct remedy *r, const char *why)
{
	r->why = strdup(why);
	return r->why != NULL ? 0 : -ENOMEM;
}

static int explain_two(struct remedy *r, const char *what, const char *why)
{
	cleanup_buf struct buf text = { 0 };

	buf_printf(&text, "%s: %s", what, why);
	r->why = buf_take(&text);
	return r->why != NULL ? 0 : -ENOMEM;
}

static int take_line(struct remedy *r, struct buf *line)
{
	r->line = buf_take(line);
	return r->line != NULL ? 0 : -ENOMEM;
}

/* A device node works through --dev-bind alone: other mounts of a box are nodev. */
static int remedy_device(const struct remedy_of *of, const char *path, struct remedy *r)
{
	cleanup_buf struct buf line = { 0 };
	cleanup_buf struct buf command = { 0 };
	int r2;

	r->unwise = true;
	r2 = explain(r, advice_words(ADVICE_DEVICE));
	if (r2 < 0 || !advice_is_usual_device(path))
		return r2;
	buf_printf(&line, "%s --dev-bind-try ", log_command(&command, of->venv, NULL, NULL));
	log_shell_quote(&line, path);
	buf_putc(&line, ' ');
	log_shell_quote(&line, path);
	return take_line(r, &line);
}

/* Below HOME the box has the same names at another place; a link there may lead anywhere. */
static bool is_of_home(const struct remedy_of *of, const struct denial *d)
{
	const char *inside = path_below(d->what, of->box_home);
	const char *outside = of->real_home != NULL ? path_below(d->real, of->real_home) : NULL;

	return inside != NULL && outside != NULL && path_is_within(inside, outside);
}

/* For the box's own Python: of mkdir(1) and ln(1) a box has none. What the program has made there since is kept under another name. */
#define MAKE_LINK "import os, sys; at, link = sys.argv[1:]; os.makedirs(os.path.dirname(link), exist_ok=True); " \
	"os.path.lexists(link) and os.rename(link, link + \"~\"); os.symlink(at, link)"

/*
 * Shown at its own path, to which a link below HOME leads. The box makes that itself: a mount below HOME would need a mount point where a box
 * can write, and the HOME of the box is mounted over it.
 */
static int remedy_home(const struct remedy_of *of, const struct denial *d, struct remedy *r)
{
	cleanup_buf struct buf line = { 0 };
	cleanup_buf struct buf command = { 0 };
	cleanup_free char *python = path_join(of->venv, "bin/python");
	cleanup_free char *link = path_join(of->box_home, path_below(d->real, of->real_home));

	if (python == NULL || link == NULL)
		return -ENOMEM;
	log_shell_quote(&line, python);
	buf_puts(&line, " -c ");
	log_shell_quote(&line, MAKE_LINK);
	buf_putc(&line, ' ');
	log_shell_quote(&line, d->real);
	buf_putc(&line, ' ');
	log_shell_quote(&line, link);
	buf_printf(&line, " && %s", log_command(&command, of->venv, purpose_writes(d->purpose) ? "--rw" : "--ro", d->real));
	return take_line(r, &line);
}

/* The name below the project that is protected, as --unprotect takes it: owned by the caller. NULL: none. */
static char *protected_name(const struct remedy_of *of, const char *path)
{
	const char *below = path_below(path, of->project);

	if (below == NULL)
		return NULL;
	for (size_t i = 0; i < of->nested->n; i++)
		if (path_is_within(below, of->nested->v[i]))
			return strdup(of->nested->v[i]);
	for (const struct protected_name *p = policy_protected; p->name != NULL; p++)
		if (path_is_within(below, p->name))
			return strdup(p->name);
	return NULL;
}

static int remedy_protected(const struct remedy_of *of, const char *name, struct remedy *r)
{
	r->unwise = true;
	if (explain(r, "what is written there is run, or obeyed, by programs outside of the box") < 0)
		return -ENOMEM;
	return set(of, "unprotect", name, r);
}

static int remedy_path(const struct remedy_of *of, const struct denial *d, struct remedy *r)
{
	bool write = purpose_writes(d->purpose);
	enum advice_kind advice = advice_classify(d->real, write, of->real_home);
	cleanup_free char *name = protected_name(of, d->real);

	if (d->is_bytecode)
		return explain(r, "another program could hide its code there; pip compiles what it installs, and uv with --compile-bytecode");
	if (path_is_within(d->real, of->venv))
		return explain(r, "programs do not write the venv; pip does, run from it");
	if (name != NULL)
		return remedy_protected(of, name, r);
	if (advice == ADVICE_DEVICE)
		return remedy_device(of, d->real, r);
	if (advice != ADVICE_LINE) {
		r->unwise = true;
		return explain_two(r, advice_what(d->real, write, of->real_home), advice_words(advice));
	}
	if (is_of_home(of, d))
		return remedy_home(of, d, r);
	return set(of, write ? "rw" : "ro", d->real, r);
}

static int remedy_program(const struct remedy_of *of, const struct denial *d, struct remedy *r)
{
	const char *why = why_in_vain(d->real);

	if (why != NULL) {
		r->unwise = true;
		return explain(r, why);
	}
	return remedy_path(of, d, r);
}

/* The directory: a server that starts again makes its socket anew. To connect takes no writable mount. */
static int remedy_socket(const struct remedy_of *of, const struct denial *d, struct remedy *r)
{
	cleanup_free char *dir = NULL;
	cleanup_free char *named = NULL;
	struct denial place = *d;

	if (d->real == NULL) {
		r->unwise = true;
		return explain(r, "abstract sockets of the host have no path that could be shown, and who answers there acts outside of the box");
	}
	dir = path_clean(d->real, "..");
	named = path_clean(d->what, "..");
	if (dir == NULL || named == NULL)
		return -ENOMEM;
	place.purpose = PURPOSE_READ;
	if (advice_classify(d->real, false, of->real_home) == ADVICE_LINE && advice_classify(dir, false, of->real_home) == ADVICE_LINE) {
		place.real = dir;
		place.what = named;
		place.is_dir = true;
	}
	return remedy_path(of, &place, r);
}

static int remedy_port(const struct remedy_of *of, const struct denial *d, struct remedy *r)
{
	cleanup_buf struct buf line = { 0 };
	cleanup_buf struct buf command = { 0 };

	/* Over a network of its own a box can have rights, user_namespaces(7). */
	if (of->own_network) {
		buf_printf(&line, "%s --cap-add cap_net_bind_service", log_command(&command, of->venv, NULL, NULL));
		return take_line(r, &line);
	}
	buf_printf(&line, "sudo sysctl net.ipv4.ip_unprivileged_port_start=%s", d->what);
	r->unwise = true;
	if (explain(r, "a box has no rights over the host's network, as no program of yours has: take a port from 1024 on, or open them to all") < 0)
		return -ENOMEM;
	return take_line(r, &line);
}

static int remedy_call(const struct denial *d, struct remedy *r)
{
	const struct callname *name = callname_find(d->call);

	r->unwise = true;
	if (d->detail != NULL)
		return explain(r, d->detail);
	return explain(r, name != NULL ? name->why : "newer than this venvbox");
}

int remedy_find(const struct remedy_of *of, const struct denial *d, struct remedy *r)
{
	switch (d->kind) {
	case DENIED_CALL:
		return remedy_call(d, r);
	case DENIED_HIDDEN:
	case DENIED_WRITE:
		return remedy_path(of, d, r);
	case DENIED_PROGRAM:
		return remedy_program(of, d, r);
	case DENIED_SOCKET:
		return remedy_socket(of, d, r);
	case DENIED_NETWORK:
		return set(of, "network", "host", r);
	case DENIED_PORT:
		return remedy_port(of, d, r);
	case DENIED_LIMIT:
		return set(of, d->what, "none", r);
	}
	return 0;
}
