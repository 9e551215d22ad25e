/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the user is told at the end of an installation. Names come from packages: log_escape(). */
#include <string.h>
#include <strings.h>

#include "common/log.h"
#include "common/path.h"
#include "install/job.h"
#include "install/scan.h"

static void put_row(struct buf *out, const char *title)
{
	size_t before = out->len;

	buf_printf(out, "  %s", title);
	do
		buf_putc(out, ' ');
	while (!out->failed && out->len - before < 14);
}

static void put_list(struct buf *out, const struct strv *items)
{
	for (size_t i = 0; i < items->n; i++) {
		buf_puts(out, i > 0 ? ", " : "");
		log_escape(out, items->v[i]);
	}
}

static void put_protection(const struct job_install *j, struct buf *out)
{
	const char *below = path_below(j->venv.path, j->project);

	put_row(out, "writable");
	log_escape(out, j->project);
	for (size_t i = 0; i < j->conf.rw.n; i++) {
		buf_puts(out, ", ");
		log_escape(out, j->conf.rw.v[i]);
	}
	buf_puts(out, "\n");
	put_row(out, "read-only");
	log_escape(out, below != NULL ? below : j->venv.path);
	buf_puts(out, ", .git, .env, .envrc, .vscode, .idea");
	for (size_t i = 0; i < j->manifest.nested.n && i < 5; i++) {
		buf_puts(out, ", ");
		log_escape(out, j->manifest.nested.v[i]);
	}
	if (j->manifest.nested.n > 5)
		buf_printf(out, " and %zu more repositories and venvs", j->manifest.nested.n - 5);
	buf_puts(out, "\n");
	put_row(out, "not seen");
	buf_puts(out, "your home with its keys and tokens, other projects, other processes\n");
}

/* Lists of the policy that open the box further than its defaults do. */
static void put_policy(const struct job_install *j, struct buf *out)
{
	const struct {
		const char *title;
		const struct strv *items;
	} lists[] = {
		{ "ro", &j->conf.ro }, { "env", &j->conf.env }, { "unprotect", &j->conf.unprotect },
		{ "publish", &j->conf.publish }, { "bwrap", &j->conf.bwrap },
	};

	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		if (lists[i].items->n == 0)
			continue;
		put_row(out, lists[i].title);
		put_list(out, lists[i].items);
		buf_putc(out, '\n');
	}
}

/* Those that are set; the defaults are in the manual. */
static void put_limits(const struct job_install *j, struct buf *out)
{
	bool first = true;

	for (const struct setting *s = conf_settings; s->key != NULL; s++) {
		uint64_t value;

		if (s->type != SETTING_LIMIT)
			continue;
		value = *(const uint64_t *) ((const char *) &j->conf + s->offset);
		if (value == LIMIT_DEFAULT)
			continue;
		if (first)
			put_row(out, "limits");
		buf_printf(out, "%s%s ", first ? "" : ", ", s->key);
		limit_put(out, s->unit, value);
		first = false;
	}
	if (!first)
		buf_putc(out, '\n');
}

/* A capability of the box's user namespace is none over the host's network (spec S7). */
static void put_port_hint(const struct job_install *j, struct buf *out)
{
	bool asked = false;

	for (size_t i = 0; i + 1 < j->conf.bwrap.n; i++)
		asked |= strcmp(j->conf.bwrap.v[i], "--cap-add") == 0 && strcasecmp(j->conf.bwrap.v[i + 1], "cap_net_bind_service") == 0;
	if (!asked || j->conf.network == NETWORK_NONE || strv_contains(&j->conf.bwrap, "--unshare-net"))
		return;
	buf_puts(out, "hint: with the host's network cap_net_bind_service does not open ports below 1024; the host's "
		      "net.ipv4.ip_unprivileged_port_start says which are open to all: sysctl net.ipv4.ip_unprivileged_port_start\n");
}

/* An exception to the law that nothing a box wrote is trusted outside: the user's word, but he must know whose. */
static void put_pip_cache(struct buf *out)
{
	const char *value = getenv("SANDBOX_USE_PIP_CACHE");

	if (value != NULL && *value != '\0')
		buf_puts(out, "warning: SANDBOX_USE_PIP_CACHE is set: boxes can write your own ~/.cache/pip, and a wheel poisoned there runs in "
			      "every venv that installs it, boxed or not. Unset it to give each venv a cache of its own\n");
}

static void put_notes(const struct job_install *j, struct buf *out)
{
	put_pip_cache(out);
	put_port_hint(j, out);
	if (j->project_from_file)
		buf_puts(out, "note: the project is the one that .project in the venv names\n");
	if (j->scan_cut)
		buf_printf(out, "note: the project is too large to be searched whole (%d levels, %d names, %d finds): repositories and venvs "
			   "further down can be written\n", SCAN_DEPTH, SCAN_ENTRIES, SCAN_FINDS);
	if (j->links.broken > 0)
		buf_printf(out, "note: %zu files were hard links to files outside the venv, which pip could have changed there: they are copies now\n",
			   j->links.broken);
	if (j->shared.n > 0) {
		buf_puts(out, "note: hard links, so a box can change them if their other name lies in the project (cp -p FILE NEW && mv NEW FILE): ");
		put_list(out, &j->shared);
		buf_putc(out, '\n');
	}
	if (j->links.unsought != NULL) {
		buf_puts(out, "note: not searched for hard links, for it is another file system: ");
		log_escape(out, j->links.unsought);
		buf_putc(out, '\n');
	}
	for (size_t i = 0; i < j->published.held_back.n; i++) {
		buf_puts(out, "note: held back: ");
		log_escape(out, j->published.held_back.v[i]);
		buf_putc(out, '\n');
	}
	if (j->adopted.n > 0) {
		buf_puts(out, "note: put into bin from outside since, boxed now: ");
		put_list(out, &j->adopted);
		buf_putc(out, '\n');
	}
}

static void put_next(const struct job_install *j, struct buf *out)
{
	cleanup_free char *activate = path_join(j->venv.path, "bin/activate");
	cleanup_free char *python = path_join(j->venv.path, "bin/python");

	if (activate == NULL || python == NULL) {
		out->failed = true;
		return;
	}
	buf_puts(out, "next:\n  . ");
	log_shell_quote(out, activate);
	buf_puts(out, "\n  ");
	log_shell_quote(out, python);
	buf_puts(out, " -X venvbox-verbose -c pass\n  venvbox-install --status ");
	log_shell_quote(out, j->venv.path);
	buf_putc(out, '\n');
}

int job_summary(const struct job_install *j, struct buf *out)
{
	log_escape(out, j->venv.path);
	buf_puts(out, " is boxed: every command in its bin runs in a container of its own.\n");
	put_protection(j, out);
	put_row(out, "Python");
	log_escape(out, j->manifest.python_banner);
	buf_puts(out, "\n");
	put_row(out, "");
	if (j->banner_before != NULL && strcmp(j->banner_before, j->manifest.python_banner) != 0) {
		buf_puts(out, "was ");
		log_escape(out, j->banner_before);
		buf_puts(out, "\n");
		put_row(out, "");
	}
	buf_printf(out, "%s\n", manifest_way_words(j->manifest.way));
	put_row(out, "network");
	buf_printf(out, "%s\n", j->conf.network == NETWORK_NONE ? "none" : "the host's (--network none cuts it off)");
	if (j->conf.profile == PROFILE_SYSTEM) {
		put_row(out, "profile");
		buf_puts(out, "system\n");
	}
	put_policy(j, out);
	put_limits(j, out);
	put_notes(j, out);
	put_next(j, out);
	return out->failed ? -ENOMEM : 0;
}
