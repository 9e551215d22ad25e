# SPDX-License-Identifier: LGPL-2.1-or-later
# The attacker of venvbox-install --doctor. Runs in the box: nothing of ours is linked with it, and it is static where PID 1 is.
pkglibexec_PROGRAMS += venvbox-canary
venvbox_canary_SOURCES = \
	launcher/canary/attacks.h \
	launcher/canary/canaries.def \
	launcher/canary/canary.c launcher/canary/canary.h \
	launcher/canary/files.c \
	launcher/canary/kernel.c \
	launcher/canary/processes.c \
	launcher/canary/resources.c
venvbox_canary_LDFLAGS = $(HARDEN_LDFLAGS) $(INIT_LDFLAGS)
# Not what unit tests are linked with.
venvbox_canary_LDADD =
