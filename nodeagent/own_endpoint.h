// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * Under which address and port others reach this node: the one place that knows, and that says when
 * it has changed. Asks the tower's STUN server when neither an endpoint nor the internal network
 * was declared: at first, when the way there changed, and as own_endpoint_choice.h says.
 */
#ifndef NODEAGENT_OWN_ENDPOINT_H
#define NODEAGENT_OWN_ENDPOINT_H

#include "base/loop.h"
#include "nodeagent/own_endpoint_choice.h"

struct own_endpoint;

struct own_endpoint_config {
	struct loop *loop;
	struct ip declared; /* IP_NONE: not given */
	bool internal_network;
	uint16_t listen_port;

	/* What the answers are judged by; called at any time. */
	void (*get_scene)(struct own_endpoint_scene *ret_scene, void *data);
	/*
	 * The choice is another one now, or settled for the first time: to be declared by a join,
	 * and to be considered for keepalives.
	 */
	void (*on_changed)(void *data);
	void *data;
};

int own_endpoint_new(const struct own_endpoint_config *config, struct own_endpoint **ret_own,
		     struct err *err) _must_check_;
void own_endpoint_free(struct own_endpoint *own); /* NULL is allowed */

/*
 * The tower says who answers STUN; ip.family IP_NONE: nobody. False when that was asked for the
 * first time and has not answered yet: then on_changed follows, within STUN_ASK_MS. Always true
 * without `may_wait`.
 */
bool own_endpoint_use_server(struct own_endpoint *own, const struct endpoint *server,
			     bool may_wait) _must_check_;

/*
 * The host's links, addresses or routes changed, or may have: looks at them again. Calls
 * on_changed, from inside or later, when that makes another endpoint. Whether the address that this
 * node sends from is another one.
 */
bool own_endpoint_underlay_changed(struct own_endpoint *own);

/* WireGuard is about to open its port: a question that stands in its way is put off. */
void own_endpoint_yield_port(struct own_endpoint *own);

struct own_endpoint_status {
	struct own_endpoint_choice choice;
	struct endpoint server; /* STUN, of the choice or asked in vain; IP_NONE: none */
	const char *why;        /* why there is none, or no newer one; "" when all is well */
};

/* As it was chosen last. Borrowed until the loop turns. */
void own_endpoint_get_status(const struct own_endpoint *own,
			     struct own_endpoint_status *ret_status);

/* Chooses anew, to tell it: what changed by that is not told by on_changed. IP_NONE: nothing. */
struct endpoint own_endpoint_declare(struct own_endpoint *own);

#endif
