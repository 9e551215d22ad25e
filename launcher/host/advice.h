/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * advice.h - may people be advised to show a path of the host to a box? By name alone: the disk is not asked.
 *
 * It keeps us from handing out lines that give the box away. It forbids nothing: --ro and --rw take what they are given.
 */
#ifndef VB_ADVICE_H
#define VB_ADVICE_H

#include <stdbool.h>

enum advice_kind {
	ADVICE_LINE,    /* nothing speaks against it: name the setting */
	ADVICE_SECRET,  /* keys, tokens, what others wrote for themselves */
	ADVICE_SOCKET,  /* somebody outside of the box answers there, with the user's rights or more */
	ADVICE_WIDE,    /* it holds such things beside what is wanted */
	ADVICE_PERSIST, /* for writing: it is run, or obeyed, outside of the box later */
	ADVICE_DEVICE,
	ADVICE_KERNEL,  /* /proc and /sys of the host */
};

/* path: clean, absolute. write: it was to be written. home: the caller's real HOME, clean; NULL or "/": none is known. */
enum advice_kind advice_classify(const char *path, bool write, const char *home);

/* For people, static: why it is unwise; NULL for ADVICE_LINE. It goes on after "not advised: ". */
const char *advice_words(enum advice_kind kind);

/* For people, static: what this very path is ("keys of ssh"), from the row that decided; NULL for ADVICE_LINE. */
const char *advice_what(const char *path, bool write, const char *home);

/* A device that Python programs are written for (cameras, graphics cards, serial lines): its line is bubblewrap's option --dev-bind-try. */
bool advice_is_usual_device(const char *path);

#endif
