/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * command.h - which names a package may have on the host's PATH.
 *
 * What is published runs boxed. The names below are held back all the same, because
 * a program on the host would hand them a secret, or obey what they print.
 */
#ifndef VB_COMMAND_H
#define VB_COMMAND_H

#include <stdbool.h>

/* Names in bin that only venvbox-install makes and removes: interpreters, shell, activate*. */
bool command_is_installers(const char *name);

#endif
