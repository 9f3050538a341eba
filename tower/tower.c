// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include "tower/tower.h"

#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "base/log.h"
#include "base/str.h"
#include "tower/announce.h"
#include "tower/api/api.h"
#include "tower/certificate.h"
#include "tower/given.h"
#include "tower/signpost_writer.h"
#include "tower/stun.h"

#define SWEEP_MS 60000
#define OTHER_DESCRIPTORS 100 /* of files, Redis, timers; the rest may be connections */

struct tower {
	struct loop *loop;
	const struct tower_config *config;
	struct limits limits;
	struct given given;
	struct state *state;
	struct presence *presence;
	struct store *store;
	struct commit *commit;
	struct watch *watch;
	struct auth *auth;
	struct api *api;
	struct http *http;
	struct stun *stun;
	struct certificate *certificate;
	struct signpost_writer
		*signpost; /* NULL when nobody asked for it, or nothing is to be told */
	struct loop_timer *sweep;
	bool announced;
};

static void on_change(const struct change *change, void *data)
{
	struct tower *tower = data;

	vec_foreach(op, &change->ops) {
		if (op->kind == OP_REMOVE_PEER)
			presence_forget(tower->presence, &op->peer.key);
	}
	if (watch_publish(tower->watch, change) < 0)
		watch_resync(tower->watch, false); /* no memory for frames: snapshots catch up */
}

static void on_swept(const struct commit_answer *answer, void *data)
{
	(void)data;
	if (answer->verdict == VERDICT_CHANGE)
		log_info("tower", "swept: %zu rows", answer->change->ops.len);
}

static void sweep(void *data)
{
	struct tower *tower = data;
	struct request request = { .kind = REQUEST_SWEEP };
	struct err err;

	loop_timer_set(tower->sweep, SWEEP_MS);
	if (store_status(tower->store) == STORE_READY &&
	    commit_submit(tower->commit, &request, on_swept, tower, NULL, &err) < 0)
		log_warn("tower", "sweep: %s", err.text);
}

static void announce(struct tower *tower)
{
	if (tower->announced)
		return;
	tower->announced = true;
	log_info("tower", "ready: %llu zones, %llu peers, revision %llu; secrets in %s",
		 (unsigned long long)state_zones_len(tower->state),
		 (unsigned long long)state_peers_len(tower->state, NULL),
		 (unsigned long long)state_revision(tower->state), tower->given.secret_dir);
	announce_commands(tower->config, &tower->given);
}

static void on_default_zone(const struct commit_answer *answer, void *data)
{
	/* Another tower may have been first: that is just as well. */
	if (answer->verdict == VERDICT_CHANGE)
		log_info("tower", "made the zone 'default'");
	announce(data);
}

/* The first change of a history; a zone that somebody removed later is not made again. */
static void make_default_zone(struct tower *tower)
{
	struct request request = { .kind = REQUEST_ZONE_CREATE };
	struct err err;

	decide_zone_defaults(&request.zone);
	(void)snprintf(request.zone.name, sizeof(request.zone.name), "default");
	if (zone_set_cidr(&request.zone, tower->config->default_cidr, &err) < 0 ||
	    commit_submit(tower->commit, &request, on_default_zone, tower, NULL, &err) < 0)
		log_error("tower", "zone 'default': %s", err.text);
}

static void on_status(enum store_status status, const char *why, void *data)
{
	struct tower *tower = data;

	(void)why; /* the store has said it */
	if (status == STORE_READY && tower->signpost)
		signpost_writer_refresh(tower->signpost);
	if (status == STORE_READY && state_revision(tower->state) == 0)
		make_default_zone(tower);
	else if (status == STORE_READY)
		announce(tower);
}

static void on_loaded(bool again, void *data)
{
	struct tower *tower = data;

	if (again)
		watch_resync(tower->watch, false);
}

static void on_store_change(const struct change *change, void *data)
{
	struct tower *tower = data;

	commit_take_change(tower->commit, change);
}

static void on_store_history(const struct change *change, void *data)
{
	struct tower *tower = data;

	commit_take_history(tower->commit, change);
	(void)!watch_publish(tower->watch, change); /* without memory: a shorter ring */
}

