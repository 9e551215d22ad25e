/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * strv.h - a growing vector of strings, NULL-terminated, each owned by it.
 *
 * A zeroed struct is an empty vector. v is NULL while the vector is empty and
 * nothing was ever added; use strv_argv() where execve() needs an array.
 */
#ifndef VB_STRV_H
#define VB_STRV_H

#include <stdbool.h>
#include <stddef.h>

#include "common/cleanup.h"

struct strv {
	char **v;
	size_t n;
	size_t room;
};

void strv_release(struct strv *s);
#define cleanup_strv cleanup(strv_release)

/* 0, or -ENOMEM. strv_add copies; strv_take owns str from the call on, also when it fails. */
int strv_add(struct strv *s, const char *str) must_check;
int strv_addf(struct strv *s, const char *fmt, ...) printf_like(2, 3) must_check;
int strv_take(struct strv *s, char *str) must_check;
int strv_add_all(struct strv *s, const struct strv *from) must_check;

bool strv_contains(const struct strv *s, const char *str);
bool strv_equal(const struct strv *a, const struct strv *b);
void strv_remove(struct strv *s, size_t index);
void strv_sort(struct strv *s);

/* The NULL-terminated array, never NULL; owned by s, valid until the next change. */
char **strv_argv(struct strv *s);

/*
 * Environment vectors ("NAME=value"). strv_getenv returns the value inside s,
 * or NULL. strv_setenv replaces or adds; value NULL removes the name.
 */
const char *strv_getenv(const struct strv *s, const char *name);
int strv_setenv(struct strv *s, const char *name, const char *value) must_check;

#endif
