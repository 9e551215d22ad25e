/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * piphint.h - pip inside a program's box, where the venv is read-only, would
 * end in a page of "Read-only file system". One line says what to do instead.
 */
#ifndef VB_PIPHINT_H
#define VB_PIPHINT_H

#include <stdbool.h>

/*
 * Does this python command line make pip change the venv: `-m pip` or a script <venv>/bin/pip*, with install or
 * uninstall? A guess for a hint, nothing depends on it; the launcher's own reading of command lines (host/pycmd.h) decides
 * policy, and is not shared because host/ and inside/ share only common/.
 */
bool piphint_is_change(int argc, char *const argv[], const char *venv);

/* Prints the hint, once per box, if it applies. Never fails. */
void piphint_say(int argc, char *const argv[], const char *venv);

#endif
