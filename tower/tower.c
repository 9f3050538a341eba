// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include "tower/tower.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/str.h"
#include "crypto/crypto.h"
#include "tower/api/api.h"
#include "tower/api/http_address.h"
#include "tower/user.h"

#define SWEEP_MS 60000
#define SECRET_FILE_MAX 4096

struct tower {
	struct loop *loop;
	const struct tower_config *config;
	struct limits limits;
	struct tls_material tls;
	struct state *state;
	struct presence *presence;
	struct store *store;
	struct commit *commit;
	struct watch *watch;
	struct auth *auth;
	struct api *api;
	struct http *http;
	struct loop_timer *sweep;
	char secret_dir[PATH_MAX];
	char *redis_password;
	bool announced;
};

/* A secret from a file, without the white space behind it. NULL path: NULL. Wiped by its user. */
static int read_secret(const char *option, const char *path, char **ret_secret, struct err *err)
{
	char *text = NULL;
	size_t len;
	int r;

	*ret_secret = NULL;
	if (!path)
		return 0;
	r = file_read(path, SECRET_FILE_MAX, &text, &len, err);
	if (r < 0)
		return err_wrap(err, "%s", option);
	while (len > 0 && strchr(" \t\r\n", text[len - 1]))
		text[--len] = '\0';
	if (len == 0) {
		free(text);
		return err_set(err, -EINVAL, "%s: %s is empty", option, path);
	}
	*ret_secret = text;
	return 0;
}

static void free_secret(char **secret)
{
	if (*secret)
		crypto_wipe(*secret, strlen(*secret));
	free(*secret);
}

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

