// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include "tower/announce.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/str.h"
#include "io/redis_url.h"

#define AREA "tower"
#define REDIS_PORT 6379

/* "curl", with what makes it reach the local listener as an admin; then the URL up to the path. */
static void write_curl(const struct tower_config *config, const char *options, const char *path,
		       char *to, size_t to_bytes)
{
	char bearer[PATH_MAX + 64] = "";
	bool is_unix = str_starts(config->listen, "unix:");

	if (config->admin_token_file)
		(void)snprintf(bearer, sizeof(bearer), " -H \"Authorization: Bearer $(cat %s)\"",
			       config->admin_token_file);
	(void)snprintf(to, to_bytes, "curl%s%s%s%s http://%s%s", bearer, options,
		       is_unix ? " --unix-socket " : "", is_unix ? config->listen + 5 : "",
		       is_unix ? "localhost" : config->listen, path);
}

static const char *port_of(const char *address)
{
	return strrchr(address, ':') + 1;
}

static void announce_tls(const struct tower_config *config, const struct given *given)
{
	char curl[2 * PATH_MAX + 512];

	write_curl(config, " -H 'Content-Type: application/json' -d '{}'", "/zones/default/tokens",
		   curl, sizeof(curl));
	log_info(AREA,
		 "agents: aircrew --controller=https://<this host>:%s --controller-pin=%s "
		 "--join-token-file=FILE; a token for FILE: %s | jq -r .Token",
		 port_of(config->tls_listen), given->tls.pin, curl);
	if (config->admin_token_file)
		log_info(AREA,
			 "from other machines: curl -k --pinnedpubkey '%s' -H \"Authorization: "
			 "Bearer <what is in %s>\" https://<this host>:%s/zones",
			 given->tls.pin, config->admin_token_file, port_of(config->tls_listen));
	else
		log_info(AREA,
			 "from other machines: an admin is let in at https://<this host>:%s once "
			 "there is an --admin-token-file",
			 port_of(config->tls_listen));
}

static void announce_signpost(const struct tower_config *config, const struct given *given)
{
	char port[8] = "";
	struct redis_url url;

	if (config->signpost_listen && !str_eq(port_of(config->signpost_listen), "6379"))
		(void)snprintf(port, sizeof(port), ":%s", port_of(config->signpost_listen));
	if (config->signpost && redis_url_parse(config->redis, &url, NULL) == 0 &&
	    url.port != REDIS_PORT && !*url.path)
		(void)snprintf(port, sizeof(port), ":%u", url.port);
	if (!config->tls_listen)
		log_warn(AREA, "the signpost stays empty: agents find a tower by its TLS listener "
			       "alone; set --tls-listen=[::]:8443");
	else if (config->signpost_listen)
		log_info(AREA,
			 "agents: aircrew --controller=<this host>%s "
			 "--controller-password=<what is in %s>",
			 port, given->signpost_password_file);
	else
		log_info(AREA,
			 "agents: aircrew --controller=<host of this Redis>%s "
			 "--controller-password=<the signpost's password>",
			 port);
}

void announce_commands(const struct tower_config *config, const struct given *given)
{
	char curl[2 * PATH_MAX + 512];

	write_curl(config, "", "/zones", curl, sizeof(curl));
	log_info(AREA, "try: %s", curl);
	if (config->signpost || config->signpost_listen)
		announce_signpost(config, given);
	if (config->tls_listen)
		announce_tls(config, given);
}
