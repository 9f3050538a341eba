// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * The options made sense of: every value parsed, every contradiction refused with the names of
 * both options, before anything on the machine is touched.
 */
#ifndef NODEAGENT_CONFIG_H
#define NODEAGENT_CONFIG_H

#include "base/log.h"
#include "io/http_client.h"
#include "io/redis_url.h"
#include "mesh/peer.h"
#include "nodeagent/controller.h"
#include "nodeagent/desired.h"
#include "nodeagent/options.h"
#include "nodeagent/reconcile.h"

#define CONFIG_MTU_MIN 1280 /* of IPv6, RFC 8200 section 5 */
#define CONFIG_SIGNPOSTS_MAX 4
#define CONFIG_PORT 51820

struct config {
	struct target_list targets; /* given as URLs; or else signposts are */
	struct redis_url signposts[CONFIG_SIGNPOSTS_MAX];
	size_t signposts_len;
	char *signpost_key;
	char pin[HTTP_PIN_BYTES]; /* "" for none */
	char *ca_file;            /* NULL for none */
	char *token;              /* NULL for none */

	bool has_key; /* false: to be made at the first start, in key_file */
	struct key private_key;
	char *key_file;      /* NULL when the key was given itself */
	bool has_public_key; /* --public-key names it, too */

	char zone[ZONE_NAME_BYTES];
	struct ip address[ZONE_CIDRS_MAX];
	struct prefix_vec prefixes;
	bool hub_router;
	char hostname[PEER_HOSTNAME_BYTES];
	struct ip endpoint; /* IP_NONE when not given */
	bool internal_network;

	char interface[INTERFACE_NAME_BYTES];
	uint16_t listen_port; /* 0: as the interface has it, or else CONFIG_PORT */
	uint16_t mtu;         /* 0: as the underlay has it */
	enum wireguard_choice wireguard;
	enum foreign_peers foreign_peers;

	char *state_dir;
	char *run_dir;
	bool daemon;
	bool dry_run;
	enum log_level log_level;
};

/*
 * -EINVAL (a contradiction, or a value that makes no sense), or what reading a file failed with.
 * Only reads: the key, the token. The config is the caller's (config_done), which wipes the key.
 */
int config_make(const struct agent_options *options, struct config *ret_config,
		struct err *err) _must_check_;

/* What --foreign-peers says. */
enum foreign_peers config_foreign_peers(const struct agent_options *options);
void config_done(struct config *config);

#endif
