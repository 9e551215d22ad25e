/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * telltext.h - what was denied, for people: aligned, what programs named quoted and harmless to a terminal. Pure.
 */
#ifndef VB_TELLTEXT_H
#define VB_TELLTEXT_H

#include <stdbool.h>

#include "common/buf.h"
#include "host/denial.h"
#include "host/remedy.h"

/* One line, when it happens. */
void telltext_denied(struct buf *out, const struct denial *d, bool color);

/* The same without its beginning and end: "hidden: /x (read), from python app.py". */
void telltext_what(struct buf *out, const struct denial *d);

/* All of it, each with its remedy. */
void telltext_summary(struct buf *out, const struct remedy_of *of, const struct denials *all, bool color, bool blind);

#endif
