/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * attacks.h - one function per row of canaries.def. Each runs in a process of its own.
 */
#ifndef VB_ATTACKS_H
#define VB_ATTACKS_H

#include "canary/canary.h"

#define ATTACK_TEXT 128 /* room for what an attack has to show, NUL included */

/* argv: enum canary_arg. 0: it worked, else errno, positive. text: what it found, "" for nothing. */
typedef int attack_fn(char *const argv[], char *text);

#define CANARY(symbol, ...) attack_fn attack_##symbol;
#include "canary/canaries.def"
#undef CANARY

#endif
