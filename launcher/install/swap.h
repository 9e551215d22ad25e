/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * swap.h - the one step that turns a plain venv into a boxed one, and back.
 *
 * The state is built as venvbox.new, with the directory that the host is to see in the place
 * of orig-bin, and gets its name by a rename. Then bin and venvbox/orig-bin are exchanged, which the kernel does in
 * one step (renameat2(2), RENAME_EXCHANGE). Whoever is killed before it leaves a plain venv with a
 * state that means nothing (venv_look()); after it, a boxed one. A removal exchanges again and takes the state away.
 *
 * A file system that cannot exchange (NFS, 9p) takes three renames: bin -> venvbox/swap, orig-bin ->
 * bin, swap -> orig-bin. swap_recover() finishes or undoes what was cut short.
 */
#ifndef VB_SWAP_H
#define VB_SWAP_H

#include "common/failure.h"
#include "install/venv.h"

#define SWAP_NEW "venvbox.new" /* a state that is being built */
#define SWAP_OLD "venvbox.old" /* a state that is being removed */

/* Mends what an installer that was killed left behind, and looks at the venv again. First step of each action that changes something. */
int swap_recover(struct venv *v, struct failure *f) must_check;

/* venvbox.new -> venvbox, then the exchange. On failure the venv is as it was. */
int swap_in(const struct venv *v, struct failure *f) must_check;

/* The exchange, then the state is taken away. */
int swap_out(const struct venv *v, struct failure *f) must_check;

#endif
