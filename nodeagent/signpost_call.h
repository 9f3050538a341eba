// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * One reading of a signpost: finds the Redis, logs in, reads the hash, closes. Tells once how it
 * ended and tries nothing twice, but for the addresses of a name.
 */
#ifndef NODEAGENT_SIGNPOST_CALL_H
#define NODEAGENT_SIGNPOST_CALL_H

#include "io/redis.h"
#include "io/resolver.h"
#include "mesh/refusal.h"
#include "mesh/signpost.h"
#include "nodeagent/target.h"

#define SIGNPOST_CALL_MS 5000           /* to connect and log in; for each answer */
#define SIGNPOST_BYTES_MAX (256 * 1024) /* of the whole hash; SIGNPOST_TOWERS_MAX fit twice */
#define SIGNPOST_NAME_BYTES TARGET_SIGNPOST_BYTES

enum signpost_outcome {
	SIGNPOST_FOUND,   /* at least one tower stands there */
	SIGNPOST_AWAY,    /* no Redis, or one without a signpost: another attempt can help */
	SIGNPOST_REFUSED, /* it will say no again: password, rights, another type, nonsense */
};

struct signpost_answer {
	enum signpost_outcome outcome;
	const struct signpost *signpost; /* of SIGNPOST_FOUND; borrowed */
	struct refusal refusal;          /* E-signpost, of the others */
};

struct signpost_call;

typedef void (*signpost_call_fn)(const struct signpost_answer *answer, void *data);

struct signpost_call_config {
	struct loop *loop;
	struct resolver *resolver; /* not used by anybody else as long as the call lasts */
	const struct redis_url *url;
	const char *key;
	signpost_call_fn fn;
	void (*on_address)(const struct ip *ip, void *data); /* that is about to be tried */
	void *data;
};

/* What `config` points to must stay as long as the call. The answer never comes from inside. */
int signpost_call_start(const struct signpost_call_config *config, struct signpost_call **ret_call,
			struct err *err) _must_check_;

/* To be called when the resolver of the config has found something. */
void signpost_call_resolved(struct signpost_call *call, const struct resolver_answer *answer,
			    const char *why);

/* Breaks off what still runs; allowed inside the callback. NULL is allowed. */
void signpost_call_free(struct signpost_call *call);

/* "redis://host:6379/1", without user and password, for people and as the signpost's name. */
void signpost_name(const struct redis_url *url, char ret_name[static SIGNPOST_NAME_BYTES]);

/* The host by which this Redis is reached: what an entry without a host means. */
const char *signpost_here(const struct redis_url *url);

#endif
