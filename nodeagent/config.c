// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include "nodeagent/config.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <sys/un.h>

#include "base/log.h"
#include "base/str.h"
#include "nodeagent/config_parts.h"
#include "nodeagent/control.h"
#include "nodeagent/interface.h"
#include "nodeagent/keyfile.h"

#define TOKEN_MAX 256

int config_both(const char *one, const char *other, struct err *err)
{
	return err_set(err, -EINVAL, "use either --%s or --%s, not both", one, other);
}

int config_copy(char **to, const char *text, struct err *err)
{
	*to = text ? strdup(text) : NULL;
	return text && !*to ? err_oom(err) : 0;
}

static int check_token(const char *token, const char *option, struct err *err)
{
	size_t len = strlen(token);

	if (len == 0 || len > TOKEN_MAX)
		return err_set(err, -EINVAL, "--%s: a join token has 1 to %d characters", option,
			       TOKEN_MAX);
	for (const char *p = token; *p; p++) {
		if (!isgraph((unsigned char)*p))
			return err_set(err, -EINVAL,
				       "--%s: holds characters that no join token has", option);
	}
	return 0;
}

void config_warn_of_argv(const char *option, const char *env, const char *instead)
{
	if (!getenv(env))
		log_warn("config",
			 "--%s: others on this machine may have seen it in the process "
			 "list; --%s keeps it from them",
			 option, instead);
}

static int take_token(const struct agent_options *options, struct config *config, struct err *err)
{
	int r;

	if (options->join_token && options->join_token_file)
		return config_both("join-token", "join-token-file", err);
	if (options->join_token_file) {
		r = keyfile_read_word(options->join_token_file, &config->token, err);
		if (r < 0)
			return err_wrap(err, "--join-token-file");
		return check_token(config->token, "join-token-file", err);
	}
	if (!options->join_token)
		return 0;
	config_warn_of_argv("join-token", "AIRCREW_JOIN_TOKEN", "join-token-file");
	r = config_copy(&config->token, options->join_token, err);
	return r < 0 ? r : check_token(config->token, "join-token", err);
}

static int take_key_file(const struct agent_options *options, struct config *config,
			 struct err *err)
{
	int r;

	if (options->private_key_file)
		r = config_copy(&config->key_file, options->private_key_file, err);
	else if (asprintf(&config->key_file, "%s/private.key", options->state_dir) < 0)
		r = err_oom(err);
	else
		r = 0;
	if (r < 0)
		return r;
	r = keyfile_read(config->key_file, &config->private_key, err);
	if (r == -ENOENT && !options->public_key)
		return 0;
	if (r == -ENOENT)
		return err_set(err, -EINVAL,
			       "--public-key is given, and %s, which should hold its private key, "
			       "is not there; leave --public-key out to have a key made",
			       config->key_file);
	config->has_key = r == 0;
	return r;
}

static int take_key(const struct agent_options *options, struct config *config, struct err *err)
{
	char own_text[KEY_TEXT_BYTES];
	struct key given;
	struct key own;
	int r;

	if (options->private_key && options->private_key_file)
		return config_both("private-key", "private-key-file", err);
	if (options->private_key) {
		config_warn_of_argv("private-key", "AIRCREW_PRIVATE_KEY", "private-key-file");
		r = key_parse(options->private_key, &config->private_key, err);
		if (r < 0)
			return err_wrap(err, "--private-key");
		config->has_key = true;
	} else {
		r = take_key_file(options, config, err);
		if (r < 0)
			return r;
	}
	config->has_public_key = options->public_key;
	if (!options->public_key)
		return 0;
	r = key_parse(options->public_key, &given, err);
	if (r < 0)
		return err_wrap(err, "--public-key");
	key_public(&config->private_key, &own);
	if (key_compare(&given, &own) == 0)
		return 0;
	key_format(&own, own_text);
	return err_set(err, -EINVAL,
		       "--public-key=%s does not belong to %.90s, whose public key is %s",
		       options->public_key, config->key_file ? config->key_file : "--private-key",
		       own_text);
}

