/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * pipcmd.h - is this run a pip run, and which local files is pip told of? Pure:
 * nothing here looks at the disk. Which words name files: pipopt.h.
 *
 * Every function that collects paths adds clean ones, none twice, whether they exist or not. What names no file of
 * this host (a URL, a requirement like "flask>=2") and what pip writes (--target, --log) is left out.
 */
#ifndef VB_PIPCMD_H
#define VB_PIPCMD_H

#include <stdbool.h>
#include <stddef.h>

#include "common/cleanup.h"
#include "common/strv.h"
#include "host/pycmd.h"

/* The names under which a venv has pip: pip, pip3, pip3.X. */
bool pipcmd_is_pip_name(const char *name);

/* Is it another program that installs (uv, poetry, pip-sync), asked by args, which end with NULL, to change the venv? */
bool pipcmd_is_installer_run(const char *name, char *const args[]);

/*
 * A python command line that runs pip: -m pip, -m ensurepip (both also with .__main__), or the script
 * venv_bin/pip*; or another installer. args: what follows module or script. venv_bin is clean; cwd is what a relative script is taken below.
 * 1, 0, -ENOMEM.
 */
int pipcmd_is_pip_run(const struct pycmd *cmd, char *const args[], const char *venv_bin, const char *cwd) must_check;

/* What the words after "pip" name; relative paths are taken below cwd. */
int pipcmd_paths_from_args(char *const args[], const char *cwd, struct strv *paths) must_check;

/* Of these, what is installed "editable" (-e), so that the venv names it afterwards. */
int pipcmd_editables_from_args(char *const args[], const char *cwd, struct strv *paths) must_check;

/* What PIP_* (any option of pip) name. */
int pipcmd_paths_from_env(const struct strv *env, const char *cwd, struct strv *paths) must_check;

/* What SSL_CERT_FILE, SSL_CERT_DIR, REQUESTS_CA_BUNDLE, CURL_CA_BUNDLE name; every program reads them. */
int pipcmd_certificates_from_env(const struct strv *env, const char *cwd, struct strv *paths) must_check;

/* What the text of a pip.conf names, in any section. */
int pipcmd_paths_from_conf(const char *conf, size_t len, const char *cwd, struct strv *paths) must_check;

/*
 * What the text of a requirements or constraints file in dir names. nested: those of the paths that are such
 * files themselves (-r, -c); the caller reads them. ${NAME} is not expanded, pip does that inside.
 */
int pipcmd_paths_from_requirements(const char *text, size_t len, const char *dir, struct strv *paths, struct strv *nested) must_check;

/*
 * pip's configuration files outside the venv that may exist, weakest first: below XDG_CONFIG_DIRS and /etc, in home, then
 * PIP_CONFIG_FILE. home may be NULL. None at all if PIP_CONFIG_FILE is /dev/null: so pip has it.
 */
int pipcmd_config_files(const struct strv *env, const char *home, struct strv *files) must_check;

#endif
