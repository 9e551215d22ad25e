/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "common/bwrapopt.h"

#include <string.h>

#include "common/names.h"
#include "common/path.h"

#define OURS       "the launcher makes the box, and this would open it or get in its way"
#define DESCRIPTOR "descriptors do not reach bubblewrap; bind a path instead"
#define NAMESPACES "each box has namespaces of its own"
#define OVERLAY    "an overlay would show and keep what lies below the protective mounts"
#define STATUS     "the launcher reads what bubblewrap reports"

/* Where a row says nothing of source and destination there is none. */
#define NO_PATHS .src = -1, .dest = -1

/*
 * bwrap(1) 0.8 to 0.11, in the order of its --help. New options are unknown here
 * until somebody has read what they mean, and so refused.
 */
static const struct bwrapopt options[] = {
	{ "--help", 0, BWRAPOPT_REFUSED, NO_PATHS, .why = "see bwrap(1)" },
	{ "--version", 0, BWRAPOPT_REFUSED, NO_PATHS, .why = "see: bwrap --version" },
	{ "--args", 1, BWRAPOPT_REFUSED, NO_PATHS, .why = "options that nobody checked could come that way" },
	{ "--argv0", 1, BWRAPOPT_REFUSED, NO_PATHS, .why = "bubblewrap starts PID 1 of the box, not your program" },
	{ "--level-prefix", 0, BWRAPOPT_REFUSED, NO_PATHS, .why = STATUS },

	{ "--unshare-all", 0, BWRAPOPT_NOOP, NO_PATHS },
	{ "--share-net", 0, BWRAPOPT_PASS, NO_PATHS },
	{ "--unshare-user", 0, BWRAPOPT_NOOP, NO_PATHS },
	{ "--unshare-user-try", 0, BWRAPOPT_NOOP, NO_PATHS },
	{ "--unshare-ipc", 0, BWRAPOPT_NOOP, NO_PATHS },
	{ "--unshare-pid", 0, BWRAPOPT_NOOP, NO_PATHS },
	{ "--unshare-net", 0, BWRAPOPT_PASS, NO_PATHS },
	{ "--unshare-uts", 0, BWRAPOPT_NOOP, NO_PATHS },
	{ "--unshare-cgroup", 0, BWRAPOPT_NOOP, NO_PATHS },
	{ "--unshare-cgroup-try", 0, BWRAPOPT_NOOP, NO_PATHS },
	{ "--userns", 1, BWRAPOPT_REFUSED, NO_PATHS, .why = NAMESPACES },
	{ "--userns2", 1, BWRAPOPT_REFUSED, NO_PATHS, .why = NAMESPACES },
	{ "--disable-userns", 0, BWRAPOPT_NOOP, NO_PATHS },
	{ "--assert-userns-disabled", 0, BWRAPOPT_NOOP, NO_PATHS },
	{ "--pidns", 1, BWRAPOPT_REFUSED, NO_PATHS, .why = NAMESPACES },
	{ "--uid", 1, BWRAPOPT_PASS, NO_PATHS },
	{ "--gid", 1, BWRAPOPT_PASS, NO_PATHS },
	{ "--hostname", 1, BWRAPOPT_PASS, NO_PATHS },
	{ "--chdir", 1, BWRAPOPT_CHDIR, .src = -1, .dest = 0 },
	{ "--clearenv", 0, BWRAPOPT_CLEARENV, NO_PATHS },
	{ "--setenv", 2, BWRAPOPT_SETENV, NO_PATHS },
	{ "--unsetenv", 1, BWRAPOPT_UNSETENV, NO_PATHS },
	/* bwrap itself: "Specifying --as-pid-1 and --lock-file is not permitted". */
	{ "--lock-file", 1, BWRAPOPT_REFUSED, NO_PATHS, .why = "bubblewrap cannot hold a lock when PID 1 is not its own" },
	{ "--sync-fd", 1, BWRAPOPT_REFUSED, NO_PATHS, .why = DESCRIPTOR },

	{ "--bind", 2, BWRAPOPT_BIND, .src = 0, .dest = 1, .writable = true },
	{ "--bind-try", 2, BWRAPOPT_BIND, .src = 0, .dest = 1, .optional = true, .writable = true },
	{ "--dev-bind", 2, BWRAPOPT_BIND, .src = 0, .dest = 1, .writable = true },
	{ "--dev-bind-try", 2, BWRAPOPT_BIND, .src = 0, .dest = 1, .optional = true, .writable = true },
	{ "--ro-bind", 2, BWRAPOPT_BIND, .src = 0, .dest = 1 },
	{ "--ro-bind-try", 2, BWRAPOPT_BIND, .src = 0, .dest = 1, .optional = true },
	{ "--bind-fd", 2, BWRAPOPT_REFUSED, NO_PATHS, .why = DESCRIPTOR },
	{ "--ro-bind-fd", 2, BWRAPOPT_REFUSED, NO_PATHS, .why = DESCRIPTOR },
	{ "--remount-ro", 1, BWRAPOPT_BIND, .src = -1, .dest = 0 },
	{ "--overlay-src", 1, BWRAPOPT_REFUSED, NO_PATHS, .why = OVERLAY },
	{ "--overlay", 3, BWRAPOPT_REFUSED, NO_PATHS, .why = OVERLAY },
	{ "--tmp-overlay", 1, BWRAPOPT_REFUSED, NO_PATHS, .why = OVERLAY },
	{ "--ro-overlay", 1, BWRAPOPT_REFUSED, NO_PATHS, .why = OVERLAY },
	{ "--exec-label", 1, BWRAPOPT_REFUSED, NO_PATHS, .why = OURS },
	{ "--file-label", 1, BWRAPOPT_REFUSED, NO_PATHS, .why = OURS },
	/* Elsewhere too: a second one would have the kernel's settings writable for uid 0 (core_pattern). */
	{ "--proc", 1, BWRAPOPT_REFUSED, NO_PATHS, .why = "the box has its /proc, with the kernel's settings read-only" },
	{ "--dev", 1, BWRAPOPT_BIND, .src = -1, .dest = 0 },
	{ "--tmpfs", 1, BWRAPOPT_BIND, .src = -1, .dest = 0, .writable = true },
	{ "--mqueue", 1, BWRAPOPT_BIND, .src = -1, .dest = 0 },
	{ "--dir", 1, BWRAPOPT_BIND, .src = -1, .dest = 0 },
	{ "--file", 2, BWRAPOPT_REFUSED, NO_PATHS, .why = DESCRIPTOR },
	{ "--bind-data", 2, BWRAPOPT_REFUSED, NO_PATHS, .why = DESCRIPTOR },
	{ "--ro-bind-data", 2, BWRAPOPT_REFUSED, NO_PATHS, .why = DESCRIPTOR },
	{ "--symlink", 2, BWRAPOPT_BIND, .src = -1, .dest = 1 },

	{ "--seccomp", 1, BWRAPOPT_REFUSED, NO_PATHS, .why = "SANDBOX_SECCOMP_ALLOW says which calls are allowed" },
	{ "--add-seccomp-fd", 1, BWRAPOPT_REFUSED, NO_PATHS, .why = "SANDBOX_SECCOMP_ALLOW says which calls are allowed" },
	{ "--block-fd", 1, BWRAPOPT_REFUSED, NO_PATHS, .why = DESCRIPTOR },
	{ "--userns-block-fd", 1, BWRAPOPT_REFUSED, NO_PATHS, .why = DESCRIPTOR },
	{ "--info-fd", 1, BWRAPOPT_REFUSED, NO_PATHS, .why = STATUS },
	{ "--json-status-fd", 1, BWRAPOPT_REFUSED, NO_PATHS, .why = STATUS },
	{ "--new-session", 0, BWRAPOPT_PASS, NO_PATHS },
	{ "--die-with-parent", 0, BWRAPOPT_NOOP, NO_PATHS },
	{ "--as-pid-1", 0, BWRAPOPT_NOOP, NO_PATHS },
	{ "--cap-add", 1, BWRAPOPT_CAP_ADD, NO_PATHS },
	{ "--cap-drop", 1, BWRAPOPT_CAP_DROP, NO_PATHS },
	/* These shape the operation that follows, so they keep their place among the mounts. */
	{ "--perms", 1, BWRAPOPT_BIND, NO_PATHS },
	{ "--size", 1, BWRAPOPT_BIND, NO_PATHS },
	{ "--chmod", 2, BWRAPOPT_BIND, .src = -1, .dest = 1 },
};

