// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include "nodeagent/own_endpoint.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "crypto/crypto.h"
#include "nodeagent/stun_ask.h"
#include "nodeagent/stun_line.h"
#include "nodeagent/underlay.h"

#define YIELD_MS 500 /* by then WireGuard has its port */

struct own_endpoint {
	struct own_endpoint_config config;
	struct own_endpoint_facts facts;
	struct own_endpoint_choice choice; /* as it was told last */

	struct stun_ask *ask;
	struct loop_timer *tend;
	struct ip asked_from; /* as the last question was sent */
	int64_t asked_ms;     /* monotonic */
	unsigned failures;    /* in a row */
	bool is_awaited;      /* somebody waits for the answer to the first question */
	char why[ERR_TEXT_BYTES];
};

static bool is_asking_wanted(const struct own_endpoint *own)
{
	return own->config.declared.family == IP_NONE && !own->config.internal_network &&
	       own->facts.server.ip.family != IP_NONE;
}

static void set_why(struct own_endpoint *own, const char *why)
{
	if (*why && !str_eq(own->why, why))
		log_warn("endpoint", "%s", why);
	(void)snprintf(own->why, sizeof(own->why), "%s", why);
}

/* Of --internal-network: IP_NONE while there is no default route. */
static void look_at_underlay(struct own_endpoint *own)
{
	struct err err = { 0 };

	if (own->config.declared.family != IP_NONE || !own->config.internal_network)
		return;
	own->facts.internal = (struct ip){ 0 };
	if (underlay_address(&own->facts.internal, &err) < 0)
		(void)err_wrap(&err, "--internal-network");
	set_why(own, err.text);
}

static struct own_endpoint_choice choose(struct own_endpoint *own)
{
	own->config.get_scene(&own->facts.scene, own->config.data);
	return own_endpoint_choose(&own->facts);
}

static const char *nat_words(const struct own_endpoint_choice *choice)
{
	switch (choice->nat) {
	case OWN_ENDPOINT_NAT_BEHIND:
		return ", behind NAT";
	case OWN_ENDPOINT_NAT_NONE:
		return ", no NAT";
	case OWN_ENDPOINT_NAT_UNKNOWN:
		break;
	}
	return "";
}

/* Takes the choice over; tells of it when it is news. */
static void settle(struct own_endpoint *own)
{
	struct own_endpoint_choice before = own->choice;
	bool was_awaited = own->is_awaited;
	char text[ENDPOINT_TEXT_BYTES] = "none";

	own->choice = choose(own);
	own->is_awaited = false;
	if (!endpoint_equal(&before.endpoint, &own->choice.endpoint)) {
		if (own->choice.source != OWN_ENDPOINT_NONE)
			endpoint_format(&own->choice.endpoint, text);
		log_info("endpoint", "others reach this node at: %s%s", text,
			 nat_words(&own->choice));
	} else if (!was_awaited && before.is_public == own->choice.is_public) {
		return;
	}
	own->config.on_changed(own->config.data);
}

static void set_tend(struct own_endpoint *own)
{
	uint64_t random;

	crypto_random(&random, sizeof(random));
	loop_timer_set(own->tend, OWN_ENDPOINT_MAPPING_MS - OWN_ENDPOINT_SPREAD_MS +
					  (int64_t)(random % (2 * OWN_ENDPOINT_SPREAD_MS)));
}

static void end_ask(struct own_endpoint *own)
{
	stun_ask_free(own->ask);
	own->ask = NULL;
}

static void on_answer(const struct endpoint *mapped, const struct endpoint *local, void *data)
{
	struct own_endpoint *own = data;
	char server[ENDPOINT_TEXT_BYTES];
	char address[IP_TEXT_BYTES];
	struct err why = { 0 };

	endpoint_format(&own->facts.server, server);
	if (!mapped) {
		own->failures++;
		(void)err_set(&why, 0, "STUN server %s does not answer: is its UDP port open?",
			      server);
	} else if (!own_endpoint_accepts(mapped, &own->facts.server)) {
		own->failures++;
		ip_format(&mapped->ip, address);
		(void)err_set(
			&why, 0,
			"STUN server %s sees this node at %s, where others cannot reach it: give "
			"--local-endpoint-ip or --internal-network",
			server, address);
	} else {
		own->failures = 0;
		own->facts.mapped = *mapped;
		own->facts.local = *local;
	}
	/* What was seen of us from another network is nothing any more. */
	if (own->failures > 0 && !ip_equal(&local->ip, &own->facts.local.ip))
		own->facts.mapped = (struct endpoint){ 0 };
	end_ask(own);
	set_why(own, why.text);
	settle(own);
}

