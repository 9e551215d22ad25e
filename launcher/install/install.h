/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * install.h - boxes a venv, or brings a boxed one up to date.
 */
#ifndef VB_INSTALL_H
#define VB_INSTALL_H

#include "common/buf.h"
#include "common/failure.h"
#include "install/args.h"

/* libexec: directory of our programs. Appends what the user is told. On failure nothing has changed. */
int install_run(const struct args *a, const char *libexec, struct buf *out, struct failure *f) must_check;

#endif
