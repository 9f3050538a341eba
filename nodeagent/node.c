// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include "nodeagent/node.h"

#include <errno.h>
#include <string.h>

#include "base/log.h"
#include "base/str.h"
#include "nodeagent/keyfile.h"

#define USER_AGENT "aircrew/" VERSION

/* What an earlier run began it brings to its end: the tower may have the new key already. */
static void find_next_key(struct node *node)
{
	const char *file = node->config->key_file;
	struct err err = { 0 };
	int r = file ? keyfile_read_next(file, &node->next_key, &err) : -ENOENT;

	if (r == 0)
		log_info("agent", "a rotation of the key was cut off: going on with it");
	else if (r != -ENOENT)
		log_warn("agent", "%s: not looked at", err.text);
}

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
	find_next_key(node);
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
	key_wipe(&node->next_key);
	*node = (struct node){ 0 };
}

int node_begin_rotation(struct node *node, struct err *err)
{
	const struct config *config = node->config;

	if (!key_is_zero(&node->next_key))
		return err_set(err, -EBUSY, "the key is being rotated already");
	if (!config->key_file)
		return err_set(err, -EPERM,
			       "the key was given by --private-key, and nobody would give the new "
			       "one at the next start: start aircrew with --private-key-file");
	if (config->has_public_key)
		return err_set(err, -EPERM,
			       "--public-key names the old key, and the next start would be "
			       "refused: start aircrew without it");
	return keyfile_create_next(config->key_file, &node->next_key, err);
}

void node_end_rotation(struct node *node, bool is_taken)
{
	struct config *config = node->config;
	char text[KEY_TEXT_BYTES];
	struct err err = { 0 };

	if (is_taken) {
		/* When this fails it is done at the next start: the tower has the new key. */
		if (keyfile_take_next(config->key_file, &err) < 0)
			log_error("agent", "%s: the new key stays in %s.new", err.text,
				  config->key_file);
		config->private_key = node->next_key;
		key_public(&config->private_key, &node->self.public_key);
		node->self.generation = 0;
		key_format(&node->self.public_key, text);
		log_info("agent", "the key was rotated: this node is %s now", text);
	} else {
		keyfile_drop_next(config->key_file);
	}
	key_wipe(&node->next_key);
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
		.next_private_key = &node->next_key,
		.token = config->token,
		.view = node->view,
	};
}
