// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include "tower/config.h"

#include <errno.h>

#include "base/log.h"
#include "base/str.h"
#include "mesh/peer.h"
#include "mesh/signpost.h"
#include "tower/api/http_address.h"

#define AT(member) offsetof(struct tower_config, member)
#define REPLACED_BY_REDIS                                                                      \
	"the tower finds its Redis by --redis=redis://host:6379, with --redis-password-file; " \
	"without it, it starts one of its own"

static const struct option_row rows[] = {
	{ OPTION_GROUP, .name = "Listening" },
	{ OPTION_TEXT, "listen", NULL, "CONTROLTOWER_LISTEN", "ADDRESS", "127.0.0.1:8080",
	  "Plain HTTP, as IP:PORT or unix:/path; beyond loopback only with an admin token.",
	  AT(listen), false },
	{ OPTION_TEXT, "tls-listen", NULL, "CONTROLTOWER_TLS_LISTEN", "ADDRESS", NULL,
	  "HTTPS, as IP:PORT (8443 by custom; [::]:8443 for all addresses); always asks for "
	  "credentials.",
	  AT(tls_listen), false },
	{ OPTION_TEXT, "tls-cert", NULL, "CONTROLTOWER_TLS_CERT", "FILE", NULL,
	  "Certificate chain (PEM); without it the tower makes its own and prints its pin.",
	  AT(tls_cert), false },
	{ OPTION_TEXT, "tls-key", NULL, "CONTROLTOWER_TLS_KEY", "FILE", NULL,
	  "Key of --tls-cert (PEM, not encrypted).", AT(tls_key), false },
	{ OPTION_LIST, "tls-name", NULL, "CONTROLTOWER_TLS_NAMES", "NAME", NULL,
	  "A further name or address for the self-made certificate; may be repeated.",
	  AT(tls_names), false },
	{ OPTION_TEXT, "stun-listen", NULL, "CONTROLTOWER_STUN_LISTEN", "ADDRESS", NULL,
	  "STUN by UDP, as IP:PORT (3478 by custom; [::]:3478 for all addresses): tells nodes "
	  "behind NAT how they look from outside. They ask the host of the tower's URL.",
	  AT(stun_listen), false },
	{ OPTION_GROUP, .name = "Who may do what" },
	{ OPTION_TEXT, "admin-token-file", NULL, "CONTROLTOWER_ADMIN_TOKEN_FILE", "FILE", NULL,
	  "Holds the admin token; once there is one, every listener asks for it.",
	  AT(admin_token_file), false },
	{ OPTION_TEXT, "viewer-token-file", NULL, "CONTROLTOWER_VIEWER_TOKEN_FILE", "FILE", NULL,
	  "Holds a token that may read everything and change nothing.", AT(viewer_token_file),
	  false },
	{ OPTION_CHOICE, "auth", NULL, "CONTROLTOWER_AUTH", "required|none", "required",
	  "'none' opens --listen to whoever reaches it, wherever it listens.", AT(auth), false },
	{ OPTION_GROUP, .name = "State" },
	{ OPTION_TEXT, "redis", NULL, "CONTROLTOWER_REDIS", "URL", NULL,
	  "redis://[user@]host[:port][/db] or unix:///path; without it the tower runs a private "
	  "redis-server in its state dir.",
	  AT(redis), false },
	{ OPTION_TEXT, "redis-password-file", NULL, "CONTROLTOWER_REDIS_PASSWORD_FILE", "FILE",
	  NULL, "Holds the password for --redis.", AT(redis_password_file), false },
	{ OPTION_TEXT, "redis-prefix", NULL, "CONTROLTOWER_REDIS_PREFIX", "TEXT",
	  "apex:", "Put before every key in Redis.", AT(redis_prefix), false },
	{ OPTION_TEXT, "dir", NULL, "CONTROLTOWER_DIR", "DIR", NULL,
	  "Only with redis-acl: keeps users.acl, tower.password and signpost.password there, making "
	  "what is missing; --user=NAME|UID says whose they are to be.",
	  AT(dir), false },
	{ OPTION_GROUP,
	  .name = "The signpost, by which agents that know only Redis find the tower" },
	{ OPTION_TEXT, "signpost-listen", NULL, "CONTROLTOWER_SIGNPOST_LISTEN", "ADDRESS", NULL,
	  "Lets the private redis-server listen there, as IP:PORT (6379 by custom), for reading the "
	  "signpost with its password and for nothing else; wants --tls-listen.",
	  AT(signpost_listen), false },
	{ OPTION_FLAG, "signpost", NULL, "CONTROLTOWER_SIGNPOST", NULL, NULL,
	  "Writes the signpost to the Redis of --redis; redis-acl prints the users that this Redis "
	  "then needs; wants --tls-listen.",
	  AT(signpost), false },
	{ OPTION_TEXT, "signpost-password-file", NULL, "CONTROLTOWER_SIGNPOST_PASSWORD_FILE",
	  "FILE", NULL,
	  "Holds the signpost's password; made at first start of --signpost-listen, and its content "
	  "then printed once. 'signpost.password' in the state dir when not given.",
	  AT(signpost_password_file), false },
	{ OPTION_TEXT, "advertise-url", NULL, "CONTROLTOWER_ADVERTISE_URL", "URL", NULL,
	  "What the signpost says of this tower, as https://host:port; without it: the port of "
	  "--tls-listen, on the host where the signpost was read.",
	  AT(advertise_url), false },
	{ OPTION_GROUP, .name = "Files" },
	{ OPTION_TEXT, "state-dir", NULL, "CONTROLTOWER_STATE_DIR", "DIR", "/var/lib/controltower",
	  "Holds the private Redis.", AT(state_dir), false },
	{ OPTION_TEXT, "secret-dir", NULL, "CONTROLTOWER_SECRET_DIR", "DIR", NULL,
	  "Holds the tower's secrets, made at first start; 'secrets' in the state dir when not "
	  "given.",
	  AT(secret_dir), false },
	{ OPTION_TEXT, "default-cidr", NULL, "CONTROLTOWER_DEFAULT_CIDR", "CIDR", "10.200.1.0/20",
	  "Of the zone 'default', which exists from the first start.", AT(default_cidr), false },
	{ OPTION_NUMBER, "log-keep", NULL, "CONTROLTOWER_LOG_KEEP", "N", "100000",
	  "Changes kept in Redis for towers and watchers to resume from.", AT(log_keep), false },
	{ OPTION_GROUP, .name = "Limits" },
	{ OPTION_NUMBER, "max-connections", NULL, "CONTROLTOWER_MAX_CONNECTIONS", "N", "18000",
	  "Open connections in all.", AT(max_connections), false },
	{ OPTION_NUMBER, "max-connections-per-address", NULL,
	  "CONTROLTOWER_MAX_CONNECTIONS_PER_ADDRESS", "N", "18000",
	  "Open connections of one client address (a whole site may stand behind one).",
	  AT(max_connections_per_address), false },
	{ OPTION_SECONDS, "idle-timeout", NULL, "CONTROLTOWER_IDLE_TIMEOUT", "TIME", "30s",
	  "How long a connection may stand without a byte; watchers are not counted.",
	  AT(idle_timeout_s), false },
	{ OPTION_SECONDS, "request-timeout", NULL, "CONTROLTOWER_REQUEST_TIMEOUT", "TIME", "30s",
	  "How long a request may take to arrive whole.", AT(request_timeout_s), false },
	{ OPTION_NUMBER, "max-watchers", NULL, "CONTROLTOWER_MAX_WATCHERS", "N", "16000",
	  "Event streams followed at once.", AT(max_watchers), false },
	{ OPTION_NUMBER, "max-zones", NULL, "CONTROLTOWER_MAX_ZONES", "N", "10000", "Zones.",
	  AT(max_zones), false },
	{ OPTION_NUMBER, "max-peers-per-zone", NULL, "CONTROLTOWER_MAX_PEERS_PER_ZONE", "N",
	  "100000", "Peers of one zone.", AT(max_peers_per_zone), false },
	{ OPTION_NUMBER, "max-prefixes-per-peer", NULL, "CONTROLTOWER_MAX_PREFIXES_PER_PEER", "N",
	  "512", "Child prefixes of one peer.", AT(max_prefixes_per_peer), false },
	{ OPTION_GROUP, .name = "Running" },
	{ OPTION_TEXT, "user", NULL, "CONTROLTOWER_USER", "NAME", NULL,
	  "Who to be once the ports are bound, when started as root; 'apex' if that user exists, "
	  "else 'nobody'.",
	  AT(user), false },
	{ OPTION_CHOICE, "log-level", NULL, "CONTROLTOWER_LOG_LEVEL", "error|warn|info|debug",
	  "info", "What is written to standard error.", AT(log_level), false },
	{ OPTION_FLAG, "check-config", NULL, NULL, NULL, NULL, "Check the options, then exit.",
	  AT(check_config), false },
	{ OPTION_FLAG, "version", NULL, NULL, NULL, NULL, "Show the version, then exit.",
	  AT(version), false },
	{ OPTION_FLAG, "help", "h", NULL, NULL, NULL, "Show this, then exit.", AT(help), false },
	{ OPTION_REFUSED, "streamer-address", NULL, NULL, NULL, NULL, REPLACED_BY_REDIS, 0, false },
	{ OPTION_REFUSED, "streamer-password", "streamer-passwd", NULL, NULL, NULL,
	  REPLACED_BY_REDIS, 0, false },
	{ OPTION_REFUSED, "db-address", NULL, NULL, NULL, NULL,
	  "there is no database but Redis: leave it out", 0, false },
	{ OPTION_REFUSED, "db-password", NULL, NULL, NULL, NULL,
	  "there is no database but Redis: leave it out", 0, false },
};

