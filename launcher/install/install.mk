noinst_LIBRARIES += libvb-install.a
libvb_install_a_CFLAGS = $(AM_CFLAGS) $(SECCOMP_CFLAGS)
libvb_install_a_SOURCES = \
	launcher/inside/calls.def \
	launcher/install/args.c launcher/install/args.h \
	launcher/install/argrules.c launcher/install/argrules.h \
	launcher/install/filter.c launcher/install/filter.h \
	launcher/install/prologue.c launcher/install/prologue.h

bin_PROGRAMS += venvbox-install
venvbox_install_SOURCES = launcher/install/main.c
venvbox_install_LDADD = libvb-install.a libvb-stubs.a libvb-common.a $(INIH_LIBS) $(SECCOMP_LIBS)

# Compiles the seccomp program of one run, so that the launcher need not hold libseccomp.
pkglibexec_PROGRAMS += venvbox-filter
venvbox_filter_SOURCES = launcher/install/filter_main.c
venvbox_filter_LDADD = libvb-install.a libvb-common.a $(SECCOMP_LIBS)
