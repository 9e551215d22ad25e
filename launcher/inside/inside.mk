# Runs in the box, under a hostile payload's eyes: small, and nothing of the host's side.
noinst_LIBRARIES += libvb-inside.a
libvb_inside_a_CFLAGS = $(AM_CFLAGS) $(CAP_CFLAGS)
libvb_inside_a_SOURCES = \
	launcher/inside/box.h \
	launcher/inside/caps.c launcher/inside/caps.h \
	launcher/inside/credit.c launcher/inside/credit.h \
	launcher/inside/filter.c launcher/inside/filter.h \
	launcher/inside/handover.c launcher/inside/handover.h \
	launcher/inside/interpreter.c launcher/inside/interpreter.h \
	launcher/inside/landlock.c launcher/inside/landlock.h \
	launcher/inside/payload.c launcher/inside/payload.h \
	launcher/inside/piphint.c launcher/inside/piphint.h \
	launcher/inside/reap.c launcher/inside/reap.h \
	launcher/inside/relay.c launcher/inside/relay.h \
	launcher/inside/seal.c launcher/inside/seal.h \
	launcher/inside/verify.c launcher/inside/verify.h

pkglibexec_PROGRAMS += venvbox-init venvbox-python venvbox-python-exec venvbox-hints.so
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

# Becomes the interpreter: by its library, or by executing it.
venvbox_python_SOURCES = launcher/inside/python.c launcher/inside/embed.c launcher/inside/embed.h $(hints)
venvbox_python_LDADD = libvb-inside.a libvb-common.a
if MUSL
venvbox_python_exec_SOURCES =
venvbox_python_exec_LINK = $(MUSL_LINK)
venvbox_python_exec_LDADD = launcher/inside/python.mo launcher/inside/embed_exec.mo libvb-musl.a $(MUSL_END)
EXTRA_venvbox_python_exec_SOURCES = launcher/inside/python.c launcher/inside/embed_exec.c
else
venvbox_python_exec_SOURCES = launcher/inside/python.c launcher/inside/embed_exec.c
venvbox_python_exec_LINK = $(CCLD) $(AM_CFLAGS) $(CFLAGS) $(venvbox_python_exec_LDFLAGS) $(LDFLAGS) -o $@
venvbox_python_exec_LDFLAGS = $(HARDEN_LDFLAGS) $(INIT_LDFLAGS)
venvbox_python_exec_LDADD = libvb-inside.a libvb-common.a
endif

# What Python programs are told; of the two sources that it includes sitecustomize.mk tells.
hints = launcher/inside/boxmodule.c launcher/inside/boxmodule.h \
	launcher/inside/hints.c launcher/inside/hints.h \
	launcher/inside/pyapi.c launcher/inside/pyapi.h

# Preloaded into an interpreter of the system, which is built without sanitizers; extension modules are to find none of our symbols.
venvbox_hints_so_SOURCES = launcher/inside/preloaded.c launcher/inside/verify.c $(hints)
venvbox_hints_so_CFLAGS = $(AM_CFLAGS) -fPIC -fvisibility=hidden $(NO_SANITIZERS)
venvbox_hints_so_LDFLAGS = $(HARDEN_LDFLAGS) -shared $(NO_SANITIZERS)
venvbox_hints_so_LDADD =