const struct option_table tower_config_options = {
	.program = "controltower",
	.synopsis = "[redis-acl] [options]",
	.summary =
		"Keeps the zones, peers, addresses and join tokens of Apex, and tells every "
		"agent of each change. With redis-acl it only prints the aclfile for a Redis of its "
		"own (docs/redis.md), with the passwords in --redis-password-file and "
		"--signpost-password-file, or keeps it in --dir.",
	.rows = rows,
	.rows_len = ARRAY_SIZE(rows),
};

static int check_listeners(const struct tower_config *config, struct err *err)
{
	struct endpoint stun;
	bool local;
	int r = http_address_is_local(config->listen, &local, err);

	if (r < 0)
		return err_wrap(err, "--listen");
	if (!local && !config->admin_token_file && str_eq(config->auth, "required"))
		return err_set(err, -EINVAL,
			       "--listen=%s is reached by others: set --admin-token-file, or use "
			       "--tls-listen, or say --auth=none to open it to everybody",
			       config->listen);
	if (config->tls_listen && http_address_is_local(config->tls_listen, &local, err) < 0)
		return err_wrap(err, "--tls-listen");
	if (config->stun_listen && endpoint_parse(config->stun_listen, &stun, err) < 0)
		return err_wrap(err, "--stun-listen");
	if (!config->tls_cert != !config->tls_key)
		return err_set(err, -EINVAL, "--tls-cert and --tls-key go together");
	if (config->tls_cert && !config->tls_listen)
		return err_set(err, -EINVAL, "--tls-cert without --tls-listen has no use");
	return 0;
}

