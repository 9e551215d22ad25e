/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "install/doctor.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include "common/fd.h"
#include "common/names.h"
#include "install/args.h"
#include "install/doctor_attack.h"
#include "install/doctor_guard.h"
#include "install/doctor_host.h"
#include "install/doctor_lab.h"
#include "install/doctor_opened.h"
#include "install/doctor_report.h"
#include "install/install.h"
#include "install/status.h"

#define NO_BOX "there is no box to attack"
#define NOT_SHOWN "mend what is not held above, and run this again"

struct doctor_job {
	const char *libexec;
	bool json;
	struct lab lab;
	struct outcome outside, inside;
	bool no_box; /* or it did not come to its end; why is in the report */
};

/* --- the attacks -------------------------------------------------------------------------- */

static int make_box(struct doctor_job *job, struct failure *f)
{
	cleanup_args struct args args = { .action = ACTION_INSTALL, .venv = strdup(job->lab.inside.venv) };
	cleanup_buf struct buf told = { 0 };

	return args.venv != NULL ? install_run(&args, job->libexec, &told, f) : -ENOMEM;
}

static int attack(struct doctor_job *job, const struct stage *stage, struct failure *f)
{
	struct lab *lab = &job->lab;
	int r = 0;

	for (enum canary_round round = ROUND_TERMINAL; r == 0 && round < ROUNDS; round++) {
		if (round == ROUND_FILE)
			r = lab_add_git(lab, f);
		/* The control first: what does not work without a box shows nothing with one. */
		if (r == 0)
			r = attack_run(stage, lab, &lab->outside, round, job->libexec, &job->outside, f);
		if (r == 0)
			r = attack_run(stage, lab, &lab->inside, round, job->libexec, &job->inside, f);
	}
	return r;
}

/* Whether there was a box to attack is a check as well, and the first. */
static void attack_box(struct doctor_job *job, const struct stage *stage, struct report *report)
{
	cleanup(failure_release) struct failure f = { 0 };
	int r = job->lab.own ? make_box(job, &f) : 0;

	if (r == 0)
		r = attack(job, stage, &f);
	job->no_box = r < 0;
	report_add(report, "run", "box", job->lab.own ? "a venv is boxed, and its programs start" : "programs of the venv start",
		   r == 0 ? RESULT_HELD : RESULT_NOT_HELD, r == 0 ? NULL : f.what != NULL ? f.what : strerror(-r), r == 0 ? NULL : f.hint);
}

/* --- what they came to ------------------------------------------------------------------------ */

/* A user's project has a .git or it has none. */
static bool is_missing(const struct lab *lab, enum canary row)
{
	return !lab->own && ((row == CANARY_make_git && lab->had_git) || (row == CANARY_write_git && !lab->had_git));
}

static void add_attacks(const struct doctor_job *job, struct report *report)
{
	for (size_t i = 0; i < CANARIES; i++) {
		const struct canary_row *row = &canary_rows[i];
		cleanup_buf struct buf detail = { 0 };
		cleanup_free char *opened = NULL;
		enum result result;

		if (job->no_box && !job->inside.facts[i].said) {
			report_add(report, row->id, row->group, row->title, RESULT_NOT_CHECKED, NO_BOX, NULL);
			continue;
		}
		if (is_missing(&job->lab, (enum canary) i)) {
			report_add(report, row->id, row->group, row->title, RESULT_INFO,
				   job->lab.had_git ? "the project has one" : "the project has none", NULL);
			continue;
		}
		opened = job->lab.own ? NULL : opened_attack(&job->lab, (enum canary) i);
		result = verdict(row, &job->outside.facts[i], &job->inside.facts[i], opened, &detail);
		report_add(report, row->id, row->group, row->title, result, detail.data, result == RESULT_NOT_CHECKED ? NOT_SHOWN : row->remedy);
	}
}

static void add_seal(struct report *report, const char *id, const char *title, const struct proc_seal *seal, bool holds, const char *opened)
{
	enum result result = !seal->known ? RESULT_NOT_CHECKED : holds ? RESULT_HELD : opened != NULL ? RESULT_OPEN : RESULT_NOT_HELD;

	report_add(report, id, "seal", title, result, !seal->known ? "the host did not see the process" : holds ? NULL : opened,
		   seal->known ? REPORT_IT : NULL);
}

/* As the host's /proc has it. A container's own filter, which we would have too, does not count. */
static void add_seals(const struct doctor_job *job, struct report *report)
{
	const struct proc_seal *program = &job->inside.program, *init = &job->inside.init, *plain = &job->outside.program;
	cleanup_free char *caps = job->lab.own ? NULL : opened_caps(&job->lab);
	const struct {
		const struct proc_seal *seal;
		const char *id[3], *title[3];
	} who[] = {
		{ program, { "seal-seccomp", "seal-no-new-privs", "seal-capabilities" },
		  { "the program runs under a filter of its own", "the program cannot gain rights (no_new_privs)", "the program has no capability" } },
		{ init, { "init-seccomp", "init-no-new-privs", "init-capabilities" },
		  { "PID 1 of the box runs under a filter of its own", "PID 1 of the box cannot gain rights (no_new_privs)", "PID 1 of the box has no capability" } },
	};

	for (size_t i = 0; i < sizeof(who) / sizeof(who[0]); i++) {
		const struct proc_seal *s = who[i].seal;

		add_seal(report, who[i].id[0], who[i].title[0], s, s->seccomp == 2 && (s->filters == 0 || s->filters > plain->filters), NULL);
		add_seal(report, who[i].id[1], who[i].title[1], s, s->no_new_privs, NULL);
		add_seal(report, who[i].id[2], who[i].title[2], s, s->no_caps, caps);
	}
}

