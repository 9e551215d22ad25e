/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/callname.h"

#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>

/* callnames.h is made of calls.def: the preprocessor cannot ask whether this architecture has a call that a macro names. */
static const struct callname names[] = {
#define NAME(number, name, action, why) { number, #name, why, ALLOWED_##action },
#define ALLOWED_START  true
#define ALLOWED_ALLOW  true
#define ALLOWED_REFUSE false
#define ALLOWED_NOSYS  false
#include "callnames.h"
};

const struct callname *callname_find(int number)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (names[i].number == number)
			return &names[i];
	return NULL;
}

static const struct {
	const char *names;
	const char *why;
} arguments[] = {
	{ " clone unshare ", "a namespace of its own, in which the kernel gives it rights that it has not here" },
	{ " socket socketpair ", "a kind of socket that few programs need and many escapes used; UNIX, TCP, UDP and routing are there" },
	{ " ioctl ", "it would type into the terminal, or reach what only this box's owner may" },
	{ " fcntl ", "a lease: it would hold up others who open the file" },
	{ " open openat creat chmod fchmod fchmodat fchmodat2 mknod mknodat ",
	  "a set-user-ID or set-group-ID bit, or a device: it would hold outside of the box" },
	{ " setpriority ioprio_set ", "the priority of other processes than itself" },
	{ " personality ", "a personality that makes memory executable or page 0 usable" },
	{ " prctl ", "a setting that reaches other processes" },
	{ " setuid setgid setreuid setregid setresuid setresgid chown fchown lchown fchownat ",
	  "the number of another user or group: a box has one of each, and no rights over others" },
};

const char *callname_arguments(const char *name)
{
	char word[64];

	(void) snprintf(word, sizeof(word), " %s ", name);
	for (size_t i = 0; i < sizeof(arguments) / sizeof(arguments[0]); i++)
		if (strstr(arguments[i].names, word) != NULL)
			return arguments[i].why;
	return NULL;
}