/* Something to copy: commands that work against this very tower. */
static void announce(struct tower *tower)
{
	const struct tower_config *config = tower->config;
	const char *token_file = config->admin_token_file;
	bool is_unix = str_starts(config->listen, "unix:");
	char bearer[PATH_MAX + 64] = "";

	if (tower->announced)
		return;
	tower->announced = true;
	if (token_file)
		(void)snprintf(bearer, sizeof(bearer), " -H \"Authorization: Bearer $(cat %s)\"",
			       token_file);
	log_info("tower", "ready: %llu zones, %llu peers, revision %llu; secrets in %s",
		 (unsigned long long)state_zones_len(tower->state),
		 (unsigned long long)state_peers_len(tower->state, NULL),
		 (unsigned long long)state_revision(tower->state), tower->secret_dir);
	if (is_unix)
		log_info("tower", "try: curl%s --unix-socket %s http://localhost/zones", bearer,
			 config->listen + 5);
	else
		log_info("tower", "try: curl%s http://%s/zones", bearer, config->listen);
	if (config->tls_listen)
		log_info("tower",
			 "agents: aircrew --controller=https://<this host>:%s "
			 "--controller-pin=%s --join-token-file=FILE",
			 strrchr(config->tls_listen, ':') + 1, tower->tls.pin);
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

	if (status == STORE_READY && state_revision(tower->state) == 0)
		make_default_zone(tower);
	else if (status == STORE_READY)
		announce(tower);
	else if (*why)
		log_warn("tower", "%s", why);
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

/* What is read with the rights that we were started with. */
struct given {
	char *admin_token;
	char *viewer_token;
	char *redis_password;
	int plain_fd;
	int tls_fd;
};

static void given_done(struct given *given)
{
	free_secret(&given->admin_token);
	free_secret(&given->viewer_token);
	free_secret(&given->redis_password);
	attr_closep(&given->plain_fd);
	attr_closep(&given->tls_fd);
}

static int take_given(const struct tower_config *config, struct given *given, struct err *err)
{
	int r = read_secret("--admin-token-file", config->admin_token_file, &given->admin_token,
			    err);

	if (r == 0)
		r = read_secret("--viewer-token-file", config->viewer_token_file,
				&given->viewer_token, err);
	if (r == 0)
		r = read_secret("--redis-password-file", config->redis_password_file,
				&given->redis_password, err);
	if (r == 0)
		r = given->plain_fd = http_address_open(config->listen, err);
	if (r >= 0 && config->tls_listen)
		r = given->tls_fd = http_address_open(config->tls_listen, err);
	return MIN(r, 0);
}

static int load_tls(struct tower *tower, struct err *err)
{
	const struct tower_config *config = tower->config;
	char host[IP_TEXT_BYTES] = "";
	struct endpoint endpoint;
	struct tls_config tls = {
		.cert_file = config->tls_cert,
		.key_file = config->tls_key,
		.secret_dir = tower->secret_dir,
		.listen_host = host,
		.names = (const char *const *)config->tls_names.at,
		.names_len = config->tls_names.len,
	};

	if (endpoint_parse(config->tls_listen, &endpoint, NULL) == 0 &&
	    ip_to_number(&endpoint.ip) != 0)
		ip_format(&endpoint.ip, host);
	return tls_load(&tls, clock_real_ms(), &tower->tls, err);
}

/*
 * Files that were given are read as whoever started us; folders are made for the user that we
 * become; what we make in them is made as that user.
 */
static int become_user(struct tower *tower, struct err *err)
{
	const struct tower_config *config = tower->config;
	struct user user;
	int r = user_find(config->user, &user, err);

	if (r == 0 && config->tls_listen && config->tls_cert)
		r = load_tls(tower, err);
	if (r == 0 && !config->redis)
		r = user_own_dir(&user, config->state_dir, err);
	if (r == 0)
		r = user_own_dir(&user, tower->secret_dir, err);
	if (r == 0)
		r = user_become(&user, err);
	if (r == 0 && config->tls_listen && !config->tls_cert)
		r = load_tls(tower, err);
	return r;
}

static int serve(struct tower *tower, struct given *given, struct err *err)
{
	const struct tower_config *config = tower->config;
	bool open = str_eq(config->auth, "none") || !config->admin_token_file;
	struct http_listener plain = { .fd = TAKE_FD(given->plain_fd), .trust = { .open = open } };
	struct http_listener tls = { .fd = TAKE_FD(given->tls_fd),
				     .cert_pem = tower->tls.cert_pem,
				     .key_pem = tower->tls.key_pem,
				     .trust = { .is_tls = true } };
	bool local = true;
	int r = http_address_is_local(config->listen, &local, err);

	if (r == 0 && open && !local)
		log_warn("tower", "--auth=none: whoever reaches %s is an admin", config->listen);
	if (r == 0)
		r = http_listen(tower->http, &plain, err);
	if (r == 0 && config->tls_listen)
		r = http_listen(tower->http, &tls, err);
	return r;
}

static int make_store(struct tower *tower, struct err *err)
{
	const struct tower_config *config = tower->config;
	const struct store_config store = {
		.loop = tower->loop,
		.url = config->redis,
		.password = tower->redis_password,
		.state_dir = config->state_dir,
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
	const struct api_config api = {
		.loop = tower->loop,
		.http = tower->http,
		.state = tower->state,
		.presence = tower->presence,
		.store = tower->store,
		.commit = tower->commit,
		.watch = tower->watch,
		.auth = tower->auth,
		.tls = tower->config->tls_listen ? &tower->tls : NULL,
	};

	return api_new(&api, &tower->api, err);
}

static void dispatch(struct http_request *request, void *data)
{
	struct tower *tower = data;

	api_dispatch(request, tower->api);
}

static int make_rooms(struct tower *tower, const struct given *given, struct err *err)
{
	const struct tower_config *config = tower->config;
	const struct http_limits limits = {
		.connections = (unsigned)config->max_connections,
		.connections_per_address = (unsigned)config->max_connections_per_address,
	};
	const struct auth_config auth = { .secret_dir = tower->secret_dir,
					  .admin_token = given->admin_token,
					  .viewer_token = given->viewer_token,
					  .state = tower->state };
	const struct watch_config watch = {
		.loop = tower->loop,
		.state = tower->state,
		.watchers_max = config->max_watchers,
	};
	int r = auth_new(&auth, &tower->auth, err);

	if (r == 0)
		r = watch_new(&watch, &tower->watch, err);
	if (r == 0)
		r = make_store(tower, err);
	if (r == 0)
		r = make_commit(tower, err);
	if (r == 0)
		r = http_new(tower->loop, &limits, dispatch, tower, &tower->http, err);
	if (r == 0)
		r = make_api(tower, err);
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
	_cleanup_(given_done) struct given given = { .plain_fd = -1, .tls_fd = -1 };
	struct tower *tower = calloc(1, sizeof(*tower));
	int r;

	if (!tower)
		return err_oom(err);
	tower->loop = loop;
	tower->config = config;
	set_limits(tower);
	if (config->secret_dir)
		r = str_copy(tower->secret_dir, sizeof(tower->secret_dir), config->secret_dir);
	else
		r = snprintf(tower->secret_dir, sizeof(tower->secret_dir), "%s/secrets",
			     config->state_dir) < PATH_MAX
			    ? 0
			    : -ENAMETOOLONG;
	if (r == 0)
		r = take_given(config, &given, err);
	if (r == 0)
		r = become_user(tower, err);
	if (r == 0 && (state_new(&tower->state) < 0 || presence_new(&tower->presence) < 0))
		r = err_oom(err);
	tower->redis_password = TAKE_PTR(given.redis_password);
	if (r == 0)
		r = make_rooms(tower, &given, err);
	if (r == 0)
		r = serve(tower, &given, err);
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
	http_free(tower->http);
	api_free(tower->api);
	loop_timer_free(tower->sweep);
	watch_free(tower->watch);
	commit_free(tower->commit);
	store_free(tower->store);
	auth_free(tower->auth);
	presence_free(tower->presence);
	state_free(tower->state);
	tls_material_done(&tower->tls);
	free_secret(&tower->redis_password);
	free(tower);
}
