/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * doctor_lab.h - where venvbox-install --doctor makes its attacks: decoys, a place without a box for the positive
 * controls, and a box, of a project made for it or of the user's own venv.
 *
 *   TOP/home/.ssh/id_ed25519     the decoy; HOME of every run
 *   TOP/notes, TOP/outside.notes standard input of ROUND_FILE
 *   TOP/outside/                 the scene without a box: a project with what looks like a boxed venv
 *   TOP/project/                 the scene with a box, unless a venv was named
 *   PROJECT/venvbox-doctor-*     in each scene's project: what the attacker may fill
 */
#ifndef VB_DOCTOR_LAB_H
#define VB_DOCTOR_LAB_H

#include "canary/canary.h"
#include "common/conf.h"
#include "common/failure.h"
#include "install/venv.h"

struct scene {
	bool inside;
	char *venv;
	char *project;
	char *dir;    /* CANARY_ARG_DIR */
	char *link;   /* CANARY_ARG_LINK */
	char *git;    /* CANARY_ARG_GIT; "" while the project has none */
	char *notes;
	char *socket; /* CANARY_ARG_SOCKET */
	char *mark;   /* CANARY_ARG_MARK */
};

struct lab {
	char *top;
	char *home;
	char *key;
	char *secret; /* what the key says */
	char *token;  /* the value of CANARY_ENV */
	bool own;     /* the box is of a project made for it */
	bool had_git; /* of the user's project, before */
	struct venv venv;    /* the user's; own: not open */
	struct conf conf;    /* its policy; own: the defaults */
	struct scene outside, inside;
};

void lab_init(struct lab *lab);
void lab_release(struct lab *lab);
#define cleanup_lab cleanup(lab_release)

/* venv NULL: the box is to be made. Else opens it (root becomes its owner) and reads its policy; words in f. Makes nothing. */
int lab_open(struct lab *lab, const char *venv, struct failure *f) must_check;

/* Makes TOP and the directory in the user's project. lab_end() takes away what this and all that comes after made. */
int lab_begin(struct lab *lab, struct failure *f) must_check;
void lab_end(const struct lab *lab);

/* Fills the decoys and the scene without a box; of a project of our own also a plain venv. */
int lab_fill(struct lab *lab, struct failure *f) must_check;

/* Before ROUND_FILE: gives the scenes that are ours a .git. */
int lab_add_git(struct lab *lab, struct failure *f) must_check;

#endif
