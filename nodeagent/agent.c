// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include "nodeagent/agent_room.h"

#include <errno.h>
#include <inttypes.h>
#include <malloc.h>
#include <signal.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "crypto/crypto.h"

void agent_end(struct agent *agent, enum exit_status exit_status)
{
	agent->exit_status = exit_status;
	loop_stop(agent->node.loop, 0);
}

static bool is_stood_back(const struct agent *agent)
{
	struct controller_status status;

	controller_get_status(agent->controller, &status);
	return status.state == CONTROLLER_DISPLACED || status.state == CONTROLLER_REMOVED;
}

struct own_endpoint_status agent_endpoint_status(const struct agent *agent)
{
	struct own_endpoint_status status;

	own_endpoint_get_status(agent->endpoint, &status);
	return status;
}

/* A public key takes time to compute: it is not done for each event. */
static int renew_desired(struct agent *agent, struct err *err)
{
	const struct config *config = agent->node.config;
	struct desired_options options = { .interface = config->interface,
					   .private_key = config->private_key,
					   .listen_port = config->listen_port,
					   .mtu = config->mtu,
					   .keep_foreign = config->foreign_peers == FOREIGN_KEEP };
	int r = 0;

	if (!agent->desired.view ||
	    key_compare(&agent->desired.private_key, &config->private_key) != 0)
		r = desired_make(agent->node.view, &options, &agent->desired, err);
	key_wipe(&options.private_key);
	return r;
}

static void want(struct agent *agent)
{
	struct own_endpoint_status endpoint = agent_endpoint_status(agent);
	struct err err = { 0 };

	if (renew_desired(agent, &err) < 0) {
		log_error("agent", "%s", err.text);
		return;
	}
	agent->desired.is_past = !agent->has_caught_up;
	agent->desired.keepalive = !endpoint.choice.is_public || !agent->has_greeted;
	reconcile_want(agent->reconcile, agent->node.view, &agent->desired);
	/* Not in the zone (yet): whether that is an end, the controller knows. */
	if (!reconcile_desired(agent->reconcile))
		return;
	keeper_touch_texts(agent->keeper);
	own_endpoint_yield_port(agent->endpoint);
}

/* Before the loop sleeps: everything that came in one turn is planned at once. */
static int64_t on_plan(void *data)
{
	struct agent *agent = data;

	if (!agent->must_plan || agent->holds_old_key)
		return -1;
	agent->must_plan = false;
	if (!is_stood_back(agent))
		want(agent);
	return 0; /* the reconciler may have had its turn already */
}

static void get_wish(struct join_wish *ret_wish, void *data)
{
	const struct agent *agent = data;

	node_get_wish(&agent->node, ret_wish);
	ret_wish->endpoint = own_endpoint_declare(agent->endpoint);
}

/* A node that is up from its cache joins at once: what STUN says is declared when it is known. */
static bool on_stun(const struct endpoint *server, void *data)
{
	struct agent *agent = data;
	bool is_up = view_peer(agent->node.view, &agent->node.self.public_key);

	return own_endpoint_use_server(agent->endpoint, server, !is_up);
}

static void on_endpoint(void *data)
{
	struct agent *agent = data;

	agent->must_plan = true; /* keepalives */
	controller_rejoin(agent->controller);
}

/* What goes over the old address goes nowhere any more: the stream of events, too. */
static void on_underlay(void *data)
{
	struct agent *agent = data;

	if (own_endpoint_underlay_changed(agent->endpoint))
		controller_reconnect(agent->controller);
}

static bool on_failure(const struct tower_target *target, const struct tower_answer *answer,
		       void *data)
{
	struct agent *agent = data;

	return finder_note_failure(agent->node.finder, target, answer);
}

static void get_scene(struct own_endpoint_scene *ret_scene, void *data)
{
	const struct agent *agent = data;
	const struct view_peer *self = view_peer(agent->node.view, &agent->node.self.public_key);
	struct reconcile_status reconcile;

	reconcile_get_status(agent->reconcile, &reconcile);
	own_endpoint_look_around(self, &reconcile.observed->peers, clock_real_ms() / 1000,
				 ret_scene);
}

/*
 * A keepalive that is set makes WireGuard send one: peers that knew this key on another machine, or
 * before a reboot, drop their old sessions at once, not after 15 s of sending to nobody.
 */
static void on_greeted(void *data)
{
	struct agent *agent = data;

	agent->has_greeted = true;
	agent->must_plan = true;
}

/*
 * The interface is new, or was down: the others send on sessions that it does not know. They are
 * greeted as after a join; the first time is left to that.
 */
static void on_up(void *data)
{
	struct agent *agent = data;

	if (!agent->has_greeted)
		return;
	agent->has_greeted = false;
	agent->must_plan = true;
	loop_timer_set(agent->greet, AGENT_GREET_MS);
}