static int serve_plain(struct tower *tower, struct err *err)
{
	const struct tower_config *config = tower->config;
	bool asks = str_eq(config->auth, "required") && config->admin_token_file;
	const struct http_listener listener = {
		.fd = TAKE_FD(tower->given.plain_fd),
		.trust = { .open = !asks },
	};

	if (str_eq(config->auth, "none"))
		log_warn("tower", "--auth=none: whoever reaches %s is an admin", config->listen);
	return http_listen(tower->http, &listener, err);
}

static int serve_tls(struct tower *tower, struct err *err)
{
	const struct http_listener listener = {
		.fd = TAKE_FD(tower->given.tls_fd),
		.cert_pem = tower->given.tls.cert_pem,
		.key_pem = tower->given.tls.key_pem,
		.trust = { .is_tls = true },
	};

	return http_listen(tower->http, &listener, err);
}

static int make_store(struct tower *tower, struct err *err)
{
	const struct tower_config *config = tower->config;
	const struct store_config store = {
		.loop = tower->loop,
		.url = config->redis,
		.password = tower->given.redis_password,
		.state_dir = config->state_dir,
		.signpost_listen = config->signpost_listen,
		.signpost_password = tower->given.signpost_password,
		.key_prefix = config->redis_prefix,
		.log_keep = config->log_keep,
		.fingerprint = auth_fingerprint(tower->auth),
		.state = tower->state,
		.presence = tower->presence,
		.on_history = on_store_history,
		.on_loaded = on_loaded,
		.on_change = on_store_change,
		.on_status = on_status,
		.data = tower,
	};

	return store_new(&store, &tower->store, err);
}

static int make_signpost(struct tower *tower, struct err *err)
{
	const struct tower_config *config = tower->config;
	const struct signpost_writer_config signpost = {
		.loop = tower->loop,
		.store = tower->store,
		.auth = tower->auth,
		.tls = &tower->given.tls,
		.key_prefix = config->redis_prefix,
		.tls_listen = config->tls_listen,
		.advertise_url = config->advertise_url,
		.stun_listen = config->stun_listen,
	};

	if (!config->tls_listen || (!config->signpost && !config->signpost_listen))
		return 0;
	return signpost_writer_new(&signpost, &tower->signpost, err);
}

static int make_commit(struct tower *tower, struct err *err)
{
	const struct commit_config commit = {
		.loop = tower->loop,
		.state = tower->state,
		.presence = tower->presence,
		.limits = &tower->limits,
		.store = tower->store,
		.on_change = on_change,
		.data = tower,
	};

	return commit_new(&commit, &tower->commit, err);
}

static int make_api(struct tower *tower, struct err *err)
{
	const char *stun = tower->config->stun_listen;
	const struct api_config api = {
		.loop = tower->loop,
		.http = tower->http,
		.state = tower->state,
		.presence = tower->presence,
		.store = tower->store,
		.commit = tower->commit,
		.watch = tower->watch,
		.auth = tower->auth,
		.tls = tower->config->tls_listen ? &tower->given.tls : NULL,
		.signpost = tower->signpost,
		.stun = stun ? strrchr(stun, ':') : NULL,
	};

	return api_new(&api, &tower->api, err);
}

static void dispatch(struct http_request *request, void *data)
{
	struct tower *tower = data;

	api_dispatch(request, tower->api);
}

/* Connections are descriptors: what the system grants us bounds them too. */
static unsigned connections_max(const struct tower_config *config)
{
	unsigned most = (unsigned)config->max_connections;
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur == RLIM_INFINITY ||
	    limit.rlim_cur >= most + OTHER_DESCRIPTORS)
		return most;
	most = (unsigned)MAX(limit.rlim_cur, 2 * OTHER_DESCRIPTORS) - OTHER_DESCRIPTORS;
	log_warn("tower", "%u connections at most, for there are %llu descriptors (ulimit -n)",
		 most, (unsigned long long)limit.rlim_cur);
	return most;
}

