/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * capname.h - capability names, for what the user's --cap-add asks for. Only
 * the names: dropping and keeping is done inside, by libcap.
 */
#ifndef VB_CAPNAME_H
#define VB_CAPNAME_H

#include <stdint.h>

/* Bit n for capability n; "ALL": every bit that has a name; 0: no such name. Case does not matter, as in bwrap(1). */
uint64_t capname_mask(const char *name);

#endif
