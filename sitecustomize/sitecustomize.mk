# What Python programs are told, built into venvbox-python and venvbox-hints.so: launcher/inside/hints.c, boxmodule.c.
built_in_py = sitecustomize/hints.py sitecustomize/venvbox.py
EXTRA_DIST += sitecustomize/sitecustomize.mk sitecustomize/README.md $(built_in_py)

# Source as the elements of an array.
SUFFIXES += .py .inc
.py.inc:
	$(AM_V_GEN)$(MKDIR_P) $(@D) && od -An -v -tx1 $< | sed 's/ \([0-9a-f][0-9a-f]\)/0x\1,/g' >$@.new && mv $@.new $@
BUILT_SOURCES += $(built_in_py:.py=.inc)
CLEANFILES += $(built_in_py:.py=.inc)

# Known before the first build too, when one program alone is asked for.
launcher/inside/hints.$(OBJEXT) launcher/inside/venvbox_hints_so-hints.$(OBJEXT): sitecustomize/hints.inc
launcher/inside/boxmodule.$(OBJEXT) launcher/inside/venvbox_hints_so-boxmodule.$(OBJEXT): sitecustomize/venvbox.inc