static void on_joined(const struct join_answer *answer, void *data)
{
	struct agent *agent = data;
	struct statedir_self *self = &agent->node.self;
	char address[ZONE_CIDRS_MAX][IP_TEXT_BYTES] = { "", "" };

	for (size_t i = 0; i < ZONE_CIDRS_MAX; i++) {
		if (answer->address[i].family != IP_NONE)
			ip_format(&answer->address[i], address[i]);
	}
	log_info("agent", "joined zone=%s address=%s%s%s revision=%" PRIu64, self->zone, address[0],
		 *address[0] && *address[1] ? "," : "", address[1], answer->id.revision);
	agent->is_patient = true;
	agent->must_plan = true; /* with another key, perhaps */
	if (!agent->has_greeted)
		loop_timer_set(agent->greet, AGENT_GREET_MS);
	loop_timer_clear(agent->give_up);
	finder_note_joined(agent->node.finder);
	keeper_touch(agent->keeper, self->generation != answer->generation);
	self->generation = answer->generation;
}

static void on_view(bool is_changed, void *data)
{
	struct agent *agent = data;
	struct view_counts counts = view_take_counts(agent->node.view);

	if (counts.added + counts.changed + counts.removed > 0)
		log_info("agent", "zone=%s: %zu peers added, %zu changed, %zu removed: %zu now",
			 agent->node.self.zone, counts.added, counts.changed, counts.removed,
			 view_peers_len(agent->node.view));
	if (!agent->has_caught_up && controller_has_caught_up(agent->controller)) {
		agent->has_caught_up = true;
		agent->must_plan = true; /* leftovers may go */
	}
	agent->must_plan |= is_changed;
	keeper_touch(agent->keeper, is_changed);
}

static void on_state(enum controller_state state, void *data)
{
	struct agent *agent = data;
	struct controller_status status;

	switch (state) {
	case CONTROLLER_REFUSED:
		if (!agent->is_patient)
			agent_end(agent, EXIT_REFUSED);
		break;
	case CONTROLLER_UNTRUSTED:
		if (!agent->is_patient)
			agent_end(agent, EXIT_UNTRUSTED);
		break;
	case CONTROLLER_DISPLACED:
	case CONTROLLER_REMOVED:
		controller_get_status(agent->controller, &status);
		log_line(agent->leaver ? LOG_LEVEL_INFO : LOG_LEVEL_ERROR, "agent", "%s",
			 status.trouble);
		reconcile_idle(agent->reconcile);
		keeper_touch(agent->keeper, true);
		break;
	case CONTROLLER_CONNECTING:
	case CONTROLLER_CONNECTED:
	case CONTROLLER_LOST:
		break;
	}
}

static void on_give_up(void *data)
{
	struct agent *agent = data;
	struct controller_status status;

	if (agent->is_patient)
		return;
	controller_get_status(agent->controller, &status);
	if (*finder_trouble(agent->node.finder))
		log_error("agent", "no tower after %d s: %s; --daemon would go on trying",
			  AGENT_GIVE_UP_MS / 1000, finder_trouble(agent->node.finder));
	else
		log_error("agent",
			  "no tower after %d s (%s); is it running, and is --controller right? "
			  "--daemon would go on trying",
			  AGENT_GIVE_UP_MS / 1000, *status.trouble ? status.trouble : status.url);
	agent_end(agent, EXIT_UNREACHABLE);
}

static void on_signal(int signal_number, void *data)
{
	struct agent *agent = data;

	log_info("agent", "%s: ends; tunnels stay", strsignal(signal_number));
	agent_end(agent, EXIT_OK);
}

/* With a cache everything is up before the tower is asked. */
static void start_from_cache(struct agent *agent)
{
	struct node *node = &agent->node;
	const struct view_peer *peer;
	struct err err = { 0 };
	int r = statedir_load(node->statedir, &node->self, node->view, &err);

	/* The cache as JSON takes more memory than all that was made of it. */
	(void)malloc_trim(0);
	if (r < 0)
		log_warn("agent", "%s: starting without it", err.text);
	if (r <= 0)
		return;
	peer = view_peer(node->view, &node->self.public_key);
	if (!peer || peer->generation > node->self.generation) {
		log_warn("agent",
			 "this node was removed or displaced when it last ran: waiting for "
			 "the tower");
		return;
	}
	agent->is_patient = true;
	log_info("agent", "started from the cache: zone=%s, %zu peers", node->self.zone,
		 view_peers_len(node->view));
	agent->must_plan = true;
}

static void on_tower_address(const struct ip *ip, void *data)
{
	struct agent *agent = data;

	reconcile_guard(agent->reconcile, GUARD_TOWER, ip);
}

static void on_signpost_address(const struct ip *ip, void *data)
{
	struct agent *agent = data;

	reconcile_guard(agent->reconcile, GUARD_SIGNPOST, ip);
}

