// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * What a tower takes with the rights that it was started with, before it becomes another user and
 * talks to anybody: sockets, secrets, certificate, folders.
 */
#ifndef TOWER_GIVEN_H
#define TOWER_GIVEN_H

#include <limits.h>

#include "tower/config.h"
#include "tower/tls.h"

struct given {
	int plain_fd; /* listening sockets; -1 for none, or once handed on */
	int tls_fd;
	int stun_fd;
	char *admin_token; /* NULL for none */
	char *viewer_token;
	char *redis_password;
	char *signpost_password; /* of the private redis-server; NULL without --signpost-listen */
	char signpost_password_file[PATH_MAX];
	char secret_dir[PATH_MAX];
	struct tls_material tls; /* all zero without --tls-listen */
};

/*
 * Opens and reads what the options name, makes the folders, becomes the user. *ret_given is the
 * caller's (given_done). The error names the option.
 */
int given_take(const struct tower_config *config, struct given *ret_given,
	       struct err *err) _must_check_;

/*
 * Loads what --tls-cert and --tls-key name, or the self-made certificate, as whoever we are by now.
 * *ret_tls is the caller's (tls_material_done).
 */
int given_load_tls(const struct tower_config *config, const struct given *given,
		   struct tls_material *ret_tls, struct err *err) _must_check_;

/* Wipes the two tokens: who asks for them keeps what it needs. */
void given_forget_tokens(struct given *given);

/* Wipes the secrets, closes what was not handed on. */
void given_done(struct given *given);

#endif
