/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * names.h - the names, numbers and paths that several programs must agree on.
 */
#ifndef VB_NAMES_H
#define VB_NAMES_H

/* Exit status of every failure that is ours and not the program's. */
#define VB_EXIT_FAILURE 125

/* Below the venv. Everything in VB_STATE is read-only inside a box. */
#define VB_STATE      "venvbox"
#define VB_MANIFEST   "manifest"      /* facts the launcher trusts instead of pyvenv.cfg */
#define VB_CONF       "venvbox.conf"  /* the user's policy, INI */
#define VB_FILTER     "filter.bpf"    /* compiled seccomp program, raw struct sock_filter[] */
#define VB_INNER_BIN  "inner-bin"     /* what the box sees as <venv>/bin */
#define VB_ORIG_BIN   "orig-bin"      /* <venv>/bin as it was before the install */
#define VB_LOCK       "lock"          /* read lock: a box runs; write lock: the last one tidies up */
#define VB_PIP_LOCK   "pip.lock"      /* write lock: one pip run at a time */
#define VB_PIP_CACHE  "pip-cache"     /* ~/.cache/pip of pip runs */
#define VB_PIP_TMP    "pip-tmp"       /* parents of /tmp of pip runs, on disk */
#define VB_ETC        "etc"           /* synthetic passwd, group, nsswitch.conf */
#define VB_LIBPYTHON  "libpython"     /* symbolic link to the shared libpython; there for EMBED_SHARED only */
#define VB_BASE_PYTHON "base-python"  /* symbolic link to the base interpreter */
#define VB_MASKS      "masks"         /* journal of the names masked for a run */
#define VB_SPARE      "spare"         /* empty directories for the next run to mask names with */
#define VB_READY      "ready"         /* directories of small files of the host's, kept for the next start */
#define VB_NESTED     "nested"        /* repositories and venvs seen below the project since the install */
#define VB_EDITABLE   "editable"      /* what was installed with -e outside the project, seen by later runs */
#define VB_LINKS_SEEN "links-seen"    /* empty; its time says which site-packages was searched for hard links */
#define VB_HOME       "home"          /* beside VB_STATE: HOME inside */
#define VB_CACHE      "cache"         /* beside VB_STATE: ~/.cache inside */

/* Programs, in libexec (PKGLIBEXECDIR). */
#define VB_LAUNCHER   "venvbox-launcher"
#define VB_INIT       "venvbox-init"
#define VB_PYTHON     "venvbox-python"      /* opens a shared libpython */
#define VB_PYTHON_EXEC "venvbox-python-exec" /* executes the base interpreter */
#define VB_HINTS      "venvbox-hints.so"    /* what that one is told, preloaded.c */
#define VB_FILTER_HELPER "venvbox-filter"

/* Inside the box. */
#define VB_RUN_DIR    "/run/venvbox"
#define VB_RUN_INIT   "/run/venvbox/init" /* for uid 0 only: PID 1 executed by path, because /proc/1/fd is covered */
#define VB_RUN_FD     "/run/venvbox/fd" /* plain files of the caller, read-only, by descriptor number */

#define VB_BOX_HINTS  "/etc/venvbox/hints.so" /* VB_HINTS; no blank and no colon, which part names in LD_PRELOAD */

/* From whoever executes the base interpreter (inside/interpreter.h) to VB_HINTS, which takes them out of the environment. */
#define VB_ENV_VENV   "VENVBOX_PRELOAD_VENV"
#define VB_ENV_NAME   "VENVBOX_PRELOAD_NAME" /* what the process is called, PR_SET_NAME */

#define VB_PAYLOAD_PID "2" /* inside: PID 1 forks once before it reaps, payload_start() */

/* The channel: descriptor of PID 1 that is its end of the SOCK_SEQPACKET pair. */
#define VB_CHANNEL_FD 3
/* From here on a number means nothing. */
#define VB_FREE_FD (VB_CHANNEL_FD + 1)

/*
 * "Am I inside?": prctl(VB_PRCTL_SEALED, 0, 0, 0, 0) fails with errno
 * VB_ERRNO_SEALED in a process that our filter holds, with EINVAL elsewhere.
 */
#define VB_PRCTL_SEALED 0x76624f58 /* "vbOX" */
#define VB_ERRNO_SEALED 4000

/* Compiled-in program that makes the containers; never taken from PATH. */
#ifndef VB_BWRAP
#define VB_BWRAP "/usr/bin/bwrap"
#endif

#endif