/* No route may cover the way to tower or signpost, not even before the first connection to it. */
static void guard_towers(struct agent *agent)
{
	const struct config *config = agent->node.config;
	struct ip ip;

	for (size_t i = 0; i < config->targets.len; i++) {
		if (ip_parse(config->targets.at[i].url.host, &ip, NULL) == 0)
			on_tower_address(&ip, agent);
	}
	for (size_t i = 0; i < config->signposts_len; i++) {
		if (ip_parse(config->signposts[i].host, &ip, NULL) == 0)
			on_signpost_address(&ip, agent);
	}
	http_client_tell_addresses(agent->node.http, on_tower_address, agent);
	finder_tell_addresses(agent->node.finder, on_signpost_address, agent);
}

static int open_rooms(struct agent *agent, struct config *config, struct err *err)
{
	struct node *node = &agent->node;
	struct own_endpoint_config endpoint;
	struct controller_config controller;
	struct reconcile_config reconcile;
	struct keeper_config keeper;
	int r = node_open(node, config, err);

	if (r >= 0)
		r = control_new(node->loop, config->run_dir, agent_on_request, agent,
				&agent->control, err);
	/* Before the reconciler's own hook, so that both have their turn in the same one. */
	if (r >= 0)
		r = loop_hook_new(node->loop, on_plan, agent, &agent->plan, err);
	if (r < 0)
		return r;
	reconcile = (struct reconcile_config){ .loop = node->loop,
					       .interface = config->interface,
					       .wireguard = config->wireguard,
					       .foreign_peers = config->foreign_peers,
					       .dry_run = config->dry_run,
					       .on_up = on_up,
					       .data = agent };
	r = reconcile_new(&reconcile, &agent->reconcile, err);
	if (r < 0)
		return r;
	if (config->listen_port == 0)
		config->listen_port = reconcile_find_port(agent->reconcile) ?: CONFIG_PORT;
	guard_towers(agent);
	keeper = (struct keeper_config){ .loop = node->loop,
					 .statedir = node->statedir,
					 .self = &node->self,
					 .view = node->view,
					 .reconcile = agent->reconcile,
					 .interface = config->interface,
					 .for_people = !config->dry_run };
	r = keeper_new(&keeper, &agent->keeper, err);
	if (r < 0)
		return r;
	endpoint = (struct own_endpoint_config){ .loop = node->loop,
						 .declared = config->endpoint,
						 .internal_network = config->internal_network,
						 .listen_port = config->listen_port,
						 .get_scene = get_scene,
						 .on_changed = on_endpoint,
						 .data = agent };
	r = own_endpoint_new(&endpoint, &agent->endpoint, err);
	if (r < 0)
		return r;
	controller = node_controller_config(node);
	controller.on_stun = on_stun;
	controller.get_wish = get_wish;
	controller.on_joined = on_joined;
	controller.on_view = on_view;
	controller.on_state = on_state;
	controller.on_rotated = agent_on_rotated;
	controller.on_failure = on_failure;
	controller.data = agent;
	return controller_new(&controller, &agent->controller, err);
}

static int open_agent(struct agent *agent, struct config *config, struct err *err)
{
	struct loop *loop;
	int r = open_rooms(agent, config, err);

	if (r < 0)
		return r;
	loop = agent->node.loop;
	r = underlay_watch_new(loop, on_underlay, agent, &agent->underlay, err);
	if (r >= 0)
		r = loop_timer_new(loop, on_give_up, agent, &agent->give_up, err);
	if (r >= 0)
		r = loop_timer_new(loop, on_greeted, agent, &agent->greet, err);
	if (r >= 0)
		r = loop_timer_new(loop, agent_on_new_key, agent, &agent->new_key, err);
	if (r >= 0)
		r = loop_signal_new(loop, SIGTERM, on_signal, agent, &agent->terminate, err);
	if (r >= 0)
		r = loop_signal_new(loop, SIGINT, on_signal, agent, &agent->interrupt, err);
	return r;
}

static void close_agent(struct agent *agent)
{
	keeper_free(agent->keeper);
	controller_free(agent->controller);
	underlay_watch_free(agent->underlay);
	own_endpoint_free(agent->endpoint);
	reconcile_free(agent->reconcile);
	loop_hook_free(agent->plan);
	loop_timer_free(agent->give_up);
	loop_timer_free(agent->greet);
	loop_timer_free(agent->new_key);
	loop_signal_free(agent->terminate);
	loop_signal_free(agent->interrupt);
	/* Last: whoever waits for our end on the socket may then do as he likes. */
	control_free(agent->control);
	desired_done(&agent->desired);
	node_done(&agent->node);
}

enum exit_status agent_run(struct config *config)
{
	struct agent agent = { .is_patient = config->daemon };
	struct err err = { 0 };
	int r = open_agent(&agent, config, &err);

	if (r >= 0) {
		start_from_cache(&agent);
		loop_timer_set(agent.give_up, AGENT_GIVE_UP_MS);
		controller_start(agent.controller);
		finder_start(agent.node.finder, agent.controller);
		r = loop_run(agent.node.loop);
		if (r < 0)
			(void)err_errno(&err, r, "the loop");
	}
	close_agent(&agent);
	if (r < 0)
		log_error("agent", "%s", err.text);
	return r < 0 ? EXIT_FAULT : agent.exit_status;
}
