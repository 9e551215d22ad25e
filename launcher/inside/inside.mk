# Runs in the box, under a hostile payload's eyes: small, and nothing of the host's side.
noinst_LIBRARIES += libvb-inside.a
libvb_inside_a_CFLAGS = $(AM_CFLAGS) $(CAP_CFLAGS)
libvb_inside_a_SOURCES = \
	launcher/inside/box.h \
	launcher/inside/caps.c launcher/inside/caps.h \
	launcher/inside/credit.c launcher/inside/credit.h \
	launcher/inside/filter.c launcher/inside/filter.h \
	launcher/inside/handover.c launcher/inside/handover.h \
	launcher/inside/ids.c launcher/inside/ids.h \
	launcher/inside/landlock.c launcher/inside/landlock.h \
	launcher/inside/payload.c launcher/inside/payload.h \
	launcher/inside/piphint.c launcher/inside/piphint.h \
	launcher/inside/reap.c launcher/inside/reap.h \
	launcher/inside/relay.c launcher/inside/relay.h \
	launcher/inside/seal.c launcher/inside/seal.h \
	launcher/inside/verify.c launcher/inside/verify.h

pkglibexec_PROGRAMS += venvbox-init venvbox-python
if MUSL
venvbox_init_SOURCES =
venvbox_init_LINK = $(MUSL_LINK)
venvbox_init_LDADD = launcher/inside/init.mo libvb-musl.a $(MUSL_CAP) $(MUSL_END)
EXTRA_venvbox_init_SOURCES = launcher/inside/init.c
else
venvbox_init_SOURCES = launcher/inside/init.c
venvbox_init_LINK = $(CCLD) $(AM_CFLAGS) $(CFLAGS) $(venvbox_init_LDFLAGS) $(LDFLAGS) -o $@
venvbox_init_LDFLAGS = $(HARDEN_LDFLAGS) $(INIT_LDFLAGS)
venvbox_init_LDADD = libvb-inside.a libvb-common.a $(CAP_LIBS)
endif

# What Python programs are told; of the two sources that it includes sitecustomize.mk tells.
embedder = launcher/inside/python.c launcher/inside/embed.h \
	launcher/inside/boxmodule.c launcher/inside/boxmodule.h \
	launcher/inside/hints.c launcher/inside/hints.h \
	launcher/inside/pyapi.c launcher/inside/pyapi.h
venvbox_python_SOURCES = launcher/inside/embed.c $(embedder)
venvbox_python_LDADD = libvb-inside.a libvb-common.a

# The distribution's own interpreter, linked in: design.md, Interpreters. Extension modules find
# CPython's symbols in the executable (-export-dynamic), and must find none of ours there:
# a `buf_add` of ours would be taken before their own.
if STATIC_PYTHON
pkglibexec_PROGRAMS += venvbox-python-static
venvbox_python_static_SOURCES = launcher/inside/embed_static.c $(embedder)
venvbox_python_static_CFLAGS = $(AM_CFLAGS) -fno-pie -fvisibility=hidden $(STATIC_PYTHON_CFLAGS)
venvbox_python_static_LDFLAGS = $(HARDEN_LDFLAGS) -no-pie -Wl,-export-dynamic \
	-Wl,--exclude-libs,libvb-inside.a:libvb-common.a
venvbox_python_static_LDADD = libvb-inside.a libvb-common.a $(STATIC_PYTHON_LIBS)
endif
