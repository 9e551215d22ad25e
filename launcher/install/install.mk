# SPDX-License-Identifier: LGPL-2.1-or-later
noinst_LIBRARIES += libvb-install.a
libvb_install_a_CFLAGS = $(AM_CFLAGS) $(SECCOMP_CFLAGS)
libvb_install_a_SOURCES = \
	launcher/inside/calls.def \
	launcher/install/account.c launcher/install/account.h \
	launcher/install/args.c launcher/install/args.h \
	launcher/install/argrules.c launcher/install/argrules.h \
	launcher/install/bins.c launcher/install/bins.h \
	launcher/install/bpfleft.c launcher/install/bpfleft.h \
	launcher/install/bpftree.c launcher/install/bpftree.h \
	launcher/install/doctor.c launcher/install/doctor.h \
	launcher/install/doctor_attack.c launcher/install/doctor_attack.h \
	launcher/install/doctor_guard.c launcher/install/doctor_guard.h \
	launcher/install/doctor_host.c launcher/install/doctor_host.h \
	launcher/install/doctor_lab.c launcher/install/doctor_lab.h \
	launcher/install/doctor_opened.c launcher/install/doctor_opened.h \
	launcher/install/doctor_proc.c launcher/install/doctor_proc.h \
	launcher/install/doctor_report.c launcher/install/doctor_report.h \
	launcher/install/doctor_verdict.c launcher/install/doctor_verdict.h \
	launcher/install/doctor_watch.c launcher/install/doctor_watch.h \
	launcher/install/filter.c launcher/install/filter.h \
	launcher/install/install.c launcher/install/install.h \
	launcher/install/interpreter.c launcher/install/interpreter.h \
	launcher/install/job.c launcher/install/job.h \
	launcher/install/learn.c launcher/install/learn.h \
	launcher/install/learnrun.c launcher/install/learnrun.h \
	launcher/install/mounts.c launcher/install/mounts.h \
	launcher/install/probe.c launcher/install/probe.h \
	launcher/install/project.c launcher/install/project.h \
	launcher/install/prologue.c launcher/install/prologue.h \
	launcher/install/readycopy.c launcher/install/readycopy.h \
	launcher/install/readydirs.c launcher/install/readydirs.h \
	launcher/install/remove.c launcher/install/remove.h \
	launcher/install/scan.c launcher/install/scan.h \
	launcher/install/shared.c launcher/install/shared.h \
	launcher/install/state.c launcher/install/state.h \
	launcher/install/status.c launcher/install/status.h \
	launcher/install/summary.c \
	launcher/install/swap.c launcher/install/swap.h \
	launcher/install/venv.c launcher/install/venv.h

bin_PROGRAMS += venvbox-install
venvbox_install_SOURCES = launcher/install/main.c
venvbox_install_LDADD = libvb-install.a libvb-stubs.a libvb-common.a $(INIH_LIBS) $(SECCOMP_LIBS)

# Compiles the seccomp program of one run, so that the launcher need not hold libseccomp.
pkglibexec_PROGRAMS += venvbox-filter
venvbox_filter_SOURCES = launcher/install/filter_main.c
venvbox_filter_LDADD = libvb-install.a libvb-common.a $(SECCOMP_LIBS)
