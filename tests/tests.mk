# SPDX-License-Identifier: LGPL-2.1-or-later
# A unit test is one line here: its name, in the list; its source is tests/unit/NAME.c.
if HAVE_CMOCKA
UNIT_TESTS = \
	tests/unit/test_advice \
	tests/unit/test_appeared \
	tests/unit/test_args \
	tests/unit/test_bpftree \
	tests/unit/test_buf \
	tests/unit/test_bwrapopt \
	tests/unit/test_callbpf \
	tests/unit/test_called \
	tests/unit/test_callfilter \
	tests/unit/test_callids \
	tests/unit/test_callname \
	tests/unit/test_calls \
	tests/unit/test_conf \
	tests/unit/test_credit \
	tests/unit/test_denial \
	tests/unit/test_dirread \
	tests/unit/test_doctor_host \
	tests/unit/test_doctor_report \
	tests/unit/test_doctor_verdict \
	tests/unit/test_dotenv \
	tests/unit/test_env \
	tests/unit/test_etc \
	tests/unit/test_explain \
	tests/unit/test_facts \
	tests/unit/test_failure \
	tests/unit/test_fd \
	tests/unit/test_filter \
	tests/unit/test_filter_load \
	tests/unit/test_fold \
	tests/unit/test_grow \
	tests/unit/test_handover \
	tests/unit/test_hardlink \
	tests/unit/test_hostcheck \
	tests/unit/test_inputs \
	tests/unit/test_judge \
	tests/unit/test_keyfile \
	tests/unit/test_layout \
	tests/unit/test_learned \
	tests/unit/test_limits \
	tests/unit/test_linkset \
	tests/unit/test_log \
	tests/unit/test_manifest \
	tests/unit/test_mask \
	tests/unit/test_mounts \
	tests/unit/test_nested \
	tests/unit/test_notify \
	tests/unit/test_path \
	tests/unit/test_payload \
	tests/unit/test_pipcmd \
	tests/unit/test_piphint \
	tests/unit/test_plan \
	tests/unit/test_policy \
	tests/unit/test_project \
	tests/unit/test_prompt \
	tests/unit/test_publish \
	tests/unit/test_pycmd \
	tests/unit/test_quota \
	tests/unit/test_relay \
	tests/unit/test_ready \
	tests/unit/test_readycopy \
	tests/unit/test_remedy \
	tests/unit/test_rmtree \
	tests/unit/test_seal \
	tests/unit/test_secret \
	tests/unit/test_seen \
	tests/unit/test_signal_relay \
	tests/unit/test_service \
	tests/unit/test_session \
	tests/unit/test_signals \
	tests/unit/test_sources \
	tests/unit/test_spare \
	tests/unit/test_stop \
	tests/unit/test_strv \
	tests/unit/test_supervise \
	tests/unit/test_supervise_io \
	tests/unit/test_tell \
	tests/unit/test_telljson \
	tests/unit/test_telltext \
	tests/unit/test_tty \
	tests/unit/test_userfds \
	tests/unit/test_userfds_kinds \
	tests/unit/test_verify \
	tests/unit/test_watchcall \
	tests/unit/test_watcher \
	tests/unit/test_watchnet \
	tests/unit/test_wire
check_PROGRAMS += $(UNIT_TESTS)
endif
# It takes over syscall(2) to make the steps of the seal fail.
tests_unit_test_seal_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=syscall

# On a kernel without openat2(2) too.
tests_unit_test_fd_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=syscall

# The same.
tests_unit_test_judge_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=syscall

# It starts itself with AT_SECURE set.
tests_unit_test_called_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=getauxval

# It takes over nanosleep(2): a wait for a lock has an end.
tests_unit_test_mask_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=nanosleep

# Somebody fills a directory while it is moved.
tests_unit_test_spare_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=syscall,--wrap=openat

# It claims to run on other kernels.
tests_unit_test_quota_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=uname

# They play bwrap and PID 1 themselves.
FAKE_BOX = tests/unit/fakebox.c tests/unit/fakebox.h tests/unit/launched.c tests/unit/launched.h
tests_unit_test_supervise_SOURCES = tests/unit/test_supervise.c $(FAKE_BOX)
tests_unit_test_supervise_io_SOURCES = tests/unit/test_supervise_io.c $(FAKE_BOX)

# What every unit test and harness is linked with; the programs name their own.
LDADD = $(FUZZ_MAIN) libvb-host.a libvb-install.a libvb-inside.a libvb-stubs.a libvb-common.a \
	$(CMOCKA_LIBS) $(SECCOMP_LIBS) $(CAP_LIBS) $(INIH_LIBS)

# Beside the unit tests, every interpreter of this machine. MATRIX: arguments for pytest, or "no" to leave it out. (A line
# that spells the variable MAKE would be run by make -n.)
MAKE_PROGRAM = $(MAKE)
check-local: all
	@if test no = $(MATRIX) 2>/dev/null; then :; else $(SHELL) $(srcdir)/tests/compat/matrix '$(MAKE_PROGRAM)' . $(MATRIX); fi

# What would be installed, below STAGE instead. Only venvbox-install knows where the others lie: it is linked once more.
stage: all
	@test -n '$(STAGE)' || { echo 'make stage needs STAGE=DIRECTORY' >&2; exit 1; }
	$(MKDIR_P) '$(STAGE)/bin'
	$(MAKE) $(AM_MAKEFLAGS) install-pkglibexecPROGRAMS DESTDIR= pkglibexecdir='$(STAGE)/libexec/venvbox'
	$(COMPILE) -UPKGLIBEXECDIR '-DPKGLIBEXECDIR="$(STAGE)/libexec/venvbox"' -c -o '$(STAGE)/main.o' $(srcdir)/launcher/install/main.c
	$(CCLD) $(AM_CFLAGS) $(CFLAGS) $(AM_LDFLAGS) $(LDFLAGS) -o '$(STAGE)/bin/venvbox-install' '$(STAGE)/main.o' $(venvbox_install_LDADD) $(LIBS)

# CPython's own tests in a plain venv and in a box of what is installed: hours. CPYTHONS: interpreters, else all with tests that are found.
# What passed and stands in cpython.json is not run again.
check-cpython:
	$(srcdir)/tests/compat/regrtest --results cpython.json $(prefix) $(CPYTHONS)

# What is installed, against what it is measured against. BENCH: arguments, such as --short or the names of rows.
bench:
	$(srcdir)/tests/bench/run $(prefix) --json bench.json $(BENCH)
.PHONY: check-local stage check-cpython bench

EXTRA_DIST += tests/bench tests/compat tests/run tests/boxlab.py tests/conftest.py tests/doctor.py tests/installing.py \
	tests/packages.py tests/terminal.py tests/live tests/escape tests/mutate tests/mutations tests/without.c
noinst_HEADERS = tests/unit/boxroot.h tests/unit/bpf.h tests/unit/callerfds.h tests/unit/capture.h tests/unit/explained.h tests/unit/json.h \
	tests/unit/listened.h tests/unit/place.h tests/unit/scratch.h
