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
#include "nodeagent/keyfile.h"

#define PREFIX_MAX 64

static int take_tower(const struct agent_options *options, const char *text, struct config *config,
		      struct err *err)
{
	struct target_list *targets = &config->targets;
	struct http_url url;
	int r = http_url_parse(text, &url, err);

	if (r < 0)
		return err_wrap(err, "--controller");
	if (targets->len == ARRAY_SIZE(targets->at))
		return err_set(err, -EINVAL, "--controller: more than %d towers", TARGETS_MAX);
	if (!url.is_tls && !url.is_loopback && !options->insecure)
		return err_set(err, -EINVAL,
			       "--controller=%.96s is plain HTTP to another machine, where it can "
			       "be read and changed on the way; use https://, or allow it with "
			       "--insecure",
			       url.base);
	targets->at[targets->len++] = (struct tower_target){ .url = url };
	return 0;
}

/* A bare host is written as the URL that it means; an IPv6 address gets its brackets. */
static int write_signpost_url(const char *text, struct str *to, struct err *err)
{
	bool is_url = strstr(text, "://");
	bool is_v6 = ip_parse(text, &(struct ip){ 0 }, NULL) == 0 && strchr(text, ':');

	if (is_url && !str_starts(text, "redis://") && !str_starts(text, "rediss://") &&
	    !str_starts(text, "unix://"))
		return err_set(
			err, -EINVAL,
			"--controller: takes https:// or http:// for a tower; redis://, unix:// "
			"or a bare HOST[:PORT] for the Redis with its signpost");
	str_printf(to, is_url ? "%s" : is_v6 ? "redis://[%s]" : "redis://%s", text);
	return to->failed ? err_oom(err) : 0;
}

static int take_signpost(const char *text, struct config *config, struct err *err)
{
	struct redis_url *url = &config->signposts[config->signposts_len];
	_cleanup_str_ struct str whole = { 0 };
	int r;

	if (config->signposts_len == ARRAY_SIZE(config->signposts))
		return err_set(err, -EINVAL, "--controller: more than %d signposts",
			       CONFIG_SIGNPOSTS_MAX);
	r = write_signpost_url(text, &whole, err);
	if (r < 0)
		return r;
	r = redis_url_parse(whole.at, url, err);
	if (r < 0)
		return err_wrap(err, "--controller");
	config->signposts_len++;
	if (*url->password)
		return err_set(err, -EINVAL,
			       "--controller: a password has no place in a URL, where others on "
			       "this machine see it; give it as --controller-password-file");
	return 0;
}

/* Of the signposts, all of them. */
static int take_password(const struct agent_options *options, struct config *config,
			 struct err *err)
{
	_cleanup_(keyfile_word_freep) char *word = NULL;
	const char *password = options->controller_password;
	int r;

	if (password && options->controller_password_file)
		return config_both("controller-password", "controller-password-file", err);
	if (options->controller_password_file) {
		r = keyfile_read_word(options->controller_password_file, &word, err);
		if (r < 0)
			return err_wrap(err, "--controller-password-file");
		password = word;
	} else if (password) {
		config_warn_of_argv("controller-password", "AIRCREW_CONTROLLER_PASSWD",
				    "controller-password-file");
	}
	for (size_t i = 0; i < config->signposts_len; i++) {
		struct redis_url *url = &config->signposts[i];

		if (password && str_copy(url->password, sizeof(url->password), password) < 0)
			return err_set(err, -EINVAL, "--controller-password: longer than %zu bytes",
				       sizeof(url->password) - 1);
		if (!password && *url->user)
			return err_set(err, -EINVAL,
				       "--controller names the user '%.64s', and there is no "
				       "--controller-password for it",
				       url->user);
	}
	return 0;
}

static int take_prefix(const char *prefix, struct config *config, struct err *err)
{
	if (strlen(prefix) > PREFIX_MAX)
		return err_set(err, -EINVAL, "--controller-prefix: longer than %d bytes",
			       PREFIX_MAX);
	if (asprintf(&config->signpost_key, "%s" SIGNPOST_KEY, prefix) < 0) {
		config->signpost_key = NULL;
		return err_oom(err);
	}
	return 0;
}

static int take_one(const struct agent_options *options, const char *text, struct config *config,
		    struct err *err)
{
	bool is_tower = str_starts(text, "https://") || str_starts(text, "http://");
	int r = is_tower ? take_tower(options, text, config, err)
			 : take_signpost(text, config, err);

	if (r < 0 || config->targets.len == 0 || config->signposts_len == 0)
		return r;
	return err_set(err, -EINVAL,
		       "--controller=%.96s is a tower, and another --controller is the Redis of a "
		       "signpost (%.64s): give one kind",
		       config->targets.at[0].url.base, config->signposts[0].host);
}

/* Options about signposts say nothing to a tower's URL. */
static int refuse_beside_url(const struct agent_options *options, const struct config *config,
			     struct err *err)
{
	const char *option = options->controller_password        ? "password"
			     : options->controller_password_file ? "password-file"
			     : options->controller_prefix        ? "prefix"
								 : NULL;

	if (!option)
		return 0;
	return err_set(
		err, -EINVAL,
		"--controller-%s is about the Redis of a signpost, and --controller=%.96s is "
		"a tower's URL, which takes none",
		option, config->targets.at[0].url.base);
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
	const char *prefix = options->controller_prefix ? options->controller_prefix : "apex:";
	struct target_list *targets = &config->targets;
	int r = 0;

	if (options->controllers.len == 0)
		return err_set(err, -EINVAL,
			       "--controller is missing: give the host of the Redis with the "
			       "signpost, or the tower's URL, such as https://tower.example:8443");
	for (size_t i = 0; r >= 0 && i < options->controllers.len; i++)
		r = take_one(options, options->controllers.at[i], config, err);
	if (r >= 0 && targets->len > 0)
		r = refuse_beside_url(options, config, err);
	else if (r >= 0)
		r = take_password(options, config, err);
	if (r >= 0)
		r = take_prefix(prefix, config, err);
	if (r < 0)
		return r;
	if ((options->controller_pin || options->controller_ca) && targets->len > 0 &&
	    !has_tls(config))
		return err_set(err, -EINVAL,
			       "--controller-%s is about https, and --controller=%.96s is not",
			       options->controller_pin ? "pin" : "ca", targets->at[0].url.base);
	r = take_trust(options, config, err);
	for (size_t i = 0; r >= 0 && i < targets->len; i++)
		target_trust_given(&targets->at[i], config->pin, config->ca_file);
	return r;
}