static int take_addresses(const char *list, struct config *config, struct err *err)
{
	char item[IP_TEXT_BYTES];
	struct ip ip;
	int r;

	while ((r = str_next_item(&list, item, sizeof(item))) > 0) {
		struct ip *slot;

		r = ip_parse(item, &ip, err);
		if (r < 0)
			return err_wrap(err, "--request-ip");
		slot = &config->address[ip.family == IP_V6];
		if (slot->family != IP_NONE)
			return err_set(err, -EINVAL, "--request-ip: two addresses of one family");
		*slot = ip;
	}
	return r < 0 ? err_set(err, -EINVAL, "--request-ip: takes addresses, not '%.64s'", list)
		     : 0;
}

static int take_prefix(const char *text, struct config *config, struct err *err)
{
	char one[PREFIX_TEXT_BYTES];
	char other[PREFIX_TEXT_BYTES];
	struct prefix prefix;
	int r = prefix_parse(text, &prefix, err);

	if (r >= 0)
		r = prefix_check_routable(&prefix, err);
	if (r < 0)
		return err_wrap(err, "--child-prefix");
	vec_foreach(held, &config->prefixes) {
		if (!prefix_overlaps(held, &prefix))
			continue;
		prefix_format(&prefix, one);
		prefix_format(held, other);
		return err_set(err, -EINVAL, "--child-prefix: %s overlaps %s, which is given too",
			       one, other);
	}
	if (config->prefixes.len >= PEER_PREFIXES_MAX)
		return err_set(err, -EINVAL, "--child-prefix: more than %d", PEER_PREFIXES_MAX);
	return vec_push(&config->prefixes, prefix) < 0 ? err_oom(err) : 0;
}

static int take_hostname(const char *given, struct config *config, struct err *err)
{
	char own[256] = "";

	if (given && !peer_hostname_is_valid(given))
		return err_set(
			err, -EINVAL,
			"--hostname: takes letters, digits, dots, dashes and underscores, at "
			"most 63, not '%.64s'",
			given);
	/* A machine's own name that is no host name is nobody's fault: the node goes without. */
	if (!given && gethostname(own, sizeof(own) - 1) == 0 && peer_hostname_is_valid(own))
		given = own;
	return given ? str_copy(config->hostname, sizeof(config->hostname), given) : 0;
}

/* An address of this node itself is not behind it. */
static int check_apart(const struct config *config, struct err *err)
{
	vec_foreach(prefix, &config->prefixes) {
		for (size_t i = 0; i < ZONE_CIDRS_MAX; i++) {
			char ip[IP_TEXT_BYTES];
			char text[PREFIX_TEXT_BYTES];

			if (config->address[i].family == IP_NONE ||
			    !prefix_contains(prefix, &config->address[i]))
				continue;
			ip_format(&config->address[i], ip);
			prefix_format(prefix, text);
			return err_set(
				err, -EINVAL,
				"--request-ip=%s lies in --child-prefix=%s: the one is this "
				"node's address in the zone, the other is what stands behind it",
				ip, text);
		}
	}
	return 0;
}

static int take_wishes(const struct agent_options *options, struct config *config, struct err *err)
{
	int r;

	if (!zone_name_is_valid(options->zone))
		return err_set(err, -EINVAL, "--zone: '%.64s' is no name of a zone", options->zone);
	r = str_copy(config->zone, sizeof(config->zone), options->zone);
	if (r >= 0 && options->request_ip)
		r = take_addresses(options->request_ip, config, err);
	for (size_t i = 0; r >= 0 && i < options->child_prefixes.len; i++)
		r = take_prefix(options->child_prefixes.at[i], config, err);
	if (r >= 0)
		r = check_apart(config, err);
	if (r >= 0)
		r = take_hostname(options->hostname, config, err);
	if (r >= 0 && options->local_endpoint_ip) {
		r = ip_parse(options->local_endpoint_ip, &config->endpoint, err);
		if (r < 0)
			return err_wrap(err, "--local-endpoint-ip");
		if (options->internal_network)
			log_info("config", "--local-endpoint-ip is given besides "
					   "--internal-network, and wins");
	}
	config->hub_router = options->hub_router;
	config->internal_network = options->internal_network;
	return r;
}

