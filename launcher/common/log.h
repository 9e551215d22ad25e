/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * log.h - lines for people on standard error. Used by the main.c of each program
 * and by what reports to the user on its behalf; nothing else prints.
 */
#ifndef VB_LOG_H
#define VB_LOG_H

#include <stdbool.h>

#include "common/buf.h"
#include "common/cleanup.h"

/* `venvbox: ` and the text as one line, escaped as failure_print() does, in one write(2). */
void log_warn(const char *fmt, ...) printf_like(1, 2);

/* Appends text so that no terminal obeys it: control characters and invalid UTF-8 become \xNN, a newline \n. */
void log_escape(struct buf *out, const char *text);

/*
 * Appends word as a POSIX shell reads it back, byte for byte: bare where that
 * is safe, '...' where it is printable, $'...' (bash, zsh, POSIX 2024; not dash) where it holds control
 * characters or invalid UTF-8: a newline within '...' would do for dash too, but a word is to stay on one line.
 */
void log_shell_quote(struct buf *out, const char *word);

/*
 * The command to paste, `venvbox-install VENV OPTION PATH`, each word quoted where it must be; without an option, option and path are
 * NULL. It is text's, which is to be empty, until that is released; never NULL.
 */
const char *log_command(struct buf *text, const char *venv, const char *option, const char *path);

#endif
