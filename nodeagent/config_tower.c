// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * Where the tower is and what vouches for it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/str.h"
#include "nodeagent/config_parts.h"

static int take_tower(const struct agent_options *options, const char *text, struct config *config,
		      struct err *err)
{
	struct target_list *targets = &config->targets;
	struct http_url url;
	int r;

	if (targets->len == ARRAY_SIZE(targets->at))
		return err_set(err, -EINVAL, "--controller: more than %d towers", TARGETS_MAX);
	if (!strstr(text, "://") || str_starts(text, "redis"))
		return err_set(err, -EINVAL,
			       "--controller=%.64s: agents of this version do not read a signpost "
			       "yet; give the tower's URL, such as https://%.64s:8443",
			       text, strstr(text, "://") ? "HOST" : text);
	r = http_url_parse(text, &url, err);
	if (r < 0)
		return err_wrap(err, "--controller");
	if (!url.is_tls && !url.is_loopback && !options->insecure)
		return err_set(err, -EINVAL,
			       "--controller=%.96s is plain HTTP to another machine, where it can "
			       "be read and changed on the way; use https://, or allow it with "
			       "--insecure",
			       url.base);
	targets->at[targets->len++] = (struct tower_target){ .url = url };
	return 0;
}

static bool has_tls(const struct config *config)
{
	for (size_t i = 0; i < config->targets.len; i++) {
		if (config->targets.at[i].url.is_tls)
			return true;
	}
	return false;
}

static int take_trust(const struct agent_options *options, struct config *config, struct err *err)
{
	int r = 0;

	if (options->controller_pin && options->controller_ca)
		return err_set(err, -EINVAL,
			       "use either --controller-pin or --controller-ca, not both: a pin "
			       "alone decides, whatever the certificate says");
	if (options->controller_pin) {
		r = http_pin_parse(options->controller_pin, config->pin, err);
		if (r < 0)
			return err_wrap(err, "--controller-pin");
	}
	if (options->controller_ca && access(options->controller_ca, R_OK) < 0)
		return err_errno(err, -errno, "--controller-ca=%s", options->controller_ca);
	return config_copy(&config->ca_file, options->controller_ca, err);
}

int config_take_towers(const struct agent_options *options, struct config *config, struct err *err)
{
	struct target_list *targets = &config->targets;
	int r;

	if (options->controllers.len == 0)
		return err_set(err, -EINVAL,
			       "--controller is missing: give the tower's URL, such as "
			       "https://tower.example:8443");
	vec_foreach(text, &options->controllers) {
		r = take_tower(options, *text, config, err);
		if (r < 0)
			return r;
	}
	if (options->controller_password)
		return err_set(err, -EINVAL,
			       "--controller-password is that of a signpost, and "
			       "--controller=%.96s is a tower's URL, which takes none",
			       targets->at[0].url.base);
	if ((options->controller_pin || options->controller_ca) && !has_tls(config))
		return err_set(err, -EINVAL,
			       "--controller-%s is about https, and --controller=%.96s is not",
			       options->controller_pin ? "pin" : "ca", targets->at[0].url.base);
	r = take_trust(options, config, err);
	for (size_t i = 0; r >= 0 && i < targets->len; i++)
		target_trust_given(&targets->at[i], config->pin, config->ca_file);
	return r;
}