const struct bwrapopt *bwrapopt_find(const char *name)
{
	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
		if (strcmp(options[i].name, name) == 0)
			return &options[i];
	return NULL;
}

size_t bwrapopt_unit(const struct strv *words, size_t at)
{
	size_t len = 0;

	while (at + len < words->n) {
		const struct bwrapopt *opt = bwrapopt_find(words->v[at + len]);

		len += 1 + (opt != NULL ? opt->arity : 0);
		if (opt == NULL || opt->act != BWRAPOPT_BIND || opt->dest >= 0)
			break;
	}
	return len <= words->n - at ? len : words->n - at;
}

static const struct {
	const char *path;
	bool below; /* what lies below it is ours too */
	const char *why;
} reserved[] = {
	{ "/", false, "it would hide everything else in the box" },
	{ "/proc", true, "the box has its /proc, with the kernel's settings read-only" },
	{ VB_RUN_DIR, true, "the launcher keeps its own files there" },
};

const char *bwrapopt_reserved(const char *path)
{
	for (size_t i = 0; i < sizeof(reserved) / sizeof(reserved[0]); i++)
		if (strcmp(path, reserved[i].path) == 0 || (reserved[i].below && path_is_within(path, reserved[i].path)))
			return reserved[i].why;
	return NULL;
}

