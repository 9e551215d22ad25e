# SPDX-License-Identifier: LGPL-2.1-or-later
# Launcher and PID 1 with musl, where configure found it: a program of the system's libc asks the processor about itself first,
# which in a virtual machine takes half a millisecond (docs/performance.md). Their objects are made a second time, as .mo; all else, the unit
# tests among it, is linked with the system's libc.
SUFFIXES += .mo
.c.mo:
	$(AM_V_CC)$(MKDIR_P) $(@D) && $(MUSL_CC) $(DEFS) $(DEFAULT_INCLUDES) $(AM_CPPFLAGS) $(CPPFLAGS) $(AM_CFLAGS) $(CFLAGS) \
		$(MUSL_CPPFLAGS) -MMD -MP -MF $@.d -c -o $@ $<

if MUSL
# Headers stay what they are.
musl_files = $(libvb_host_a_SOURCES) $(libvb_inside_a_SOURCES) $(libvb_stubs_a_SOURCES) $(libvb_common_a_SOURCES)
musl_objects = $(musl_files:.c=.mo)
MUSL_LINK = $(MUSL_CC) $(HARDEN_LDFLAGS) $(LDFLAGS) $(MUSL_LDFLAGS) -o $@

# q, for two members may have one name.
libvb-musl.a: $(musl_objects)
	$(AM_V_AR)rm -f $@ && printf '%s\n' $(musl_objects) | grep '\.mo$$' | xargs $(AR) qcs $@

-include launcher/host/*.mo.d launcher/inside/*.mo.d launcher/common/*.mo.d stubs/*.mo.d
endif

mostlyclean-local:
	rm -f libvb-musl.a launcher/host/*.mo launcher/inside/*.mo launcher/common/*.mo stubs/*.mo
	rm -f launcher/host/*.mo.d launcher/inside/*.mo.d launcher/common/*.mo.d stubs/*.mo.d