static int make_http(struct tower *tower, struct err *err)
{
	const struct tower_config *config = tower->config;
	const struct http_limits limits = {
		.connections = connections_max(config),
		.connections_per_address = (unsigned)config->max_connections_per_address,
		.idle_s = (unsigned)config->idle_timeout_s,
		.request_s = (unsigned)config->request_timeout_s,
	};

	return http_new(tower->loop, &limits, dispatch, tower, &tower->http, err);
}

static int make_auth(struct tower *tower, struct err *err)
{
	const struct auth_config auth = {
		.secret_dir = tower->given.secret_dir,
		.admin_token = tower->given.admin_token,
		.viewer_token = tower->given.viewer_token,
		.state = tower->state,
	};
	int r = auth_new(&auth, &tower->auth, err);

	given_forget_tokens(&tower->given);
	return r;
}

static int make_watch(struct tower *tower, struct err *err)
{
	const struct watch_config watch = {
		.loop = tower->loop,
		.state = tower->state,
		.watchers_max = tower->config->max_watchers,
	};

	return watch_new(&watch, &tower->watch, err);
}

/* Agents that read the signpost from now on shall find the new pin. */
static void on_certificate_replaced(void *data)
{
	struct tower *tower = data;

	if (tower->signpost)
		signpost_writer_refresh(tower->signpost);
}

static int make_certificate(struct tower *tower, struct err *err)
{
	const struct certificate_config certificate = {
		.loop = tower->loop,
		.http = tower->http,
		.options = tower->config,
		.given = &tower->given,
		.on_replaced = on_certificate_replaced,
		.data = tower,
	};

	return certificate_new(&certificate, &tower->certificate, err);
}

static int make_rooms(struct tower *tower, struct err *err)
{
	int r = 0;

	if (state_new(&tower->state) < 0 || presence_new(&tower->presence) < 0)
		return err_oom(err);
	r = make_auth(tower, err);
	if (r == 0)
		r = make_watch(tower, err);
	if (r == 0)
		r = make_store(tower, err);
	if (r == 0)
		r = make_signpost(tower, err);
	if (r == 0)
		r = make_commit(tower, err);
	if (r == 0)
		r = make_http(tower, err);
	if (r == 0)
		r = make_api(tower, err);
	if (r == 0)
		r = make_certificate(tower, err);
	if (r == 0)
		r = loop_timer_new(tower->loop, sweep, tower, &tower->sweep, err);
	if (r == 0)
		loop_timer_set(tower->sweep, SWEEP_MS);
	return r;
}

static void set_limits(struct tower *tower)
{
	const struct tower_config *config = tower->config;

	tower->limits = LIMITS_DEFAULT;
	tower->limits.zones = config->max_zones;
	tower->limits.peers_per_zone = config->max_peers_per_zone;
	tower->limits.prefixes_per_peer = config->max_prefixes_per_peer;
}

int tower_new(struct loop *loop, const struct tower_config *config, struct tower **ret_tower,
	      struct err *err)
{
	struct tower *tower = calloc(1, sizeof(*tower));
	int r;

	if (!tower)
		return err_oom(err);
	tower->loop = loop;
	tower->config = config;
	set_limits(tower);
	r = given_take(config, &tower->given, err);
	if (r < 0) {
		free(tower);
		return r;
	}
	r = make_rooms(tower, err);
	if (r == 0)
		r = serve_plain(tower, err);
	if (r == 0 && config->tls_listen)
		r = serve_tls(tower, err);
	if (r == 0 && config->stun_listen)
		r = stun_new(loop, TAKE_FD(tower->given.stun_fd), &tower->stun, err);
	if (r < 0) {
		tower_free(tower);
		return r;
	}
	*ret_tower = tower;
	return 0;
}

void tower_free(struct tower *tower)
{
	if (!tower)
		return;
	stun_free(tower->stun);
	certificate_free(tower->certificate);
	http_free(tower->http);
	api_free(tower->api);
	loop_timer_free(tower->sweep);
	watch_free(tower->watch);
	commit_free(tower->commit);
	signpost_writer_free(tower->signpost);
	store_free(tower->store);
	auth_free(tower->auth);
	presence_free(tower->presence);
	state_free(tower->state);
	given_done(&tower->given);
	free(tower);
}
