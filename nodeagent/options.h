// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * The agent's options as they were given: the table that makes parsing, environment names and
 * --help. What they mean together is config.h's business.
 */
#ifndef NODEAGENT_OPTIONS_H
#define NODEAGENT_OPTIONS_H

#include "base/options.h"

struct agent_options {
	struct option_list controllers;
	char *controller_password;
	char *controller_password_file;
	char *controller_prefix;
	char *controller_pin;
	char *controller_ca;
	bool insecure;
	char *join_token;
	char *join_token_file;

	char *public_key;
	char *private_key;
	char *private_key_file;

	char *zone;
	char *request_ip;
	struct option_list child_prefixes;
	bool hub_router;
	char *hostname;
	char *local_endpoint_ip;
	bool internal_network;

	char *interface;
	uint16_t listen_port;
	uint16_t mtu;
	char *wireguard;
	char *foreign_peers;

	char *state_dir;
	char *run_dir;
	bool daemon;
	bool dry_run;
	char *log_level;

	bool check_config;
	bool json;
	bool version;
	bool help;
};

extern const struct option_table agent_options_table;

#endif
