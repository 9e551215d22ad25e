/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/quota.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "common/fd.h"
#include "host/ownid.h"

#define BASE_PROCESSES    1024u
#define PROCESSES_FOR_CPU 128u /* numerical libraries start a thread for each, in each of as many workers */
#define TMP_SHARE         4u /* a quarter: with /dev/shm's half that leaves memory for who uses it otherwise */

/* include/linux/threads.h */
#define RESERVED_PIDS     300u
#define PIDS_FOR_CPU      8u
#define PID_MAX_LIMIT     (4u << 20)

/* Which key is which resource limit of each process; getrlimit(2). */
static const struct {
	enum limit limit;
	int resource;
	enum limit_unit unit;
	const char *title;
} resources[] = {
	{ LIMIT_PROCESSES, RLIMIT_NPROC, UNIT_COUNT, "processes" },
	{ LIMIT_MEMORY, RLIMIT_AS, UNIT_BYTES, "memory" },
	{ LIMIT_CPU, RLIMIT_CPU, UNIT_SECONDS, "cpu" },
	{ LIMIT_FILES, RLIMIT_NOFILE, UNIT_COUNT, "files" },
	{ LIMIT_FILE_SIZE, RLIMIT_FSIZE, UNIT_BYTES, "file-size" },
};

/*
 * 6.14 (commit 7863dcc72d0f, "pid: allow pid_max to be set per pid namespace"). The version is asked: before it root's
 * write from within a box changes the host's own number, so there is no harmless way to try.
 */
static bool has_own_pid_max(void)
{
	struct utsname name;
	unsigned major, minor;

	if (uname(&name) < 0 || sscanf(name.release, "%u.%u", &major, &minor) != 2)
		return false;
	return major > 6 || (major == 6 && minor >= 14);
}

/* The kernel's list ends with the highest number, "0-7". What cannot be told is taken for many: too large a pid_max still is one. */
static uint64_t possible_cpus(void)
{
	cleanup_buf struct buf text = { 0 };
	size_t at;

	if (fd_read_file(AT_FDCWD, "/sys/devices/system/cpu/possible", 4096, &text) < 0 || text.len == 0)
		return CPU_SETSIZE;
	for (at = strcspn(text.data, "\n"); at > 0 && text.data[at - 1] >= '0' && text.data[at - 1] <= '9'; at--)
		continue;
	return strtoul(text.data + at, NULL, 10) + 1;
}

int machine_read(struct machine *m)
{
	struct sysinfo info;
	cpu_set_t set;
	uint64_t possible;

	if (sysinfo(&info) < 0)
		return -errno;
	*m = (struct machine) { .cpus = 1, .memory = (uint64_t) info.totalram * info.mem_unit, .least_pid_max = RESERVED_PIDS + 1 };
	/* EINVAL: more processors than the set holds, sched_setaffinity(2). */
	m->cpus = sched_getaffinity(0, sizeof(set), &set) == 0 ? (unsigned) CPU_COUNT(&set) : CPU_SETSIZE;
	if (own_euid() != 0)
		return 0;
	m->own_pid_max = has_own_pid_max();
	possible = possible_cpus();
	if (possible * PIDS_FOR_CPU > m->least_pid_max)
		m->least_pid_max = possible * PIDS_FOR_CPU;
	return 0;
}

static uint64_t default_processes(const struct machine *m)
{
	return BASE_PROCESSES + (uint64_t) m->cpus * PROCESSES_FOR_CPU;
}

/* The namespace counts up to it and begins again at RESERVED_PIDS; the kernel takes no less, and then the box would not start. */
static uint64_t choose_pid_max(uint64_t processes, const struct machine *m)
{
	if (!m->own_pid_max || processes > PID_MAX_LIMIT)
		return 0;
	return processes > m->least_pid_max ? processes : m->least_pid_max;
}

void quota_make(const uint64_t limits[LIMITS], const struct machine *m, bool is_root, struct quota *q)
{
	memset(q, 0, sizeof(*q));
	for (size_t i = 0; i < sizeof(resources) / sizeof(resources[0]); i++) {
		uint64_t value = limits[resources[i].limit];

		if (resources[i].limit == LIMIT_PROCESSES && value == LIMIT_DEFAULT)
			value = default_processes(m);
		if (value != LIMIT_NONE)
			q->rlimits[resources[i].resource] = value;
	}
	if (is_root && q->rlimits[RLIMIT_NPROC] != 0)
		q->pid_max = choose_pid_max(q->rlimits[RLIMIT_NPROC], m);
	if (limits[LIMIT_TMP] == LIMIT_DEFAULT)
		q->tmp = m->memory / TMP_SHARE;
	else if (limits[LIMIT_TMP] != LIMIT_NONE)
		q->tmp = q->shm = limits[LIMIT_TMP];
}

static void put_one(struct buf *out, const char *title, enum limit_unit unit, uint64_t value)
{
	if (value == 0)
		return;
	buf_printf(out, "%s%s ", out->len > 0 ? ", " : "", title);
	/* A quarter of some memory is no round number of anything. */
	if (unit == UNIT_BYTES && value > (UINT64_C(1) << 20))
		value &= ~((UINT64_C(1) << 20) - 1);
	limit_put(out, unit, value);
}

void quota_put(struct buf *out, const struct quota *q, bool is_root)
{
	cleanup_buf struct buf line = { 0 };

	for (size_t i = 0; i < sizeof(resources) / sizeof(resources[0]); i++) {
		put_one(&line, resources[i].title, resources[i].unit, q->rlimits[resources[i].resource]);
		if (resources[i].limit == LIMIT_PROCESSES && is_root && q->rlimits[RLIMIT_NPROC] != 0 && q->pid_max == 0)
			buf_puts(&line, " (does not hold for root, which needs kernel 6.14)");
	}
	put_one(&line, "/tmp", UNIT_BYTES, q->tmp);
	put_one(&line, "/dev/shm", UNIT_BYTES, q->shm);
	buf_puts(out, line.len > 0 ? line.data : "none but the caller's");
	out->failed |= line.failed;
}

const char *quota_key(unsigned resource)
{
	for (size_t i = 0; i < sizeof(resources) / sizeof(resources[0]); i++)
		if ((unsigned) resources[i].resource == resource)
			return resources[i].title;
	return NULL;
}
