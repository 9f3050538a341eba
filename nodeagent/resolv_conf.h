// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * Which servers this machine asks for names (resolv.conf(5)).
 */
#ifndef NODEAGENT_RESOLV_CONF_H
#define NODEAGENT_RESOLV_CONF_H

#include "mesh/addr.h"

#define RESOLV_CONF_SERVERS_MAX 8 /* the C library uses three */
#define RESOLV_CONF_BYTES_MAX 65536

struct resolv_conf {
	struct ip servers[RESOLV_CONF_SERVERS_MAX];
	size_t len;
};

/* Adds the servers of a file's text; what is no server's line is skipped, as the C library does. */
void resolv_conf_parse(const char *text, struct resolv_conf *conf);

/*
 * Of this machine: /etc/resolv.conf, and the file of the servers behind systemd-resolved, whose own
 * address there is a loopback. A file that is not there names nobody.
 */
void resolv_conf_read(struct resolv_conf *ret_conf);

#endif
