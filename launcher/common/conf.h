/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * conf.h - the user's policy: .venv/venvbox/venvbox.conf, INI, sections
 * [box] and [limits], read with libinih. The keys are the long options of venvbox-install
 * without their dashes; the table below is the one list of them: --help, man page,
 * completion and README are printed from it or checked against it.
 *
 * In a value \\ \n \r \t \xNN are escapes, so that any path can be written; a blank followed by ';'
 * starts a comment. A list takes one item per line: the key again, or an indented
 * continuation line. A backslash at the end of a line goes on with the same item on the
 * next, indented line (inih takes no line of more than some 200 bytes, and says so).
 * An empty list means none. An unknown key, section or value is an error that
 * names file and line.
 */
#ifndef VB_CONF_H
#define VB_CONF_H

#include <stdbool.h>
#include <stddef.h>

#include "common/failure.h"
#include "common/limits.h"
#include "common/manifest.h"
#include "common/strv.h"

enum network {
	NETWORK_HOST,
	NETWORK_NONE,
};

struct conf {
	enum profile profile; /* of programs; pip runs use at least PROFILE_SYSTEM */
	enum network network;
	char *project;          /* NULL: the directory that holds the venv. Clean. */
	struct strv ro;         /* clean paths, bound read-only at the same place */
	struct strv rw;         /* clean paths, bound read-write at the same place */
	struct strv env;        /* variable names let in whatever they look like */
	struct strv unprotect;  /* names at the project root, or relative paths, left writable: ".git" */
	struct strv publish;    /* command names published although they shadow a system command */
	struct strv bwrap;      /* bubblewrap options and their arguments, one word each */
	uint64_t limits[LIMITS];/* LIMIT_DEFAULT, LIMIT_NONE or the number, in bytes or seconds where it has a unit */
};

enum setting_type {
	SETTING_CHOICE, /* one of choices */
	SETTING_PATH,   /* one path */
	SETTING_PATHS,
	SETTING_NAMES,
	SETTING_WORDS,  /* bubblewrap options: a line holds one option and its arguments, split at spaces;
	                 * \x20 is a blank in a word, \e alone an empty word */
	SETTING_LIMIT,  /* limit_parse() */
};

struct setting {
	const char *key;     /* of one section only */
	enum setting_type type;
	const char *metavar; /* "PATH"; for --help */
	const char *help;    /* one line */
	const char *const *choices; /* NULL-terminated, for SETTING_CHOICE; the first is the default */
	enum limit_unit unit;  /* for SETTING_LIMIT */
	const char *section; /* "box", "limits" */
	size_t offset;       /* of the member in struct conf */
	/* For a path (clean) or name: why it may not be, and the remedy in *hint; NULL: it may. */
	const char *(*refusal)(const char *value, const char **hint);
};

extern const struct setting conf_settings[]; /* ends with key NULL; those of one section stand together */
const struct setting *conf_setting(const char *key); /* NULL: none */

/* The defaults. */
void conf_init(struct conf *c);
void conf_release(struct conf *c);
#define cleanup_conf cleanup(conf_release)

/*
 * Reads the file text into *c, which holds the defaults; name is for messages. conf_load reads state_fd/venvbox.conf
 * with the same refusals as manifest_load (owner, mode, links); a missing file is the defaults.
 */
int conf_parse(const char *text, size_t len, const char *name, struct conf *c, struct failure *f) must_check;
int conf_load(int state_fd, struct conf *c, struct failure *f) must_check;

/*
 * Applies one key from the command line: a list grows (no item twice), a single value is
 * replaced. Paths are made clean below cwd (NULL: a relative one is refused). A path moves from ro to rw and back.
 * -EINVAL with words in f for a bad one.
 */
int conf_set(struct conf *c, const char *key, const char *value, const char *cwd, struct failure *f) must_check;

/*
 * Adds bubblewrap options as the words they are. One that is there already with the same arguments moves to the
 * end: later ones win. -EINVAL with words in f as bwrapopt_check().
 */
int conf_add_bwrap(struct conf *c, const struct strv *words, struct failure *f) must_check;

/* Appends the file text, with a comment per key; conf_parse reads it back to the same struct. */
int conf_write(const struct conf *c, struct buf *out) must_check;

#endif
