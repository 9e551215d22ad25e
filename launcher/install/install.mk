noinst_LIBRARIES += libvb-install.a
libvb_install_a_CFLAGS = $(AM_CFLAGS)
libvb_install_a_SOURCES = \
	launcher/install/args.c launcher/install/args.h

bin_PROGRAMS += venvbox-install
venvbox_install_SOURCES = launcher/install/main.c
venvbox_install_LDADD = libvb-install.a libvb-stubs.a libvb-common.a $(INIH_LIBS)
