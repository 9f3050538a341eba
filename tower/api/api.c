// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * From a request to its handler: host, route, readiness, credential, in this order.
 */
#include "tower/api/api.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "tower/api/call.h"

struct route {
	const char *method;
	const char *pattern;
	enum auth_route route;
	api_handler handler;
	bool always; /* answered before the state is loaded */
};

/* A new route is a line here, a handler in call.h, and a row of the table in auth. */
static const struct route routes[] = {
	{ "GET", "/healthz", ROUTE_HEALTH, health_get, true },
	{ "GET", "/readyz", ROUTE_HEALTH, ready_get, true },
	{ "GET", "/challenge", ROUTE_CHALLENGE, challenge_get, true },
	{ "GET", "/zones", ROUTE_ZONES_LIST, zones_list, false },
	{ "POST", "/zones", ROUTE_ZONE_CREATE, zone_create, false },
	{ "POST", "/zone", ROUTE_ZONE_CREATE, zone_create, false },
	{ "GET", "/zones/{zone}", ROUTE_ZONE_GET, zone_get, false },
	{ "PATCH", "/zones/{zone}", ROUTE_ZONE_PATCH, zone_patch, false },
	{ "DELETE", "/zones/{zone}", ROUTE_ZONE_DELETE, zone_delete, false },
	{ "GET", "/zones/{zone}/peers", ROUTE_ZONE_PEERS_LIST, peers_list, false },
	{ "POST", "/zones/{zone}/peers", ROUTE_JOIN, peer_join, false },
	{ "GET", "/zones/{zone}/events", ROUTE_EVENTS, events_follow, false },
	{ "GET", "/zones/{zone}/tokens", ROUTE_TOKENS_LIST, tokens_list, false },
	{ "POST", "/zones/{zone}/tokens", ROUTE_TOKEN_CREATE, token_create, false },
	{ "DELETE", "/zones/{zone}/tokens/{id}", ROUTE_TOKEN_DELETE, token_delete, false },
	{ "GET", "/peers", ROUTE_PEERS_LIST, peers_list, false },
	{ "GET", "/peers/{key}", ROUTE_PEER_GET, peer_get, false },
	{ "PATCH", "/peers/{key}", ROUTE_PEER_PATCH, peer_patch, false },
	{ "DELETE", "/peers/{key}", ROUTE_PEER_DELETE, peer_delete, false },
	{ "POST", "/peers/{key}/rotate", ROUTE_PEER_ROTATE, peer_rotate, false },
	{ "GET", "/peers/{key}/status", ROUTE_PEER_STATUS, peer_status, false },
	{ "GET", "/peers/{key}/config", ROUTE_PEER_CONFIG, peer_config, false },
	{ "GET", "/ipam/leases/{zone}", ROUTE_LEASES, leases_list, false },
};

int api_new(const struct api_config *config, struct api **ret_api, struct err *err)
{
	struct api *api = calloc(1, sizeof(*api));
	int r;

	if (!api)
		return err_oom(err);
	api->c = *config;
	r = pending_init(&api->pending, config->loop, err);
	if (r < 0) {
		free(api);
		return r;
	}
	*ret_api = api;
	return 0;
}

void api_free(struct api *api)
{
	if (!api)
		return;
	pending_done(&api->pending);
	free(api);
}

/* What the path takes, or that it is none. */
static void answer_unrouted(struct http_request *http, const char *allow, bool bad_key)
{
	const struct http_asked *asked = http_asked(http);
	struct refusal refusal;

	if (*allow)
		(void)http_add_header(http, "Allow", "%sOPTIONS", allow);
	if (*allow && str_eq(asked->method, "OPTIONS")) {
		http_answer_empty(http, 204);
		return;
	}
	if (*allow) {
		refusal_set(&refusal, "E405-method", "%.32s is not for %.128s", asked->method,
			    asked->path);
		refusal_hint(&refusal, "it takes %sOPTIONS", allow);
	} else if (bad_key) {
		refusal_set(&refusal, "E400-key", "%.128s holds no public key", asked->path);
		refusal_hint(&refusal, "a key is 44 characters of base64, or 43 of base64url");
	} else {
		refusal_set(&refusal, "E404-route", "no such path: %.128s", asked->path);
		refusal_hint(&refusal, "docs/protocol.md lists them; start with GET /zones");
	}
	http_refuse(http, &refusal);
}

static bool takes_method(const struct route *route, const char *method)
{
	return str_eq(method, route->method) ||
	       (str_eq(method, "HEAD") && str_eq(route->method, "GET"));
}

