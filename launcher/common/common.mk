# Linked by every program; returns -errno, prints nothing but log.c.
noinst_LIBRARIES += libvb-common.a
libvb_common_a_CFLAGS = $(AM_CFLAGS) $(INIH_CFLAGS)
libvb_common_a_SOURCES = \
	launcher/common/buf.c launcher/common/buf.h \
	launcher/common/bwrapopt.c launcher/common/bwrapopt.h \
	launcher/common/callids.c launcher/common/callids.h \
	launcher/common/cleanup.h \
	launcher/common/conf.c launcher/common/conf.h \
	launcher/common/conf_file.c \
	launcher/common/dirread.c launcher/common/dirread.h \
	launcher/common/escape.c launcher/common/escape.h \
	launcher/common/failure.c launcher/common/failure.h \
	launcher/common/fd.c launcher/common/fd.h \
	launcher/common/grow.h \
	launcher/common/hardlink.c launcher/common/hardlink.h \
	launcher/common/hostcheck.c launcher/common/hostcheck.h \
	launcher/common/hostexplain.c \
	launcher/common/keyfile.c launcher/common/keyfile.h \
	launcher/common/ksignal.c launcher/common/ksignal.h \
	launcher/common/learned.c launcher/common/learned.h \
	launcher/common/limits.c launcher/common/limits.h \
	launcher/common/linkset.c launcher/common/linkset.h \
	launcher/common/log.c launcher/common/log.h \
	launcher/common/manifest.c launcher/common/manifest.h \
	launcher/common/names.h \
	launcher/common/orders.c \
	launcher/common/path.c launcher/common/path.h \
	launcher/common/ready.c launcher/common/ready.h \
	launcher/common/rmtree.c \
	launcher/common/runprog.c launcher/common/runprog.h \
	launcher/common/statefile.c launcher/common/statefile.h \
	launcher/common/strv.c launcher/common/strv.h \
	launcher/common/wire.c launcher/common/wire.h