static void add_status(const struct doctor_job *job, struct report *report)
{
	cleanup(failure_release) struct failure f = { 0 };
	cleanup_buf struct buf words = { 0 };
	enum status found;
	int r = status_run(job->lab.venv.path, job->libexec, &found, &words, &f);
	bool good = r == 0 && found == STATUS_BOXED;

	report_add(report, "status", "box", "the venv is as it was installed", r < 0 ? RESULT_NOT_CHECKED : good ? RESULT_HELD : RESULT_NOT_HELD,
		   r < 0 ? f.what : good ? NULL : "it is tampered with or out of date", "venvbox-install --status VENV says what is wrong");
}

/* --- the work ------------------------------------------------------------------------------------ */

static int diagnose(struct doctor_job *job, struct report *report, struct failure *f)
{
	cleanup_stage struct stage stage = { .master = -1, .slave = -1 };
	int r = stage_open(&stage, f);

	if (r == 0)
		r = lab_fill(&job->lab, f);
	if (r < 0)
		return r;
	host_check("/proc", job->libexec, report);
	if (!job->lab.own)
		add_status(job, report);
	attack_box(job, &stage, report);
	add_attacks(job, report);
	add_seals(job, report);
	if (!job->lab.own)
		opened_list(&job->lab, report);
	return 0;
}

static int write_report(const struct doctor_job *job, const struct report *report, struct buf *out)
{
	struct utsname u;

	if (!job->json)
		return report_text(report, out);
	return report_json(report, uname(&u) == 0 ? u.release : "unknown", out);
}

/* Fields that end with NUL: "1" if all held, what is wrong, the remedy, the report. */
static int work(void *arg, int fd)
{
	struct doctor_job *job = arg;
	cleanup(failure_release) struct failure f = { 0 };
	cleanup_report struct report report = { 0 };
	cleanup_buf struct buf text = { 0 };
	cleanup_buf struct buf fields = { 0 };
	int r = diagnose(job, &report, &f);

	if (r == 0)
		r = write_report(job, &report, &text);
	if (r < 0 && f.what == NULL)
		(void) fail_errno(&f, -r, NULL, "cannot examine this host");
	buf_puts(&fields, report_ok(&report) ? "1" : "0");
	buf_putc(&fields, '\0');
	buf_puts(&fields, r < 0 ? f.what : "");
	buf_putc(&fields, '\0');
	buf_puts(&fields, r < 0 && f.hint != NULL ? f.hint : "");
	buf_putc(&fields, '\0');
	buf_puts(&fields, text.data != NULL ? text.data : "");
	return fields.failed ? -ENOMEM : fd_write_all(fd, fields.data, fields.len);
}

static int unpack(const struct buf *said, enum doctor *found, struct buf *out, struct failure *f)
{
	const char *what, *hint, *text;

	if (said->len < 2)
		return -ECHILD;
	what = said->data + strlen(said->data) + 1;
	hint = what < said->data + said->len ? what + strlen(what) + 1 : what;
	text = hint < said->data + said->len ? hint + strlen(hint) + 1 : hint;
	if (*what != '\0')
		return fail_msg(f, EPROTO, *hint != '\0' ? hint : NULL, "%s", what);
	*found = said->data[0] == '1' ? DOCTOR_HELD : DOCTOR_NOT_HELD;
	buf_puts(out, text <= said->data + said->len ? text : "");
	return out->failed ? -ENOMEM : 0;
}

static int begin(void *arg, struct failure *f)
{
	return lab_begin(&((struct doctor_job *) arg)->lab, f);
}

static void end(void *arg)
{
	lab_end(&((struct doctor_job *) arg)->lab);
}

int doctor_run(const char *venv, bool json, const char *libexec, enum doctor *found, struct buf *out, struct failure *f)
{
	struct doctor_job job = { .libexec = libexec, .json = json };
	const struct guarded guarded = { .begin = begin, .work = work, .end = end, .arg = &job };
	cleanup_buf struct buf said = { 0 };
	int r;

	lab_init(&job.lab);
	r = lab_open(&job.lab, venv, f);
	if (r == 0)
		r = guard_run(&guarded, &said, f);
	if (r == 0)
		r = unpack(&said, found, out, f);
	lab_release(&job.lab);
	return r < 0 && f->what == NULL ? fail_errno(f, -r, NULL, "cannot examine this host") : r;
}
