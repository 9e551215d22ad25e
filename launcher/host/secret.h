/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * secret.h - does a variable look like a credential? (design.md, law 5)
 *
 * A help for what was exported without a thought, not a proof: a key that neither its name nor
 * its shape gives away passes. What is taken for one wrongly is let in with --env.
 */
#ifndef VB_SECRET_H
#define VB_SECRET_H

#include <stdbool.h>

/*
 * By the words of its name, split at '_', '-' and '.': GITHUB_TOKEN, AWS_ACCESS_KEY_ID, PGPASSWORD; but not MONKEY, SSH_AUTH_SOCK, TOKEN_URL,
 * POSTGRES_PASSWORD_FILE, MAX_TOKENS=4096. Or by the shape of its value: the beginnings that issuers give their keys, a URL with
 * a password, a private key. An empty value is none.
 */
bool secret_looks_like(const char *name, const char *value);

#endif
