/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * pipcmd.h - is this run a pip run, and which local files does it name?
 */
#ifndef VB_PIPCMD_H
#define VB_PIPCMD_H

#include <stdbool.h>

#include "common/cleanup.h"
#include "common/strv.h"
#include "host/pycmd.h"

/* A command name of bin/ that is pip: pip, pip3, pip3.11 (any digits), and nothing else. */
bool pipcmd_is_pip_name(const char *name);

/*
 * A python command line that runs pip: -m pip, -m pip3?? no: `-m pip`, `-m ensurepip`, `-m pip.__main__`, a script
 * <venv>/bin/pip*. venv_bin is the clean path; cwd makes a relative script absolute.
 */
bool pipcmd_is_pip_run(const struct pycmd *cmd, const char *venv_bin, const char *cwd);

/*
 * The local files and directories that pip is told of, clean paths below cwd, no
 * item twice, not checked for existence:
 *   - args (after "pip"): -r -c -f --find-links --index-url --extra-index-url -i --cert --client-cert --log is
 *     written so not here; -e, --editable, --target etc. as written dirs are not here either; positional
 *     words that are a path (hold a slash, start with ".", end in .whl .zip .tar.*) with extras "[...]" and "name @ file://" cut off;
 *   - environment PIP_FIND_LINKS PIP_REQUIREMENT PIP_CONSTRAINT PIP_INDEX_URL PIP_EXTRA_INDEX_URL PIP_CERT
 *     PIP_CLIENT_CERT PIP_CONFIG_FILE SSL_CERT_FILE SSL_CERT_DIR REQUESTS_CA_BUNDLE CURL_CA_BUNDLE (space-separated lists split);
 *   - pip.conf text (conf/conf_len, may be NULL): the same keys, any section.
 * file:// URLs are turned into paths. Adds to paths; -ENOMEM.
 */
int pipcmd_paths_from_args(char *const args[], const char *cwd, struct strv *paths) must_check;
int pipcmd_paths_from_env(const struct strv *env, const char *cwd, struct strv *paths) must_check;
int pipcmd_paths_from_conf(const char *conf, size_t len, const char *cwd, struct strv *paths) must_check;

/*
 * The paths that a requirements or constraints file names (-r, -c, -e ., ./wheel, -f, file://),
 * relative to the directory of that file. The caller reads nested files itself.
 * nested: those of them that are requirements files themselves (-r, -c).
 */
int pipcmd_paths_from_requirements(const char *text, size_t len, const char *dir, struct strv *paths, struct strv *nested) must_check;

/* pip's configuration files of this user that may exist, in pip's order: /etc/pip.conf, XDG dirs, ~/.pip/pip.conf, ~/.config/pip/pip.conf, PIP_CONFIG_FILE. */
int pipcmd_config_files(const struct strv *env, const char *home, struct strv *files) must_check;

#endif
