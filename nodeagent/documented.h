// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * The two files that the documentation shows people: <interface>-latest-rev.conf holds what the
 * zone says, <interface>.conf what was applied last, both as wg-quick would have them. For people
 * to look at: nothing reads them.
 */
#ifndef NODEAGENT_DOCUMENTED_H
#define NODEAGENT_DOCUMENTED_H

#include "base/str.h"
#include "nodeagent/desired.h"

#define DOCUMENTED_DIR "/etc/wireguard"

/* The text; it holds the private key: to be wiped. */
void documented_write(struct str *to, const struct desired *desired);

enum documented_file { DOCUMENTED_LATEST, DOCUMENTED_APPLIED };

/*
 * Replaces the file (0600). -EEXIST when one stands there that is not ours: somebody's own
 * configuration is left alone.
 */
int documented_save(const char *dir, const char *interface, enum documented_file file,
		    const char *text, struct err *err) _must_check_;

/* Removes both files, as far as they are ours. */
int documented_remove(const char *dir, const char *interface, struct err *err) _must_check_;

#endif