enum foreign_peers config_foreign_peers(const struct agent_options *options)
{
	return str_eq(options->foreign_peers, "keep") ? FOREIGN_KEEP : FOREIGN_REFUSE;
}

static int take_interface(const struct agent_options *options, struct config *config,
			  struct err *err)
{
	int r = interface_check_name(options->interface, err);

	if (r < 0)
		return err_wrap(err, "--interface");
	if (options->mtu != 0 && options->mtu < CONFIG_MTU_MIN)
		return err_set(err, -EINVAL, "--mtu: takes at least %d bytes, which IPv6 needs",
			       CONFIG_MTU_MIN);
	config->listen_port = options->listen_port;
	config->mtu = options->mtu;
	config->foreign_peers = config_foreign_peers(options);
	if (str_eq(options->wireguard, "kernel"))
		config->wireguard = WIREGUARD_KERNEL;
	else if (str_eq(options->wireguard, "userspace"))
		config->wireguard = WIREGUARD_USERSPACE;
	else
		config->wireguard = WIREGUARD_AUTO;
	return str_copy(config->interface, sizeof(config->interface), options->interface);
}

static int take_folders(const struct agent_options *options, struct config *config, struct err *err)
{
	int r = control_check_dir(options->run_dir, err);

	if (r >= 0)
		r = config_copy(&config->state_dir, options->state_dir, err);
	if (r >= 0)
		r = config_copy(&config->run_dir, options->run_dir, err);
	return r;
}

/* An empty value is none, on the command line as in the environment. */
static struct agent_options without_empty(const struct agent_options *options)
{
	struct agent_options given = *options;
	char **const texts[] = { &given.controller_password, &given.controller_password_file,
				 &given.controller_prefix,   &given.controller_pin,
				 &given.controller_ca,       &given.join_token,
				 &given.join_token_file,     &given.public_key,
				 &given.private_key,         &given.private_key_file,
				 &given.request_ip,          &given.hostname,
				 &given.local_endpoint_ip };

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		if (*texts[i] && !**texts[i])
			*texts[i] = NULL;
	}
	return given;
}

int config_make(const struct agent_options *options, struct config *ret_config, struct err *err)
{
	const struct agent_options given = without_empty(options);
	_cleanup_(config_done) struct config config = { .daemon = options->daemon,
							.dry_run = options->dry_run };
	int r = log_level_parse(options->log_level, &config.log_level);

	if (r >= 0)
		r = config_take_towers(&given, &config, err);
	if (r >= 0)
		r = take_wishes(&given, &config, err);
	if (r >= 0)
		r = take_interface(&given, &config, err);
	if (r >= 0)
		r = take_folders(&given, &config, err);
	if (r >= 0)
		r = take_token(&given, &config, err);
	if (r >= 0)
		r = take_key(&given, &config, err);
	if (r < 0)
		return r;
	*ret_config = config;
	config = (struct config){ 0 };
	return 0;
}

void config_done(struct config *config)
{
	keyfile_word_freep(&config->token);
	key_wipe(&config->private_key);
	for (size_t i = 0; i < config->signposts_len; i++)
		redis_url_wipe(&config->signposts[i]);
	free(config->signpost_key);
	vec_done(&config->prefixes);
	free(config->ca_file);
	free(config->key_file);
	free(config->state_dir);
	free(config->run_dir);
	*config = (struct config){ 0 };
}
