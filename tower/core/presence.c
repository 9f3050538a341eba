// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include "tower/core/presence.h"

#include <errno.h>
#include <sys/queue.h>

#include "base/tree.h"

struct sighting {
	RB_ENTRY(sighting) node;
	TAILQ_ENTRY(sighting) link; /* in the list of fresh ones, when `fresh` */
	struct key key;
	int64_t at_ms;
	bool fresh; /* not yet taken for `apex:seen` */
};

RB_HEAD(sighting_tree, sighting);
TAILQ_HEAD(sighting_list, sighting);

struct presence {
	struct sighting_tree tree;
	struct sighting_list fresh;
};

static int sighting_compare(const struct sighting *a, const struct sighting *b)
{
	return key_compare(&a->key, &b->key);
}

TREE_GENERATE(sighting_tree, sighting, node, sighting_compare)

int presence_new(struct presence **ret_presence)
{
	struct presence *presence = calloc(1, sizeof(*presence));

	if (!presence)
		return -ENOMEM;
	RB_INIT(&presence->tree);
	TAILQ_INIT(&presence->fresh);
	*ret_presence = presence;
	return 0;
}

static void drop(struct presence *presence, struct sighting *sighting)
{
	if (sighting->fresh)
		TAILQ_REMOVE(&presence->fresh, sighting, link);
	RB_REMOVE(sighting_tree, &presence->tree, sighting);
	free(sighting);
}

void presence_free(struct presence *presence)
{
	struct sighting *sighting;
	struct sighting *next;

	if (!presence)
		return;
	RB_FOREACH_SAFE(sighting, sighting_tree, &presence->tree, next)
		drop(presence, sighting);
	free(presence);
}

static struct sighting *find(const struct presence *presence, const struct key *key)
{
	struct sighting sought;

	sought.key = *key;
	/* The macros of the trees know no const. */
	return RB_FIND(sighting_tree, (struct sighting_tree *)&presence->tree, &sought);
}

int presence_touch(struct presence *presence, const struct key *key, int64_t at_ms)
{
	struct sighting *sighting = find(presence, key);

	if (sighting && at_ms <= sighting->at_ms)
		return 0;
	if (!sighting) {
		sighting = calloc(1, sizeof(*sighting));
		if (!sighting)
			return -ENOMEM;
		sighting->key = *key;
		(void)RB_INSERT(sighting_tree, &presence->tree, sighting);
	}
	sighting->at_ms = at_ms;
	if (!sighting->fresh)
		TAILQ_INSERT_TAIL(&presence->fresh, sighting, link);
	sighting->fresh = true;
	return 0;
}

void presence_forget(struct presence *presence, const struct key *key)
{
	struct sighting *sighting = find(presence, key);

	if (sighting)
		drop(presence, sighting);
}

int64_t presence_seen_ms(const struct presence *presence, const struct key *key)
{
	const struct sighting *sighting = find(presence, key);

	return sighting ? sighting->at_ms : 0;
}

bool presence_is_online(const struct presence *presence, const struct key *key, int64_t now_ms)
{
	const struct sighting *sighting = find(presence, key);

	return sighting && now_ms - sighting->at_ms < PRESENCE_OFFLINE_MS;
}

size_t presence_take_fresh(struct presence *presence, struct key *ret_keys, int64_t *ret_at_ms,
			   size_t max)
{
	struct sighting *sighting;
	size_t taken = 0;

	while (taken < max && (sighting = TAILQ_FIRST(&presence->fresh))) {
		TAILQ_REMOVE(&presence->fresh, sighting, link);
		sighting->fresh = false;
		ret_keys[taken] = sighting->key;
		ret_at_ms[taken++] = sighting->at_ms;
	}
	return taken;
}