/* The route; NULL when the request was answered because there is none. */
static const struct route *find_route(struct http_request *http, struct path_values *ret_values)
{
	const struct http_asked *asked = http_asked(http);
	char allow[64] = "";
	bool bad_key = false;

	for (size_t i = 0; i < ARRAY_SIZE(routes); i++) {
		enum path_match match = path_match(routes[i].pattern, asked->path, ret_values);
		size_t used = strlen(allow);

		if (match == PATH_YES && takes_method(&routes[i], asked->method))
			return &routes[i];
		bad_key = bad_key || match == PATH_BAD_KEY;
		if (match == PATH_YES)
			(void)snprintf(allow + used, sizeof(allow) - used, "%s, %s",
				       routes[i].method,
				       str_eq(routes[i].method, "GET") ? "HEAD, " : "");
	}
	answer_unrouted(http, allow, bad_key);
	return NULL;
}

/*
 * A page of another origin that has its name resolve to us (DNS rebinding) still sends its own name
 * as Host: only addresses, localhost and names of the certificate are us.
 */
static bool is_our_host(const struct api *api, const char *host)
{
	char name[256];
	size_t len = host[0] == '[' ? strcspn(host, "]") + 1 : strcspn(host, ":");
	struct ip ip;

	if (len == 0 || len >= sizeof(name))
		return false;
	memcpy(name, host, len);
	name[len] = '\0';
	if (name[0] == '[') {
		name[len - 1] = '\0';
		return ip_parse(name + 1, &ip, NULL) == 0;
	}
	return ip_parse(name, &ip, NULL) == 0 || strcasecmp(name, "localhost") == 0 ||
	       (api->c.tls && tls_has_name(api->c.tls, name));
}

static bool refuse_host(const struct api *api, struct http_request *http)
{
	const char *host = http_header(http, "Host");
	struct refusal refusal;

	if (host && is_our_host(api, host))
		return false;
	refusal_set(&refusal, "E421-host", "'%.100s' is no name of this tower", host ? host : "");
	refusal_hint(&refusal, "use its address, localhost, or a name of its certificate "
			       "(--tls-name adds one)");
	http_refuse(http, &refusal);
	return true;
}

static bool refuse_unloaded(const struct api *api, const struct route *route,
			    struct http_request *http)
{
	bool ready = store_status(api->c.store) == STORE_READY;
	struct refusal refusal;

	if (route->always)
		return false;
	/* Behind the first load, reads and watchers go on whatever becomes of Redis. */
	if (state_revision(api->c.state) > 0) {
		if (!ready)
			(void)http_add_header(http, "Apex-Stale", "true");
		return false;
	}
	refusal_set(&refusal, "E503-loading", "the tower is not ready yet: %s",
		    store_status_why(api->c.store));
	refusal_hint(&refusal, "try again in a moment; GET /readyz tells more");
	http_refuse(http, &refusal);
	return true;
}

/* The peer that the path or a join's body names, for the question whose peer it is. */
static const struct key *named_peer(struct api_call *call, const struct route *route)
{
	const struct http_asked *asked = http_asked(call->http);
	_cleanup_(doc_unref) json_t *body = NULL;

	if (call->path.has_key)
		return &call->path.key;
	if (route->route != ROUTE_JOIN || doc_load(asked->body, asked->body_len, &body, NULL) < 0 ||
	    doc_key(body, "PublicKey", &call->key, NULL) <= 0)
		return NULL;
	return &call->key;
}

static bool authenticate(struct api_call *call, const struct route *route)
{
	const struct http_asked *asked = http_asked(call->http);
	struct auth_request request = {
		.listener = asked->trust,
		.route = route->route,
		.method = asked->method,
		.path = asked->path,
		.zone = call->path.zone,
		.peer = named_peer(call, route),
		.authorization = http_header(call->http, "Authorization"),
		.proof = http_header(call->http, "Apex-Proof"),
		.body = asked->body,
		.body_len = asked->body_len,
		.client = asked->client,
	};
	struct refusal refusal;

	if (auth_check(call->api->c.auth, &request, commit_now_ms(call->api->c.commit),
		       &call->subject, &refusal) == 0)
		return true;
	http_refuse(call->http, &refusal);
	return false;
}

void api_dispatch(struct http_request *http, void *data)
{
	struct api *api = data;
	struct api_call call = { .api = api, .http = http };
	const struct route *route;

	if (refuse_host(api, http))
		return;
	route = find_route(http, &call.path);
	if (!route || refuse_unloaded(api, route, http) || !authenticate(&call, route))
		return;
	route->handler(&call);
	key_wipe(&call.subject.answer_key);
}
