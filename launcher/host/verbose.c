/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/verbose.h"

#include <stdio.h>
#include <string.h>

#include "common/fd.h"
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
	static const char *const how[] = {
		[EMBED_STATIC] = "linked into venvbox-python-static",
		[EMBED_SHARED] = "embedded through its shared library",
		[EMBED_EXEC] = "executed after sealing",
	};

	put(out, "venv", m->venv);
	put(out, "project", m->project);
	buf_printf(out, "  %-13s Python %s, ", "interpreter", m->python_version);
	log_escape(out, m->base_executable);
	buf_printf(out, ", %s", how[m->way]);
	if (m->way == EMBED_SHARED) {
		buf_puts(out, " ");
		log_escape(out, m->libpython);
	}
	buf_putc(out, '\n');
}

static void put_mount(struct buf *out, const struct op *op)
{
	static const char *const kinds[] = {
		[OP_RO] = "read-only", [OP_RW] = "read-write", [OP_COPY] = "copy", [OP_DATA] = "fixed", [OP_SET] = "set",
		[OP_SYMLINK] = "link", [OP_TMPFS] = "empty", [OP_DIR] = "directory", [OP_PROC] = "proc", [OP_DEV] = "devices", [OP_REMOUNT_RO] = "read-only",
		[OP_WORDS] = "option",
	};

	buf_printf(out, "    %-10s ", kinds[op->kind]);
	if (op->kind == OP_WORDS) {
		for (size_t i = 0; i < op->words.n; i++) {
			buf_puts(out, i ? " " : "");
			log_shell_quote(out, op->words.v[i]);
		}
	} else {
		log_escape(out, op->dest);
	}
	if (op->source != NULL && op->kind != OP_DATA && op->kind != OP_WORDS && strcmp(op->source, op->dest) != 0) {
		buf_puts(out, op->kind == OP_SYMLINK ? " -> " : " from ");
		log_escape(out, op->source);
	}
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

static void put_withheld(struct buf *out, const struct strv *withheld)
{
	for (size_t i = 0; i < withheld->n; i++) {
		buf_puts(out, i == 0 ? "  withheld      " : ", ");
		log_escape(out, withheld->v[i]);
	}
	if (withheld->n > 0)
		buf_puts(out, "  (they look like credentials; venvbox-install --env NAME lets one in)\n");
}

int verbose_print(const struct session *s, const struct policy *policy, const struct quota *quota, const struct plan *plan,
		  const struct payload *payload)
{
	cleanup_buf struct buf out = { 0 };
	int r;

	buf_printf(&out, "venvbox: %s run\n", policy->pip_run ? "pip" : "program");
	put_interpreter(&out, &s->manifest);
	put(&out, "profile", profile_name(policy->profile));
	put(&out, "network", policy->network_unshared ? "none" : "the host's");
	put_calls(&out, policy);
	put_caps(&out, policy);
	buf_printf(&out, "  %-13s ", "limits");
	quota_put(&out, quota, geteuid() == 0);
	buf_putc(&out, '\n');
	put_withheld(&out, &payload->withheld);
	buf_puts(&out, "  the end       what is still running ends with the program, daemons too\n");
	buf_puts(&out, "  mounts\n");
	for (size_t i = 0; i < plan->n; i++)
		put_mount(&out, &plan->ops[i]);
	buf_puts(&out, "  bubblewrap (without the seal, which venvbox-init puts on where this starts a shell)\n");
	r = bwrap_print(plan, VB_BWRAP, &out);
	if (r < 0)
		return r;
	return out.failed ? -ENOMEM : fd_write_all(STDERR_FILENO, out.data, out.len);
}

void verbose_sealed(bool landlock)
{
	cleanup_buf struct buf out = { 0 };

	buf_puts(&out, "venvbox: sealed\n");
	put(&out, "Landlock", landlock ? "abstract sockets and signals of the host are out of reach"
				       : "not held: abstract sockets, unless the network is none, and signals to the caller's process group "
					 "(needs Landlock ABI 6, Linux 6.12, not disabled at boot)");
	if (!out.failed)
		(void) !fd_write_all(STDERR_FILENO, out.data, out.len);
}

void verbose_unread(void)
{
	cleanup_buf struct buf out = { 0 };

	buf_puts(&out, "venvbox: ended\n");
	put(&out, "not looked at", "directories far from the root of the project: what appeared there is not named above "
				   "(venvbox-install finds the repositories and venvs in it)");
	if (!out.failed)
		(void) !fd_write_all(STDERR_FILENO, out.data, out.len);
}
