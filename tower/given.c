// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include "tower/given.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/str.h"
#include "crypto/crypto.h"
#include "mesh/addr.h"
#include "tower/api/http_address.h"
#include "tower/redis_password.h"
#include "tower/stun.h"
#include "tower/user.h"

#define SECRET_FILE_MAX 4096

/* A secret from a file, without the white space behind it. Nothing when there is no path. */
static int read_secret(const char *option, const char *path, char **ret_secret, struct err *err)
{
	char *text = NULL;
	size_t len;
	int r;

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

static int read_secrets(const struct tower_config *config, struct given *given, struct err *err)
{
	int r = read_secret("--admin-token-file", config->admin_token_file, &given->admin_token,
			    err);

	if (r == 0)
		r = read_secret("--viewer-token-file", config->viewer_token_file,
				&given->viewer_token, err);
	if (r == 0)
		r = read_secret("--redis-password-file", config->redis_password_file,
				&given->redis_password, err);
	return r;
}

static int open_listeners(const struct tower_config *config, struct given *given, struct err *err)
{
	int fd = http_address_open(config->listen, err);

	if (fd < 0)
		return err_wrap(err, "--listen");
	given->plain_fd = fd;
	if (config->tls_listen) {
		fd = http_address_open(config->tls_listen, err);
		if (fd < 0)
			return err_wrap(err, "--tls-listen");
		given->tls_fd = fd;
	}
	if (config->stun_listen) {
		fd = stun_socket_open(config->stun_listen, err);
		if (fd < 0)
			return err_wrap(err, "--stun-listen");
		given->stun_fd = fd;
	}
	return 0;
}

static int name_secret_dir(const struct tower_config *config, struct given *given, struct err *err)
{
	int len = config->secret_dir ? snprintf(given->secret_dir, sizeof(given->secret_dir), "%s",
						config->secret_dir)
				     : snprintf(given->secret_dir, sizeof(given->secret_dir),
						"%s/secrets", config->state_dir);

	if (len < 0 || (size_t)len >= sizeof(given->secret_dir))
		return err_set(err, -ENAMETOOLONG, "the path of the secret dir is too long");
	return 0;
}

int given_load_tls(const struct tower_config *config, const struct given *given,
		   struct tls_material *ret_tls, struct err *err)
{
	char host[IP_TEXT_BYTES] = "";
	struct endpoint endpoint;
	const struct tls_config tls = {
		.cert_file = config->tls_cert,
		.key_file = config->tls_key,
		.secret_dir = given->secret_dir,
		.listen_host = host,
		.names = (const char *const *)config->tls_names.at,
		.names_len = config->tls_names.len,
	};

	/* Listening on every address says nothing about names. */
	if (endpoint_parse(config->tls_listen, &endpoint, NULL) == 0 &&
	    ip_to_number(&endpoint.ip) != 0)
		ip_format(&endpoint.ip, host);
	return tls_load(&tls, clock_real_ms(), ret_tls, err);
}

/* The one secret that is shown: once, when it is made, for agents elsewhere are to be given it. */
static int take_signpost_password(struct given *given, struct err *err)
{
	bool made = false;
	int r = redis_password_load(given->signpost_password_file, &given->signpost_password, &made,
				    err);

	if (r < 0)
		return err_wrap(err, "--signpost-password-file");
	if (made)
		log_info("tower", "the signpost's password, shown this once and kept in %s: %s",
			 given->signpost_password_file, given->signpost_password);
	else if (strlen(given->signpost_password) < REDIS_PASSWORD_WEAK)
		log_warn("tower", "%s: fewer than %d characters can be guessed",
			 given->signpost_password_file, REDIS_PASSWORD_WEAK);
	return 0;
}

static int name_signpost_password(const struct tower_config *config, struct given *given,
				  struct err *err)
{
	const char *file = config->signpost_password_file;
	int len = file ? snprintf(given->signpost_password_file, PATH_MAX, "%s", file)
		       : snprintf(given->signpost_password_file, PATH_MAX, "%s/signpost.password",
				  config->state_dir);

	if (len < 0 || len >= PATH_MAX)
		return err_set(err, -ENAMETOOLONG, "--signpost-password-file: path too long");
	return 0;
}

/*
 * A certificate that was given is read as whoever started us, folders are made for the user that we
 * become, and what we make in them is made as that user. So a password file of one's own stays with
 * whoever started us.
 */
static int become_user(const struct tower_config *config, struct given *given, struct err *err)
{
	struct user user;
	int r = user_find(config->user, &user, err);

	if (r == 0 && config->tls_listen && config->tls_cert)
		r = given_load_tls(config, given, &given->tls, err);
	if (r == 0 && config->signpost_listen)
		r = name_signpost_password(config, given, err);
	if (r == 0 && config->signpost_listen && config->signpost_password_file)
		r = take_signpost_password(given, err);
	if (r == 0 && !config->redis)
		r = user_own_dir(&user, config->state_dir, err);
	if (r == 0)
		r = user_own_dir(&user, given->secret_dir, err);
	if (r == 0)
		r = user_become(&user, err);
	if (r == 0 && config->signpost_listen && !config->signpost_password_file)
		r = take_signpost_password(given, err);
	if (r == 0 && config->tls_listen && !config->tls_cert)
		r = given_load_tls(config, given, &given->tls, err);
	return r;
}

int given_take(const struct tower_config *config, struct given *ret_given, struct err *err)
{
	struct given given = { .plain_fd = -1, .tls_fd = -1, .stun_fd = -1 };
	int r = name_secret_dir(config, &given, err);

	if (r == 0)
		r = read_secrets(config, &given, err);
	if (r == 0)
		r = open_listeners(config, &given, err);
	if (r == 0)
		r = become_user(config, &given, err);
	if (r < 0) {
		given_done(&given);
		return r;
	}
	*ret_given = given;
	return 0;
}

static void free_secret(char **secret)
{
	if (*secret)
		crypto_wipe(*secret, strlen(*secret));
	free(*secret);
	*secret = NULL;
}

void given_forget_tokens(struct given *given)
{
	free_secret(&given->admin_token);
	free_secret(&given->viewer_token);
}

void given_done(struct given *given)
{
	attr_closep(&given->plain_fd);
	attr_closep(&given->tls_fd);
	attr_closep(&given->stun_fd);
	given_forget_tokens(given);
	free_secret(&given->redis_password);
	free_secret(&given->signpost_password);
	tls_material_done(&given->tls);
}
