dist_man_MANS += docs/venvbox-install.1 docs/venvbox.conf.5 docs/venvbox.7
EXTRA_DIST += docs/docs.mk docs/compatibility.md docs/compatibility-cpython.md docs/performance.md docs/venvbox-install.bash-completion

# bash finds it by the name of the command.
install-data-local:
	$(MKDIR_P) $(DESTDIR)$(bashcompletiondir)
	$(INSTALL_DATA) $(srcdir)/docs/venvbox-install.bash-completion $(DESTDIR)$(bashcompletiondir)/venvbox-install

uninstall-local:
	rm -f $(DESTDIR)$(bashcompletiondir)/venvbox-install
