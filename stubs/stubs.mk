# What stands in for a command: the publisher of bin/ names, shell, synthetic passwd and group.
noinst_LIBRARIES += libvb-stubs.a
libvb_stubs_a_CFLAGS = $(AM_CFLAGS)
libvb_stubs_a_SOURCES = \
	stubs/command.c stubs/command.h \
	stubs/publish.c stubs/publish.h \
	stubs/etc.c stubs/etc.h
