// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * What an agent tells of itself over the control socket, as JSON, and how a person gets to read
 * it. Pure.
 */
#ifndef NODEAGENT_STATUS_H
#define NODEAGENT_STATUS_H

#include <jansson.h>
#include <stdio.h>

#include "nodeagent/controller.h"
#include "nodeagent/own_endpoint.h"
#include "nodeagent/reconcile.h"

/* Everything that a report is made of; all borrowed. */
struct status_input {
	const char *interface;
	const char *zone;
	const struct key *public_key;
	const struct view *view;
	struct controller_status controller;
	struct reconcile_status reconcile;
	struct own_endpoint_status endpoint;
	int64_t now_ms; /* 1970 */
};

/* The document of `aircrew status --json`; the caller's; NULL: no memory. */
json_t *status_report(const struct status_input *input) _must_check_;

/* The same for a person. */
void status_print(const json_t *report, FILE *to);

/* As documents write its node addresses; "" for NULL. NULL: no memory. */
json_t *status_address_text(const struct view_peer *peer) _must_check_;

/* The peer as WireGuard holds it; NULL when it does not. */
const struct wg_peer *status_find_seen(const struct status_input *input, const struct key *key);

/* Seconds since the last handshake; -1 for never. `seen` may be NULL. */
int64_t status_handshake_age_s(const struct status_input *input, const struct wg_peer *seen);

#endif
