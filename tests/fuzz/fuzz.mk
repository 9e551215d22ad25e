# SPDX-License-Identifier: LGPL-2.1-or-later
# A harness is one line here: its name, in the list; its source is tests/fuzz/NAME.c, its stored corpus tests/fuzz/corpus/ and
# its name without "fuzz_". `make check` gives it the corpus; after `configure --enable-fuzzers`, `make fuzzers` links
# libFuzzer in the place of replay.c, and tests/fuzz/run lets it search.
FUZZERS = \
	tests/fuzz/fuzz_args \
	tests/fuzz/fuzz_bpftree \
	tests/fuzz/fuzz_bwrapopt \
	tests/fuzz/fuzz_callfilter \
	tests/fuzz/fuzz_conf \
	tests/fuzz/fuzz_dotenv \
	tests/fuzz/fuzz_env \
	tests/fuzz/fuzz_escape \
	tests/fuzz/fuzz_etc \
	tests/fuzz/fuzz_hostexplain \
	tests/fuzz/fuzz_inputs \
	tests/fuzz/fuzz_keyfile \
	tests/fuzz/fuzz_log \
	tests/fuzz/fuzz_manifest \
	tests/fuzz/fuzz_masks \
	tests/fuzz/fuzz_nested \
	tests/fuzz/fuzz_orders \
	tests/fuzz/fuzz_path \
	tests/fuzz/fuzz_payload \
	tests/fuzz/fuzz_pipargs \
	tests/fuzz/fuzz_pipconf \
	tests/fuzz/fuzz_pipenv \
	tests/fuzz/fuzz_policy \
	tests/fuzz/fuzz_probe \
	tests/fuzz/fuzz_project \
	tests/fuzz/fuzz_publish \
	tests/fuzz/fuzz_pycmd \
	tests/fuzz/fuzz_pyvenv \
	tests/fuzz/fuzz_report \
	tests/fuzz/fuzz_requirements \
	tests/fuzz/fuzz_secret \
	tests/fuzz/fuzz_status \
	tests/fuzz/fuzz_wire
if FUZZING
EXTRA_PROGRAMS = $(FUZZERS)
FUZZ_MAIN = $(FUZZ_ENGINE)
else
check_PROGRAMS += $(FUZZERS)
FUZZ_MAIN = libvb-replay.a
endif

# Their LDADD is that of the unit tests: no unit test takes replay.c's main() out of the archive.
check_LIBRARIES = libvb-replay.a
libvb_replay_a_SOURCES = tests/fuzz/replay.c tests/fuzz/fuzz.h

fuzzers: $(FUZZERS)
.PHONY: fuzzers

EXTRA_DIST += tests/fuzz/run tests/fuzz/corpus tests/fuzz/dict
noinst_HEADERS += tests/fuzz/paths.h tests/fuzz/sameconf.h tests/fuzz/scratch.h