static int check_limits(const struct tower_config *config, struct err *err)
{
	const struct {
		const char *name;
		uint64_t value;
		uint64_t max;
	} limits[] = {
		{ "max-connections", config->max_connections, 1000000 },
		{ "max-connections-per-address", config->max_connections_per_address, 1000000 },
		{ "idle-timeout", (uint64_t)config->idle_timeout_s, 86400 },
		{ "request-timeout", (uint64_t)config->request_timeout_s, 86400 },
		{ "max-watchers", config->max_watchers, 1000000 },
		{ "max-zones", config->max_zones, UINT64_MAX },
		{ "max-peers-per-zone", config->max_peers_per_zone, UINT64_MAX },
		{ "max-prefixes-per-peer", config->max_prefixes_per_peer, PEER_PREFIXES_MAX },
		{ "log-keep", config->log_keep, UINT64_MAX },
	};

	for (size_t i = 0; i < ARRAY_SIZE(limits); i++) {
		if (limits[i].value < 1 || limits[i].value > limits[i].max)
			return err_set(err, -EINVAL, "--%s: from 1 to %llu, not %llu",
				       limits[i].name, (unsigned long long)limits[i].max,
				       (unsigned long long)limits[i].value);
	}
	return 0;
}

static int check_signpost(const struct tower_config *config, struct err *err)
{
	struct signpost_place place;
	struct endpoint endpoint;

	if (config->dir)
		return err_set(err, -EINVAL, "--dir goes with redis-acl alone");
	if (config->signpost_listen && config->redis)
		return err_set(
			err, -EINVAL,
			"--signpost-listen is for the private redis-server, not for --redis: "
			"say --signpost");
	if (config->signpost && !config->redis)
		return err_set(err, -EINVAL,
			       "--signpost is for the Redis of --redis; the private redis-server "
			       "is opened by --signpost-listen");
	if (config->signpost_password_file && !config->signpost_listen)
		return err_set(
			err, -EINVAL,
			"--signpost-password-file without --signpost-listen or redis-acl has "
			"no use");
	if (config->signpost_listen && endpoint_parse(config->signpost_listen, &endpoint, err) < 0)
		return err_wrap(err, "--signpost-listen");
	if (config->advertise_url && !config->signpost_listen && !config->signpost)
		return err_set(err, -EINVAL, "--advertise-url without a signpost has no use");
	if (config->advertise_url && signpost_url_parse(config->advertise_url, &place, err) < 0)
		return err_wrap(err, "--advertise-url");
	return 0;
}

