/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "install/doctor_proc.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "canary/canary.h"
#include "common/fd.h"
#include "common/path.h"

/* argv of a process whose program is the attacker and which has the word. A zombie has no argv. */
static bool is_attacker(const char *pid, const char *mark)
{
	cleanup_buf struct buf text = { 0 };
	char path[64];

	(void) snprintf(path, sizeof(path), "/proc/%.20s/cmdline", pid);
	if (fd_read_file(AT_FDCWD, path, 1U << 20, &text) < 0 || text.len == 0 || strcmp(path_base(text.data), CANARY_NAME) != 0)
		return false;
	for (const char *word = text.data; word < text.data + text.len; word += strlen(word) + 1)
		if (strcmp(word, mark) == 0)
			return true;
	return false;
}

int proc_find(const char *mark, pid_t found[PROC_FINDS])
{
	cleanup_dir DIR *dir = opendir("/proc");
	const struct dirent *entry;
	int n = 0;

	if (dir == NULL)
		return -errno;
	while (n < PROC_FINDS && (errno = 0, entry = readdir(dir)) != NULL)
		if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9' && is_attacker(entry->d_name, mark))
			found[n++] = (pid_t) atol(entry->d_name);
	return errno != 0 ? -errno : n;
}

/* The value of a field; NULL: there is none. name: "\nPPid:\t". */
static const char *field(const char *text, const char *name)
{
	const char *at = strstr(text, name);

	return at != NULL ? at + strlen(name) : NULL;
}

static unsigned number(const char *text, const char *name)
{
	const char *value = field(text, name);

	return value != NULL ? (unsigned) strtoul(value, NULL, 10) : 0;
}

static bool has_no_caps(const char *text)
{
	static const char *const sets[] = { "\nCapInh:\t", "\nCapPrm:\t", "\nCapEff:\t", "\nCapBnd:\t", "\nCapAmb:\t" };

	for (size_t i = 0; i < sizeof(sets) / sizeof(sets[0]); i++) {
		const char *value = field(text, sets[i]);

		if (value == NULL || strtoull(value, NULL, 16) != 0)
			return false;
	}
	return true;
}

/* "NSpid: 4711 1": its numbers from our namespace down to its own. */
static bool is_first_of_its_own(const char *text)
{
	const char *value = field(text, "\nNSpid:\t");
	size_t len = value != NULL ? strcspn(value, "\n") : 0;

	return len > 2 && value[len - 2] == '\t' && value[len - 1] == '1';
}

int proc_seal(pid_t pid, struct proc_seal *seal)
{
	cleanup_buf struct buf text = { 0 };
	char path[64];
	int r;

	*seal = (struct proc_seal) { 0 };
	(void) snprintf(path, sizeof(path), "/proc/%d/status", (int) pid);
	r = fd_read_file(AT_FDCWD, path, 65536, &text);
	if (r < 0 || text.len == 0)
		return r < 0 ? r : -ESRCH;
	*seal = (struct proc_seal) {
		.known = true,
		.parent = (pid_t) number(text.data, "\nPPid:\t"),
		.is_first = is_first_of_its_own(text.data),
		.seccomp = number(text.data, "\nSeccomp:\t"),
		.filters = number(text.data, "\nSeccomp_filters:\t"),
		.no_new_privs = number(text.data, "\nNoNewPrivs:\t") == 1,
		.no_caps = has_no_caps(text.data),
	};
	return 0;
}