static bool has_dots(const char *path)
{
	for (const char *p = path; (p = strstr(p, "/.")) != NULL; p++)
		if (p[2 + (p[2] == '.')] == '/' || p[2 + (p[2] == '.')] == '\0')
			return true;
	return false;
}

static int check_dest(const struct bwrapopt *opt, const char *dest, struct failure *f)
{
	cleanup_free char *clean = NULL;
	const char *why;

	/* bwrap hands it to the kernel as it is: "/../oldroot" would be the host (bubblewrap#742). */
	if (dest[0] != '/' || has_dots(dest))
		return fail_msg(f, EINVAL, "write it from the root, as it is to be called inside",
				"bubblewrap option '%s': '%s' is not an absolute path without '.' and '..'", opt->name, dest);
	if (opt->act != BWRAPOPT_BIND)
		return 0;
	clean = path_clean("/", dest);
	if (clean == NULL)
		return -ENOMEM;
	why = bwrapopt_reserved(clean);
	if (why != NULL)
		return fail_msg(f, EINVAL, "mount it somewhere else", "bubblewrap option '%s' cannot be used on '%s': %s", opt->name,
				dest, why);
	return 0;
}

static int check_option(const struct bwrapopt *opt, char *const args[], struct failure *f)
{
	bool names_variable = opt->act == BWRAPOPT_SETENV || opt->act == BWRAPOPT_UNSETENV;

	if (names_variable && (args[0][0] == '\0' || strchr(args[0], '=') != NULL))
		return fail_msg(f, EINVAL, "give name and value as two words: --setenv NAME VALUE",
				"bubblewrap option '%s': '%s' is not the name of a variable", opt->name, args[0]);
	if (opt->src >= 0 && args[opt->src][0] == '\0')
		return fail_msg(f, EINVAL, "give the path on the host, then the path inside", "bubblewrap option '%s': the source is empty",
				opt->name);
	return opt->dest >= 0 ? check_dest(opt, args[opt->dest], f) : 0;
}

static int refuse_word(const char *word, struct failure *f)
{
	if (word[0] != '-')
		return fail_msg(f, EINVAL, "bubblewrap options start with '--', each argument is a word of its own",
				"'%s' is not a bubblewrap option", word);
	return fail_msg(f, EINVAL, "see bwrap(1) for its options, and the README for those that cannot be used",
			"bubblewrap option '%s' is not known here", word);
}

int bwrapopt_check(const struct strv *words, struct failure *f)
{
	for (size_t i = 0; i < words->n;) {
		const struct bwrapopt *opt = bwrapopt_find(words->v[i]);
		int r;

		if (opt == NULL)
			return refuse_word(words->v[i], f);
		if (opt->act == BWRAPOPT_REFUSED)
			return fail_msg(f, EINVAL, "leave it out", "bubblewrap option '%s' cannot be used here: %s", opt->name, opt->why);
		if (opt->arity > words->n - i - 1)
			return fail_msg(f, EINVAL, "see bwrap(1) for the arguments it takes",
					"bubblewrap option '%s' takes %u argument%s, %zu given", opt->name, opt->arity,
					opt->arity == 1 ? "" : "s", words->n - i - 1);
		r = check_option(opt, words->v + i + 1, f);
		if (r < 0)
			return r;
		i += opt->arity + 1;
	}
	return 0;
}

int bwrapopt_split(const char *text, struct strv *words)
{
	const char *separator = strchr(text, '\n') != NULL ? "\n" : " ";

	for (;;) {
		size_t len;
		int r;

		text += strspn(text, separator);
		len = strcspn(text, separator);
		if (len == 0)
			return 0;
		r = strv_take(words, strndup(text, len));
		if (r < 0)
			return r;
		text += len;
	}
}
