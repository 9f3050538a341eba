// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * The REST interface: one table of routes, one file a resource. Every call is routed,
 * authenticated, and then handled; a handler answers at once from memory, or submits one change and
 * answers when it is committed.
 */
#ifndef API_API_H
#define API_API_H

#include "tower/api/http.h"
#include "tower/api/path.h"
#include "tower/commit.h"
#include "tower/signpost_writer.h"
#include "tower/tls.h"
#include "tower/watch.h"

struct api_config {
	struct loop *loop;
	struct http *http;
	const struct state *state;
	struct presence *presence;
	struct store *store;
	struct commit *commit;
	struct watch *watch;
	struct auth *auth;
	const struct tls_material *tls;         /* whose names are hosts of ours; NULL for none */
	const struct signpost_writer *signpost; /* NULL when there is none */
	const char *stun; /* ":3478", on the host of this tower; NULL for none */
};

struct api;

int api_new(const struct api_config *config, struct api **ret_api, struct err *err) _must_check_;
void api_free(struct api *api);

/* For http_new: `data` is the struct api. */
void api_dispatch(struct http_request *request, void *data);

#endif