/* What fails here is said once, and tried again as an answer that did not come. */
static bool start_ask(struct own_endpoint *own)
{
	struct err err = { 0 };

	end_ask(own);
	set_tend(own);
	own->asked_ms = clock_mono_ms();
	own->asked_from = stun_line_source(&own->facts.server);
	if (stun_ask_start(own->config.loop, &own->facts.server, own->config.listen_port, on_answer,
			   own, &own->ask, &err) == 0)
		return true;
	own->failures++;
	set_why(own, err.text);
	return false;
}

static void on_tend(void *data)
{
	struct own_endpoint *own = data;
	int64_t since_ms = clock_mono_ms() - own->asked_ms;
	int64_t after_ms;

	set_tend(own);
	if (!is_asking_wanted(own) || own->ask)
		return;
	own->config.get_scene(&own->facts.scene, own->config.data);
	after_ms = own_endpoint_ask_after_ms(&own->choice, &own->facts.scene, own->failures);
	if (after_ms >= 0 && since_ms >= after_ms - 2 * OWN_ENDPOINT_SPREAD_MS && !start_ask(own))
		settle(own);
}

int own_endpoint_new(const struct own_endpoint_config *config, struct own_endpoint **ret_own,
		     struct err *err)
{
	struct own_endpoint *own = calloc(1, sizeof(*own));
	int r;

	if (!own)
		return err_oom(err);
	own->config = *config;
	own->facts.declared = config->declared;
	own->facts.internal_network = config->internal_network;
	own->facts.listen_port = config->listen_port;
	r = loop_timer_new(config->loop, on_tend, own, &own->tend, err);
	if (r < 0) {
		own_endpoint_free(own);
		return r;
	}
	look_at_underlay(own);
	own->choice = own_endpoint_choose(&own->facts);
	*ret_own = own;
	return 0;
}

void own_endpoint_free(struct own_endpoint *own)
{
	if (!own)
		return;
	end_ask(own);
	loop_timer_free(own->tend);
	free(own);
}

bool own_endpoint_use_server(struct own_endpoint *own, const struct endpoint *server, bool may_wait)
{
	bool is_new = !endpoint_equal(&own->facts.server, server);

	/* Without a server the last answer stands: the other towers may have one. */
	if (server->ip.family == IP_NONE || !is_new)
		return !(own->is_awaited && may_wait);
	own->facts.server = *server;
	own->failures = 0;
	if (!is_asking_wanted(own) || !start_ask(own))
		return true;
	own->is_awaited = may_wait && own->facts.mapped.ip.family == IP_NONE;
	return !own->is_awaited;
}

/* Without a way there is nobody to ask; when there is one again, that is a change. */
static bool take_source(struct own_endpoint *own)
{
	struct ip source;

	if (!is_asking_wanted(own))
		return false;
	source = stun_line_source(&own->facts.server);
	if (ip_equal(&source, &own->asked_from))
		return false;
	own->asked_from = source;
	own->failures = 0;
	return true;
}

bool own_endpoint_underlay_changed(struct own_endpoint *own)
{
	struct ip internal = own->facts.internal;
	bool is_other = take_source(own);

	look_at_underlay(own);
	/* When it is asked, the answer settles it. */
	if (!(is_other && own->asked_from.family != IP_NONE && start_ask(own)))
		settle(own);
	return is_other || !ip_equal(&internal, &own->facts.internal);
}

void own_endpoint_yield_port(struct own_endpoint *own)
{
	if (!stun_ask_holds_port(own->ask))
		return;
	end_ask(own);
	own->asked_ms = clock_mono_ms() - OWN_ENDPOINT_IDLE_MS;
	loop_timer_set(own->tend, YIELD_MS);
}

struct endpoint own_endpoint_declare(struct own_endpoint *own)
{
	look_at_underlay(own);
	own->choice = choose(own);
	return own->choice.endpoint;
}

void own_endpoint_get_status(const struct own_endpoint *own, struct own_endpoint_status *ret_status)
{
	*ret_status = (struct own_endpoint_status){
		.choice = own->choice,
		.server = own->facts.server,
		.why = own->why,
	};
}
