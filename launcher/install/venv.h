/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * venv.h - what a directory says about being a virtual environment. Nothing in
 * it is executed, and no link in it is followed.
 */
#ifndef VB_INSTALL_VENV_H
#define VB_INSTALL_VENV_H

#include <stdbool.h>
#include <stdint.h>

#include "common/failure.h"

enum venv_shape {
	VENV_PLAIN,   /* bin is the venv's own */
	VENV_BOXED,   /* bin holds our links, and what it was lies in the state */
	VENV_NO_BIN,  /* killed in the middle of a swap on a file system that cannot exchange: swap_recover() mends it */
};

struct venv {
	char *path; /* clean, real */
	int fd;     /* O_RDONLY | O_DIRECTORY */
	enum venv_shape shape;
	char *launcher;    /* VENV_BOXED: where bin/python leads to; NULL: somebody replaced it */
	bool has_state;    /* VB_STATE is there */
	char *home;        /* pyvenv.cfg: directory of the base interpreter, clean */
	char *executable;  /* pyvenv.cfg: the base interpreter itself, clean; NULL if it does not say */
	unsigned major, minor; /* pyvenv.cfg; 0 if it does not say */
};

void venv_release(struct venv *v);
#define cleanup_venv cleanup(venv_release)

/* -EPERM in a box: it has no right to make boxes, and its venv would be no venv of the host. */
int venv_refuse_inside(struct failure *f) must_check;

/* Opens the directory and looks at its shape. Words in f. Called by root on a user's venv it makes this process that user's. */
int venv_open(const char *path, struct venv *v, struct failure *f) must_check;

/* One installer at a time; held until the venv is released. */
int venv_lock(const struct venv *v, struct failure *f) must_check;

/* Looks at bin again, after swap_recover() or a swap. */
int venv_look(struct venv *v, struct failure *f) must_check;

/* Is this text of a link a way to a launcher of venvbox, of whatever installation? */
bool venv_is_launcher(const char *target);

/* Reads pyvenv.cfg. */
int venv_read_cfg(struct venv *v, struct failure *f) must_check;

#endif
