/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * tty.h - the controlling terminal, after a program in the box took it.
 *
 * An interactive shell gives the terminal to its own process group and at its end back to
 * the group it found. Inside a pid namespace the latter has no number (getpgrp(2) is
 * 0), so it cannot, and its own dead group keeps the terminal (design.md, Terminal and signals).
 */
#ifndef VB_TTY_H
#define VB_TTY_H

#include <stdbool.h>

/*
 * Takes the terminal for our process group if the one that has it is dead; one that lives is
 * left alone. True: it was taken. SIGTTOU must be blocked.
 */
bool tty_take_back(void);

#endif
