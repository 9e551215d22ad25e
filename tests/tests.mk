# A unit test is one line here: its name, in the list; its source is tests/unit/NAME.c.
if HAVE_CMOCKA
UNIT_TESTS = \
	tests/unit/test_strv
check_PROGRAMS += $(UNIT_TESTS)
endif
TEST_LDADD = libvb-host.a libvb-install.a libvb-inside.a libvb-stubs.a libvb-common.a \
	$(CMOCKA_LIBS) $(SECCOMP_LIBS) $(CAP_LIBS) $(INIH_LIBS)
