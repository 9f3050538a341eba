// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * Under which address and port others reach this node: the one place that knows, and that says when
 * it has changed. What the operator declared comes first, then the internal network, then nothing.
 */
#ifndef NODEAGENT_OWN_ENDPOINT_H
#define NODEAGENT_OWN_ENDPOINT_H

#include <stdbool.h>

#include "mesh/addr.h"

enum own_endpoint_source {
	OWN_ENDPOINT_NONE,
	OWN_ENDPOINT_DECLARED, /* --local-endpoint-ip */
	OWN_ENDPOINT_INTERNAL, /* --internal-network */
};

struct own_endpoint;

struct own_endpoint_config {
	struct ip declared; /* IP_NONE: not given */
	bool internal_network;
	uint16_t listen_port;

	/* What own_endpoint_get answers is another endpoint now: to be declared by a join. */
	void (*on_changed)(void *data);
	void *data;
};

int own_endpoint_new(const struct own_endpoint_config *config, struct own_endpoint **ret_own,
		     struct err *err) _must_check_;
void own_endpoint_free(struct own_endpoint *own); /* NULL is allowed */

/*
 * The host's links, addresses or routes changed, or may have: looks at them again. Calls
 * on_changed, from inside, when that makes another endpoint.
 */
void own_endpoint_underlay_changed(struct own_endpoint *own);

struct own_endpoint_status {
	enum own_endpoint_source source;
	struct endpoint endpoint; /* ip.family IP_NONE: nothing to declare */
};
void own_endpoint_get(const struct own_endpoint *own, struct own_endpoint_status *ret_status);

#endif