static int check_redis_acl(const struct tower_config *config, struct err *err)
{
	const bool has_files = config->redis_password_file || config->signpost_password_file;

	if (config->dir && has_files)
		return err_set(err, -EINVAL,
			       "redis-acl: --dir has password files of its own; leave out "
			       "--redis-password-file and --signpost-password-file");
	if (!config->dir && (!config->redis_password_file || !config->signpost_password_file))
		return err_set(
			err, -EINVAL,
			"redis-acl: give --redis-password-file and --signpost-password-file, "
			"or --dir to have them made");
	return 0;
}

static int check(const struct tower_config *config, struct err *err)
{
	struct zone zone = { 0 };
	int r;

	if (config->redis_acl)
		return check_redis_acl(config, err);
	r = check_listeners(config, err);
	if (r == 0)
		r = check_limits(config, err);
	if (r == 0)
		r = check_signpost(config, err);
	if (r < 0)
		return r;
	if (config->redis_password_file && !config->redis)
		return err_set(err, -EINVAL,
			       "--redis-password-file without --redis has no use: the private "
			       "redis-server needs none");
	r = zone_set_cidr(&zone, config->default_cidr, err);
	return r < 0 ? err_wrap(err, "--default-cidr") : 0;
}

int tower_config_read(int argc, char **argv, struct tower_config *config, struct err *err)
{
	struct option_list words = { 0 };
	enum log_level level;
	int r = options_parse(&tower_config_options, argc, argv, config, &words, err);

	if (r == 0 && words.len > 0) {
		config->redis_acl = str_eq(words.at[0], "redis-acl");
		if (!config->redis_acl || words.len > 1)
			r = err_set(
				err, -EINVAL,
				"'%.64s': controltower takes options and the word redis-acl only",
				words.at[words.len - 1]);
	}
	vec_done(&words);
	if (r < 0 || config->help || config->version)
		return r;
	if (log_level_parse(config->log_level, &level) == 0)
		log_set_level(level);
	return check(config, err);
}

void tower_config_done(struct tower_config *config)
{
	options_done(&tower_config_options, config);
}
