// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * The options of controltower.
 */
#ifndef TOWER_CONFIG_H
#define TOWER_CONFIG_H

#include "base/options.h"

struct tower_config {
	char *listen;
	char *tls_listen;
	char *tls_cert;
	char *tls_key;
	struct option_list tls_names;
	char *admin_token_file;
	char *viewer_token_file;
	char *stun_listen;
	char *auth;
	char *redis;
	char *redis_password_file;
	char *redis_prefix;
	bool signpost;         /* in the Redis of `redis` */
	char *signpost_listen; /* of the embedded one */
	char *signpost_password_file;
	char *advertise_url;
	char *dir; /* of redis-acl */
	char *state_dir;
	char *secret_dir; /* NULL: "secrets" in the state dir */
	char *default_cidr;
	uint64_t log_keep;
	uint64_t max_connections;
	uint64_t max_connections_per_address;
	uint64_t max_watchers;
	int64_t idle_timeout_s;
	int64_t request_timeout_s;
	uint64_t max_zones;
	uint64_t max_peers_per_zone;
	uint64_t max_prefixes_per_peer;
	char *user;
	char *log_level;
	bool redis_acl; /* the word redis-acl was given: print or keep an aclfile, then exit */
	bool check_config;
	bool help;
	bool version;
};

extern const struct option_table tower_config_options;

/* Reads and checks the command line. -EINVAL names the option. Ends with tower_config_done all the
 * same.
 */
int tower_config_read(int argc, char **argv, struct tower_config *config,
		      struct err *err) _must_check_;
void tower_config_done(struct tower_config *config);

#endif
