// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include "nodeagent/node.h"

#include <string.h>

#include "base/log.h"
#include "base/str.h"
#include "nodeagent/keyfile.h"

#define USER_AGENT "aircrew/" VERSION

static int take_identity(struct node *node, struct err *err)
{
	struct config *config = node->config;
	int r = statedir_instance(node->statedir, node->instance, err);

	if (r >= 0 && !config->has_key) {
		r = keyfile_create(config->key_file, &config->private_key, err);
		config->has_key = r >= 0;
		if (r >= 0)
			log_info("agent", "made a key: %s", config->key_file);
	}
	if (r < 0)
		return r;
	key_public(&config->private_key, &node->self.public_key);
	return str_copy(node->self.zone, sizeof(node->self.zone), config->zone);
}

int node_open(struct node *node, struct config *config, struct err *err)
{
	int r;

	node->config = config;
	r = statedir_open(config->state_dir, &node->statedir, err);
	if (r >= 0)
		r = take_identity(node, err);
	if (r >= 0)
		r = loop_new(&node->loop, err);
	if (r >= 0 && view_new(config->zone, &node->view) < 0)
		r = err_oom(err);
	if (r >= 0)
		r = http_client_new(node->loop, USER_AGENT, &node->http, err);
	if (r >= 0)
		r = finder_new(node->loop, config, &node->finder, err);
	return r;
}

void node_done(struct node *node)
{
	finder_free(node->finder);
	http_client_free(node->http);
	view_free(node->view);
	loop_free(node->loop);
	statedir_close(node->statedir);
	*node = (struct node){ 0 };
}

void node_get_wish(const struct node *node, struct join_wish *ret_wish)
{
	const struct config *config = node->config;

	*ret_wish = (struct join_wish){
		.public_key = node->self.public_key,
		.prefixes = config->prefixes.len > 0 ? &config->prefixes : NULL,
		.hostname = config->hostname,
		.hub_router = config->hub_router,
		.instance = node->instance,
		.generation = node->self.generation,
	};
	memcpy(ret_wish->address, config->address, sizeof(ret_wish->address));
}

struct controller_config node_controller_config(const struct node *node)
{
	const struct config *config = node->config;

	return (struct controller_config){
		.loop = node->loop,
		.client = node->http,
		.targets = &config->targets,
		.zone = config->zone,
		.private_key = &config->private_key,
		.token = config->token,
		.view = node->view,
	};
}
