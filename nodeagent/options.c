// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include "nodeagent/options.h"

#define OFFSET(field) .offset = offsetof(struct agent_options, field)

static const struct option_row rows[] = {
	{ OPTION_GROUP, .name = "The tower" },
	{ OPTION_LIST, "controller", .env = "AIRCREW_CONTROLLER", .arg = "WHERE",
	  .help = "HOST[:PORT], redis://[USER@]HOST[:PORT] or unix:///SOCKET: the Redis with the "
		  "signpost that tells where the towers are. Or a tower itself: https://host:8443, "
		  "or http://127.0.0.1:8080 on this machine. Several of one kind, with commas or "
		  "given again, are tried in turn.",
	  OFFSET(controllers) },
	{ OPTION_TEXT, "controller-password", .env = "AIRCREW_CONTROLLER_PASSWD", .arg = "PASSWORD",
	  .help = "Password of the signpost's Redis; a tower's URL takes none.", .secret = true,
	  OFFSET(controller_password) },
	{ OPTION_TEXT, "controller-password-file", .env = "AIRCREW_CONTROLLER_PASSWD_FILE",
	  .arg = "FILE", .help = "The same from a file.", OFFSET(controller_password_file) },
	{ OPTION_TEXT, "controller-prefix", .env = "AIRCREW_CONTROLLER_PREFIX", .arg = "PREFIX",
	  .help = "The tower's --redis-prefix, when it is not 'apex:'.",
	  OFFSET(controller_prefix) },
	{ OPTION_TEXT, "controller-pin", .env = "AIRCREW_CONTROLLER_PIN", .arg = "PIN",
	  .help = "sha256//<base64> of the tower's public key, as the tower logs it: the only key "
		  "that is trusted, whatever certificate or signpost say.",
	  OFFSET(controller_pin) },
	{ OPTION_TEXT, "controller-ca", .env = "AIRCREW_CONTROLLER_CA", .arg = "FILE",
	  .help = "Certificates (PEM) that vouch for the tower, instead of the system's.",
	  OFFSET(controller_ca) },
	{ OPTION_FLAG, "insecure", .env = "AIRCREW_INSECURE",
	  .help = "Allow plain HTTP to another machine: whoever is on the way reads and changes "
		  "everything.",
	  OFFSET(insecure) },
	{ OPTION_TEXT, "join-token", .env = "AIRCREW_JOIN_TOKEN", .arg = "TOKEN",
	  .help = "Admits a key that the tower does not know yet.", .secret = true,
	  OFFSET(join_token) },
	{ OPTION_TEXT, "join-token-file", .env = "AIRCREW_JOIN_TOKEN_FILE", .arg = "FILE",
	  .help = "The same from a file.", OFFSET(join_token_file) },

	{ OPTION_GROUP, .name = "This node's key" },
	{ OPTION_TEXT, "public-key", .env = "AIRCREW_PUB_KEY", .arg = "KEY",
	  .help = "The node's identity. It follows from the private key; given, both must belong "
		  "together.",
	  OFFSET(public_key) },
	{ OPTION_TEXT, "private-key", .env = "AIRCREW_PRIVATE_KEY", .arg = "KEY",
	  .help = "The private key itself. For trying things out: others on this machine may see "
		  "it while the program starts.",
	  .secret = true, OFFSET(private_key) },
	{ OPTION_TEXT, "private-key-file", .env = "AIRCREW_PRIVATE_KEY_FILE", .arg = "FILE",
	  .help = "The file with the private key, made at the first start. Default: private.key "
		  "in --state-dir.",
	  OFFSET(private_key_file) },

	{ OPTION_GROUP, .name = "What to ask the zone for" },
	{ OPTION_TEXT, "zone", .env = "AIRCREW_ZONE", .arg = "NAME", .fallback = "default",
	  .help = "The zone to join.", OFFSET(zone) },
	{ OPTION_TEXT, "request-ip", .env = "AIRCREW_REQUESTED_IP", .arg = "IP",
	  .help = "The node address to ask for; in a zone with IPv4 and IPv6 one of each, with a "
		  "comma.",
	  OFFSET(request_ip) },
	{ OPTION_LIST, "child-prefix", .env = "AIRCREW_REQUESTED_CHILD_PREFIX", .arg = "CIDR",
	  .help = "A further prefix that is reached through this node; with commas or given again "
		  "for several.",
	  OFFSET(child_prefixes) },
	{ OPTION_FLAG, "hub-router", .env = "AIRCREW_HUB_ROUTER",
	  .help = "In a hub zone: this node relays for all others.", OFFSET(hub_router) },
	{ OPTION_TEXT, "hostname", .env = "AIRCREW_HOSTNAME", .arg = "NAME",
	  .help = "How people are to call this node. Default: the machine's own name.",
	  OFFSET(hostname) },
	{ OPTION_TEXT, "local-endpoint-ip", .env = "AIRCREW_LOCAL_ENDPOINT_IP", .arg = "IP",
	  .help = "The address under which other nodes reach this one. Without it, and without "
		  "--internal-network, the tower's STUN server is asked.",
	  OFFSET(local_endpoint_ip) },
	{ OPTION_FLAG, "internal-network", .alias = "network-internal",
	  .env = "AIRCREW_INTERNAL_NETWORK",
	  .help = "Let other nodes use the address that this one's default route leaves by.",
	  OFFSET(internal_network) },

	{ OPTION_GROUP, .name = "WireGuard" },
	{ OPTION_TEXT, "interface", .env = "AIRCREW_INTERFACE", .arg = "NAME", .fallback = "wg0",
	  .help = "The interface to keep.", OFFSET(interface) },
	{ OPTION_U16, "listen-port", .env = "AIRCREW_LISTEN_PORT", .arg = "PORT",
	  .help = "The UDP port of WireGuard. Default: that of the interface when it is there "
		  "already, else 51820.",
	  OFFSET(listen_port) },
	{ OPTION_U16, "mtu", .env = "AIRCREW_MTU", .arg = "BYTES",
	  .help = "The interface's MTU. Default: the underlay's less 80.", OFFSET(mtu) },
	{ OPTION_CHOICE, "wireguard", .env = "AIRCREW_WIREGUARD", .arg = "auto|kernel|userspace",
	  .fallback = "auto",
	  .help = "Which WireGuard to use: the kernel's own, or wireguard-go. auto keeps what the "
		  "interface is; a new one is the kernel's where it has WireGuard.",
	  OFFSET(wireguard) },
	{ OPTION_CHOICE, "foreign-peers", .env = "AIRCREW_FOREIGN_PEERS", .arg = "refuse|keep",
	  .fallback = "refuse",
	  .help = "When the interface is there already and holds peers that the zone does not "
		  "name: leave all of it as it is, or keep them beside the zone's.",
	  OFFSET(foreign_peers) },

	{ OPTION_GROUP, .name = "Running" },
	{ OPTION_TEXT, "state-dir", .env = "AIRCREW_STATE_DIR", .arg = "DIR",
	  .fallback = "/var/lib/aircrew",
	  .help = "Key, instance and the cache that brings everything up without a tower.",
	  OFFSET(state_dir) },
	{ OPTION_TEXT, "run-dir", .env = "AIRCREW_RUN_DIR", .arg = "DIR",
	  .fallback = "/run/aircrew", .help = "Where the control socket stands.", OFFSET(run_dir) },
	{ OPTION_FLAG, "daemon", .env = "AIRCREW_DAEMON",
	  .help = "Try for ever, also when the very first join is refused or no tower is there.",
	  OFFSET(daemon) },
	{ OPTION_FLAG, "dry-run", .env = "AIRCREW_DRY_RUN",
	  .help = "Join and follow the zone, but leave this machine's network alone.",
	  OFFSET(dry_run) },
	{ OPTION_CHOICE, "log-level", .env = "AIRCREW_LOG_LEVEL", .arg = "error|warn|info|debug",
	  .fallback = "info", .help = "How much to say on stderr.", OFFSET(log_level) },
	{ OPTION_FLAG, "check-config", .help = "Say whether the options are right, and end.",
	  OFFSET(check_config) },
	{ OPTION_FLAG, "json", .help = "status: as JSON.", OFFSET(json) },
	{ OPTION_FLAG, "version", .help = "Say which version this is, and end.", OFFSET(version) },
	{ OPTION_FLAG, "help", .help = "Show this, and end.", OFFSET(help) },

	{ OPTION_REFUSED, "config", .env = "AIRCREW_CONFIG",
	  .help = "files of static peers are gone: what they held is the zone's; join it with "
		  "--controller and --zone" },
	{ OPTION_REFUSED, "agent-mode", .env = "AIRCREW_AGENT_MODE",
	  .help = "there is only the agent now: leave this option out" },
};

const struct option_table agent_options_table = {
	.program = "aircrew",
	.synopsis = "[options]\n"
		    "  or:  aircrew status [--json] | why PEER | rotate-key | down | leave",
	.summary = "Joins this node to a zone and keeps WireGuard and routes equal to what the "
		   "zone says.",
	.rows = rows,
	.rows_len = ARRAY_SIZE(rows),
};
