/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * canary.h - what venvbox-install --doctor and its attacker, venvbox-canary, agree on.
 *
 * The attacker gets the words of enum canary_arg, says one line per attack of its round on standard output,
 * "ID ERRNO TEXT" (0: it worked; CANARY_KILLED + N: signal N ended it), then "end 0", and waits until
 * CANARY_GO_FD is at its end. All attacks are harmless where nothing holds them: they are made outside of a box, too.
 */
#ifndef VB_CANARY_H
#define VB_CANARY_H

#include <errno.h>

enum canary_round {
	ROUND_TERMINAL,
	ROUND_FILE,
	ROUNDS,
};

enum canary_control {
	MUST_WORK,
	MAY_FAIL,
};

enum canary_judge {
	BY_BOTH,
	BY_HOST,
};

#define CANARY(symbol, ...) CANARY_##symbol,
enum canary {
#include "canary/canaries.def"
	CANARIES,
};
#undef CANARY

/* argv of the attacker. */
enum canary_arg {
	CANARY_ARG_PROGRAM,
	CANARY_ARG_MARK,    /* a word that no other process has: by it the host finds what is left behind */
	CANARY_ARG_ROUND,   /* enum canary_round, in digits */
	CANARY_ARG_PLACE,   /* "inside" or "outside" */
	CANARY_ARG_KEY,     /* the decoy key */
	CANARY_ARG_LINK,    /* a symbolic link to it in the project */
	CANARY_ARG_VENV,
	CANARY_ARG_GIT,     /* a file in the project's .git; "" if there is none */
	CANARY_ARG_PROJECT,
	CANARY_ARG_DIR,     /* a directory in the project that the attacker may fill */
	CANARY_ARG_SOCKET,  /* name of an abstract socket of the host, without the NUL before it */
	CANARY_ARGS,
};

#define CANARY_NAME    "venvbox-canary"
#define CANARY_GO_FD   8
#define CANARY_HOME_FD 9                    /* the decoy home, a directory left open */
#define CANARY_KEY     ".ssh/id_ed25519"    /* in it */
#define CANARY_PLANT   ".venvbox-doctor"    /* a new name in a directory that is to be read-only */
#define CANARY_SETUID  "setuid"             /* in CANARY_ARG_DIR */
#define CANARY_ENV     "DOCTOR_FAKE_TOKEN"
#define CANARY_SIGNAL  SIGUSR1              /* sent to the process group; the attacker ignores it */
#define CANARY_TYPED   "a"                  /* by TIOCSTI */
#define CANARY_TYPED_HIGH "b"
#define CANARY_KILLED  1000

#endif
