// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include "nodeagent/own_endpoint.h"

#include "base/log.h"
#include "nodeagent/underlay.h"

struct own_endpoint {
	struct own_endpoint_config config;
	struct own_endpoint_status status;
};

/* Of --internal-network: IP_NONE while there is no default route, which is said once. */
static struct ip internal_address(const struct own_endpoint *own)
{
	struct ip ip = { 0 };
	struct err err = { 0 };

	if (underlay_address(&ip, &err) < 0 && own->status.source == OWN_ENDPOINT_INTERNAL)
		log_warn("endpoint", "--internal-network: %s: nothing to declare to the zone",
			 err.text);
	return ip;
}

static struct own_endpoint_status choose(const struct own_endpoint *own)
{
	const struct own_endpoint_config *config = &own->config;
	struct own_endpoint_status status = { .endpoint.port = config->listen_port };

	if (config->declared.family != IP_NONE) {
		status.source = OWN_ENDPOINT_DECLARED;
		status.endpoint.ip = config->declared;
	} else if (config->internal_network) {
		status.endpoint.ip = internal_address(own);
		if (status.endpoint.ip.family != IP_NONE)
			status.source = OWN_ENDPOINT_INTERNAL;
	}
	return status;
}

int own_endpoint_new(const struct own_endpoint_config *config, struct own_endpoint **ret_own,
		     struct err *err)
{
	struct own_endpoint *own = calloc(1, sizeof(*own));

	if (!own)
		return err_oom(err);
	own->config = *config;
	if (config->internal_network)
		own->status.source = OWN_ENDPOINT_INTERNAL;
	own->status = choose(own);
	*ret_own = own;
	return 0;
}

void own_endpoint_free(struct own_endpoint *own)
{
	free(own);
}

void own_endpoint_underlay_changed(struct own_endpoint *own)
{
	struct own_endpoint_status before = own->status;
	char text[ENDPOINT_TEXT_BYTES] = "none";

	own->status = choose(own);
	if (endpoint_equal(&before.endpoint, &own->status.endpoint))
		return;
	if (own->status.endpoint.ip.family != IP_NONE)
		endpoint_format(&own->status.endpoint, text);
	log_info("endpoint", "this node's endpoint is another one now: %s", text);
	own->config.on_changed(own->config.data);
}

void own_endpoint_get(const struct own_endpoint *own, struct own_endpoint_status *ret_status)
{
	*ret_status = own->status;
}
