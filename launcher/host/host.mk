noinst_LIBRARIES += libvb-host.a
libvb_host_a_CFLAGS = $(AM_CFLAGS)
libvb_host_a_SOURCES = \
	launcher/host/advice.c launcher/host/advice.h \
	launcher/host/aftermath.c launcher/host/aftermath.h \
	launcher/host/appeared.c launcher/host/appeared.h \
	launcher/host/box.c launcher/host/box.h \
	launcher/host/bwrap.c launcher/host/bwrap.h \
	launcher/host/callbpf.c launcher/host/callbpf.h \
	launcher/host/caller.c launcher/host/caller.h \
	launcher/host/callfilter.c launcher/host/callfilter.h \
	launcher/host/callname.c launcher/host/callname.h \
	launcher/host/capname.c launcher/host/capname.h \
	launcher/host/denial.c launcher/host/denial.h \
	launcher/host/diagnosis.c launcher/host/diagnosis.h \
	launcher/host/dotenv.c launcher/host/dotenv.h \
	launcher/host/draft.c launcher/host/draft.h \
	launcher/host/editable.c launcher/host/editable.h \
	launcher/host/env.c launcher/host/env.h \
	launcher/host/explain.c launcher/host/explain.h \
	launcher/host/explain_path.c \
	launcher/host/facts.c launcher/host/facts.h launcher/host/facts_part.h \
	launcher/host/facts_pip.c \
	launcher/host/fold.c launcher/host/fold.h \
	launcher/host/forward.c launcher/host/forward.h \
	launcher/host/handout.c launcher/host/handout.h \
	launcher/host/inputs.c launcher/host/inputs.h \
	launcher/host/judge.c launcher/host/judge.h \
	launcher/host/layout.c launcher/host/layout.h \
	launcher/host/layout_part.c launcher/host/layout_part.h \
	launcher/host/layout_protect.c \
	launcher/host/layout_system.c \
	launcher/host/mask.c launcher/host/mask.h \
	launcher/host/nested.c launcher/host/nested.h \
	launcher/host/notify.c launcher/host/notify.h \
	launcher/host/ownfiles.c launcher/host/ownfiles.h \
	launcher/host/ownid.h \
	launcher/host/payload.c launcher/host/payload.h \
	launcher/host/pipcmd.c launcher/host/pipcmd.h \
	launcher/host/piplist.c \
	launcher/host/pipopt.c launcher/host/pipopt.h \
	launcher/host/plan.c launcher/host/plan.h \
	launcher/host/policy.c launcher/host/policy.h \
	launcher/host/prompt.c launcher/host/prompt.h \
	launcher/host/pycmd.c launcher/host/pycmd.h \
	launcher/host/quota.c launcher/host/quota.h \
	launcher/host/relay.c launcher/host/relay.h \
	launcher/host/remedy.c launcher/host/remedy.h \
	launcher/host/run.c launcher/host/run.h \
	launcher/host/secret.c launcher/host/secret.h \
	launcher/host/seen.c launcher/host/seen.h \
	launcher/host/service.c launcher/host/service.h \
	launcher/host/session.c launcher/host/session.h \
	launcher/host/shield.c launcher/host/shield.h \
	launcher/host/show.c launcher/host/show.h \
	launcher/host/signals.c launcher/host/signals.h \
	launcher/host/sources.c launcher/host/sources.h \
	launcher/host/spare.c launcher/host/spare.h \
	launcher/host/spawn.c launcher/host/spawn.h \
	launcher/host/stop.c launcher/host/stop.h \
	launcher/host/supervise.c launcher/host/supervise.h \
	launcher/host/tell.c launcher/host/tell.h \
	launcher/host/telljson.c launcher/host/telljson.h \
	launcher/host/telltext.c launcher/host/telltext.h \
	launcher/host/tty.c launcher/host/tty.h \
	launcher/host/unseen.c launcher/host/unseen.h \
	launcher/host/userfds.c launcher/host/userfds.h \
	launcher/host/venv.c launcher/host/venv.h \
	launcher/host/verbose.c launcher/host/verbose.h \
	launcher/host/watchcall.c launcher/host/watchcall.h \
	launcher/host/watcher.c launcher/host/watcher.h \
	launcher/host/watchnet.c launcher/host/watchnet.h

# Which of the calls in the table this architecture has, by number.
BUILT_SOURCES += callnames.h
CLEANFILES += callnames.h
callnames.h: launcher/inside/calls.def
	$(AM_V_GEN){ sed -n 's/^NUMBER(\([^,]*\), \(.*\))$$/#ifndef __NR_\1\n#define __NR_\1 \2\n#endif/p' \
		$(srcdir)/launcher/inside/calls.def && \
		sed -n 's/^CALL(\([^,]*\), \([^,]*\), \(".*"\))$$/#ifdef __NR_\1\nNAME(__NR_\1, \1, \2, \3)\n#endif/p' \
		$(srcdir)/launcher/inside/calls.def; } >$@.new && mv $@.new $@
launcher/host/libvb_host_a-callname.$(OBJEXT) launcher/host/callname.mo: callnames.h

pkglibexec_PROGRAMS += venvbox-launcher
if MUSL
venvbox_launcher_SOURCES =
venvbox_launcher_LINK = $(MUSL_LINK)
venvbox_launcher_LDADD = launcher/host/main.mo libvb-musl.a $(MUSL_INIH) $(MUSL_END)
EXTRA_venvbox_launcher_SOURCES = launcher/host/main.c
else
venvbox_launcher_SOURCES = launcher/host/main.c
venvbox_launcher_LINK = $(LINK)
venvbox_launcher_LDADD = libvb-host.a libvb-stubs.a libvb-common.a $(LAUNCHER_INIH_LIBS)
endif
