// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * A tower as the agent may speak to it: where it is, and what vouches for it.
 */
#ifndef NODEAGENT_TARGET_H
#define NODEAGENT_TARGET_H

#include "io/http_client.h"
#include "io/redis_url.h"
#include "mesh/signpost.h"

#define TARGETS_MAX 16
#define TARGET_SIGNPOST_BYTES (REDIS_URL_TEXT_BYTES + 8) /* with the database */

/* What vouches for a tower: the first of these that there is (docs/adr/0013-trust.md). */
enum target_trust {
	TARGET_PIN_GIVEN,    /* --controller-pin */
	TARGET_CA_GIVEN,     /* --controller-ca */
	TARGET_PIN_SIGNPOST, /* the pin that the signpost tells */
	TARGET_PIN_CACHED,   /* the pin that it told at an earlier time, kept in the state dir */
	TARGET_CA_SYSTEM,    /* the certificates that this machine trusts */
	TARGET_PLAIN,        /* plain HTTP: nothing does */
};

struct tower_target {
	struct http_url url;
	enum target_trust trust;
	char pin[HTTP_PIN_BYTES];             /* "" when certificates vouch */
	const char *ca_file;                  /* of TARGET_CA_GIVEN; borrowed */
	char signpost[TARGET_SIGNPOST_BYTES]; /* that told of it; "": it was given itself */
};

struct target_list {
	struct tower_target at[TARGETS_MAX];
	size_t len;
};

/*
 * Trust by what the operator gave: the pin ("" for none), else the file (NULL for none), else the
 * certificates of this machine. The file's name is borrowed.
 */
void target_trust_given(struct tower_target *target, const char *pin, const char *ca_file);

/* A signpost as it was read, now or at an earlier time. */
struct target_source {
	const struct signpost *signpost;
	const char *name; /* of the signpost, for people */
	const char *here; /* the host that an entry without one means */
};

struct target_choice {
	const struct target_source *told;   /* now; NULL: it was not read yet */
	const struct target_source *cached; /* NULL: nothing is */
	const char *pin;                    /* --controller-pin; "" for none */
	const char *ca_file;                /* --controller-ca; NULL for none */
	int64_t now_ms;                     /* since 1970 */
	uint64_t random;                    /* spreads nodes over the towers */
};

/*
 * The towers in the order in which they are to be tried: those that were there a minute ago first,
 * beginning at any of them; of the others the one seen last. What was told now counts for where
 * they are and how they are pinned; a tower whose pin is told no more keeps the cached one. None:
 * neither is there.
 */
void target_choose(const struct target_choice *choice, struct target_list *ret_list);

/* Whether all towers of the signpost have stopped telling that they are there. */
bool target_is_stale(const struct signpost *signpost, int64_t now_ms);

/* As requests take it. Points into the target. */
struct http_trust target_http_trust(const struct tower_target *target);

/* "the pin of --controller-pin", …: behind "it is vouched for by". */
const char *target_trust_words(enum target_trust trust);

#endif
