/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/verbose.h"

#include <stdio.h>
#include <string.h>

#include "common/log.h"
#include "common/names.h"
#include "host/bwrap.h"

static void put(struct buf *out, const char *label, const char *text)
{
	buf_printf(out, "  %-13s ", label);
	log_escape(out, text);
	buf_putc(out, '\n');
}

static void put_interpreter(struct buf *out, const struct manifest *m)
{
	put(out, "venv", m->venv);
	put(out, "project", m->project);
	buf_printf(out, "  %-13s Python %s, ", "interpreter", m->python_version);
	log_escape(out, m->base_executable);
	buf_printf(out, ", %s", manifest_way_words(m->way));
	if (m->way == EMBED_SHARED) {
		buf_puts(out, " ");
		log_escape(out, m->libpython);
	}
	buf_putc(out, '\n');
}

const char *verbose_mount_kind(enum op_kind kind)
{
	static const char *const kinds[] = {
		[OP_RO] = "read-only", [OP_RW] = "read-write", [OP_COPY] = "copy", [OP_DATA] = "fixed text", [OP_SET] = "number", [OP_SYMLINK] = "link",
		[OP_TMPFS] = "empty", [OP_DIR] = "directory", [OP_PROC] = "processes", [OP_DEV] = "devices", [OP_REMOUNT_RO] = "sealed", [OP_WORDS] = "option",
	};

	return kinds[kind];
}

void verbose_put_mount(struct buf *out, const struct op *op, int width)
{
	buf_printf(out, "%-*s ", width, verbose_mount_kind(op->kind));
	if (op->kind == OP_WORDS) {
		for (size_t i = 0; i < op->words.n; i++) {
			buf_puts(out, i > 0 ? " " : "");
			log_shell_quote(out, op->words.v[i]);
		}
		return;
	}
	log_escape(out, op->dest);
	if (op->source == NULL || op->kind == OP_DATA || strcmp(op->source, op->dest) == 0)
		return;
	buf_puts(out, op->kind == OP_SYMLINK ? " -> " : " from ");
	log_escape(out, op->source);
}

static void put_mount(struct buf *out, const struct op *op)
{
	buf_puts(out, "    ");
	verbose_put_mount(out, op, 10);
	buf_printf(out, "  (%s)\n", op->why);
}

static void put_calls(struct buf *out, const struct policy *policy)
{
	if (policy->allow_calls == NULL)
		buf_printf(out, "  %-13s %u allowed by name, the rest refused\n", "system calls", policy->manifest->calls_allowed);
	else if (*policy->allow_calls == '\0')
		put(out, "system calls", "all but what reaches the terminal and namespaces (SANDBOX_SECCOMP_ALLOW is empty)");
	else
		put(out, "system calls", "those of SANDBOX_SECCOMP_ALLOW");
}

static void put_caps(struct buf *out, const struct policy *policy)
{
	if (policy->keep_caps == 0) {
		put(out, "capabilities", "none; no_new_privs");
		return;
	}
	buf_printf(out, "  %-13s", "capabilities");
	for (size_t i = 0; i < policy->cap_words.n; i++) {
		buf_putc(out, ' ');
		log_escape(out, policy->cap_words.v[i]);
	}
	buf_puts(out, "; no_new_privs\n");
}

static void put_names(struct buf *out, const char *label, const struct strv *names, const char *why)
{
	if (names->n == 0)
		return;
	buf_printf(out, "  %-13s ", label);
	for (size_t i = 0; i < names->n; i++) {
		buf_puts(out, i == 0 ? "" : ", ");
		log_escape(out, names->v[i]);
	}
	buf_printf(out, "  (%s; venvbox-install --env NAME lets one in)\n", why);
}

int verbose_put(struct buf *out, const struct verbose_of *of)
{
	const struct policy *policy = of->policy;

	buf_printf(out, "venvbox: %s run\n", policy->pip_run ? "pip" : "program");
	put_interpreter(out, &of->session->manifest);
	put(out, "profile", profile_name(policy->profile));
	put(out, "network", policy->network_unshared ? "none" : "the host's");
	put_calls(out, policy);
	put_caps(out, policy);
	buf_printf(out, "  %-13s ", "limits");
	quota_put(out, of->quota, geteuid() == 0);
	buf_putc(out, '\n');
	put_names(out, "withheld", &of->payload->withheld, "they look like credentials");
	put_names(out, "left out", &of->payload->left_out, "not known to be set by this shell or command");
	buf_puts(out, "  the end       what is still running ends with the program, daemons too\n");
	buf_puts(out, "  mounts\n");
	for (size_t i = 0; i < of->plan->n; i++)
		if (!of->plan->ops[i].ready)
			put_mount(out, &of->plan->ops[i]);
	buf_puts(out, "  bubblewrap (without the seal, which venvbox-init puts on where this starts a shell)\n");
	return bwrap_print(of->plan, VB_BWRAP, out);
}

void verbose_put_sealed(struct buf *out, bool landlock)
{
	buf_puts(out, "venvbox: sealed\n");
	put(out, "Landlock", landlock ? "abstract sockets and signals of the host are out of reach"
				      : "not held: abstract sockets, unless the network is none, and signals to the caller's process group "
					"(needs Landlock ABI 6, Linux 6.12, not disabled at boot)");
}

void verbose_put_unread(struct buf *out)
{
	buf_puts(out, "venvbox: ended\n");
	put(out, "not looked at", "directories far from the root of the project: what appeared there is not named above "
				  "(venvbox-install finds the repositories and venvs in it)");
}
