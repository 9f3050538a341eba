// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * Random changes over a few zones, and followers that read random amounts, break off, resume from
 * ids that they saw, change zones and lag. Each folds what it reads into a model of its zone.
 * Whenever one has read all there is, its model is the zone, text for text; no change comes to it
 * twice on one stream, or before one that is older.
 *
 *   APEX_OPS=1000000 APEX_SEED=7 build/plain/tests/unit/test_watch_property
 */
#include <errno.h>

#include "core.h"
#include "mesh/doc.h"
#include "tower/watch.h"

#define OPS 20000
#define ZONES 3
#define KEYS 24
#define FOLLOWERS 12

static const char *const zone_names[ZONES] = { "a", "b", "c" };

struct follower {
	struct watcher *watcher; /* NULL: not connected */
	struct event_reader *reader;
	const char *zone;
	unsigned own; /* number of the peer that watches; 0: a person */
	bool is_awake;

	/* What it knows of its zone; from which id on, once `has_id`. */
	char *zone_doc;
	char *peers[KEYS];
	bool has_id;
	struct event_id id;

	/* Within one stream. */
	bool in_snapshot;
	bool is_complete; /* a snapshot or a resumed id stands behind what it knows */
	uint64_t shown_revision;
	uint64_t from_revision; /* what the state was at when it connected */
	bool saw_removal;       /* of its peer or zone, in the change that is being read */
	bool is_halfway;        /* frames of a change came, its id did not */
	bool may_repeat;        /* so it was when the last stream broke off */
	bool must_end;          /* nothing may come behind that change */
};

struct world {
	struct core core;
	struct watch *watch;
	struct loop *loop;
	struct loop_timer *stop;
	uint64_t random;
	uint64_t tokens;
	struct follower followers[FOLLOWERS];
	uint64_t compared, resumed, snapshots, resets, ended, beats;
};

static struct world *world;

/* --- chance: SplitMix64 --- */

static uint64_t draw(void)
{
	uint64_t z = (world->random += UINT64_C(0x9e3779b97f4a7c15));

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

static unsigned below(unsigned limit)
{
	return (unsigned)(draw() % limit);
}

static bool chance(unsigned percent)
{
	return below(100) < percent;
}

/* --- what a follower makes of events --- */

static void forget(struct follower *follower)
{
	for (unsigned i = 0; i < KEYS; i++) {
		free(follower->peers[i]);
		follower->peers[i] = NULL;
	}
	free(follower->zone_doc);
	follower->zone_doc = NULL;
}

static void set_text(char **text, const struct event *event)
{
	free(*text);
	*text = event ? strndup(event->data, event->data_len) : NULL;
}

/* The number of the peer that the event is about, and the revision of its document (0: none). */
static unsigned read_peer(const struct event *event, uint64_t *ret_revision)
{
	_cleanup_(doc_unref) json_t *object = NULL;
	struct key key = { 0 };

	*ret_revision = 0;
	check(doc_load(event->data, event->data_len, &object, NULL) == 0);
	check(doc_key(object, "PublicKey", &key, NULL) == 1);
	check(doc_u64(object, "Revision", ret_revision, NULL) >= 0);
	return key.bytes[2];
}

/* Changes come in order, and behind the id that the stream was at. */
static void check_order(struct follower *follower, uint64_t revision)
{
	if (follower->in_snapshot || revision == 0)
		return;
	check(revision >= follower->shown_revision);
	check(!follower->has_id || revision > follower->id.revision);
	follower->shown_revision = revision;
}

static void fold_peer(struct follower *follower, const struct event *event)
{
	uint64_t revision;
	unsigned number = read_peer(event, &revision);

	if (!check(number < KEYS))
		return;
	check_order(follower, revision);
	if (event->kind == EVENT_PEER) {
		set_text(&follower->peers[number], event);
		return;
	}
	/* Nobody is removed who was not there, unless the change was read half before. */
	check(follower->peers[number] || follower->may_repeat);
	set_text(&follower->peers[number], NULL);
	follower->saw_removal |= follower->own == number;
}

static void fold_id(struct follower *follower, const struct event *event)
{
	if (follower->has_id && !follower->in_snapshot)
		check(event->id.revision > follower->id.revision ||
		      (event->kind == EVENT_HEARTBEAT &&
		       event->id.revision == follower->id.revision));
	if (!follower->in_snapshot)
		check(event->id.revision >= follower->shown_revision);
	follower->has_id = true;
	follower->id = event->id;
	/* What is resumed may tell of a removal that was followed by a return. */
	follower->must_end = follower->saw_removal && event->id.revision > follower->from_revision;
	follower->saw_removal = false;
	follower->is_halfway = false;
	follower->may_repeat = false;
}

static int fold(const struct event *event, void *data)
{
	struct follower *follower = data;

	check(!follower->must_end);
	follower->is_halfway = true;
	switch (event->kind) {
	case EVENT_SNAPSHOT_BEGIN:
		check(!follower->in_snapshot);
		world->snapshots++;
		world->resets += strstr(event->data, "\"reset\":true") != NULL;
		follower->in_snapshot = true;
		forget(follower);
		break;
	case EVENT_SNAPSHOT_END:
		check(follower->in_snapshot && event->has_id);
		fold_id(follower, event);
		follower->in_snapshot = false;
		follower->is_complete = true;
		follower->shown_revision = event->id.revision;
		return 0;
	case EVENT_ZONE:
		set_text(&follower->zone_doc, event);
		break;
	case EVENT_PEER:
	case EVENT_PEER_REMOVED:
		fold_peer(follower, event);
		break;
	case EVENT_ZONE_REMOVED:
		set_text(&follower->zone_doc, NULL);
		follower->saw_removal = true;
		break;
	case EVENT_HEARTBEAT:
		check(!follower->in_snapshot);
		world->beats++;
		break;
	case EVENT_UNKNOWN:
		check(false);
	}
	if (event->has_id)
		fold_id(follower, event);
	return 0;
}

/* --- the model against the state --- */

static bool is_doc(const char *text, const char *doc)
{
	return text && doc && str_starts(text, "{\"v\":1,") && str_eq(text + 7, doc + 1);
}

static void compare(const struct follower *follower)
{
	const struct state *state = world->core.state;

	world->compared++;
	check(follower->is_complete && !follower->in_snapshot && !follower->must_end);
	check(is_doc(follower->zone_doc, state_zone_doc(state, follower->zone)));
	for (unsigned i = 1; i < KEYS; i++) {
		struct key key = key_of(i);
		const struct peer *peer = state_peer(state, &key);

		if (!peer || !str_eq(peer->zone, follower->zone))
			check(!follower->peers[i]);
		else
			check(is_doc(follower->peers[i], state_peer_doc(state, &key)));
	}
}

/* --- streams --- */

static void wake(void *data)
{
	struct follower *follower = data;

	check(!follower->is_awake); /* only who read all is woken, and once */
	follower->is_awake = true;
}

static void disconnect(struct follower *follower)
{
	watcher_free(follower->watcher);
	event_reader_free(follower->reader);
	follower->watcher = NULL;
	follower->reader = NULL;
	if (follower->in_snapshot || !follower->is_complete)
		follower->has_id = false; /* half a snapshot is nothing to go on from */
}

static unsigned any_peer_of(const char *zone)
{
	unsigned number = 1 + below(KEYS - 1);
	struct key key = key_of(number);
	const struct peer *peer = state_peer(world->core.state, &key);

	return peer && str_eq(peer->zone, zone) ? number : 0;
}

static void connect_follower(struct follower *follower)
{
	struct key key;
	struct event_id wrong = follower->id;
	const struct event_id *after = follower->has_id ? &follower->id : NULL;
	int r;

	if (chance(10) || !follower->zone) {
		follower->zone = zone_names[below(ZONES)];
		follower->has_id = false;
		after = NULL;
	} else if (after && chance(5)) {
		wrong.mark ^= 1;
		after = &wrong;
	}
	follower->own = chance(50) ? any_peer_of(follower->zone) : 0;
	key = key_of(follower->own);
	r = watcher_new(world->watch, follower->zone, after, follower->own ? &key : NULL, wake,
			follower, &follower->watcher, NULL);
	check(r == 0 || r == -ENOENT || r == -EBUSY);
	check((r == -ENOENT) == !state_zone(world->core.state, follower->zone));
	if (r < 0) {
		follower->watcher = NULL;
		return;
	}
	world->resumed += after != NULL;
	if (!after || after == &wrong)
		follower->has_id = false;
	check(event_reader_new(fold, follower, &follower->reader, NULL) == 0);
	follower->in_snapshot = false;
	follower->is_complete = follower->has_id;
	follower->shown_revision = 0;
	follower->from_revision = state_revision(world->core.state);
	follower->saw_removal = false;
	follower->must_end = false;
	follower->may_repeat = follower->is_halfway;
	follower->is_halfway = false;
	follower->is_awake = true;
}

/* Reads some, or all there is. */
static void read_some(struct follower *follower)
{
	char piece[4096];
	size_t most = chance(30) ? 1 + below(200) : sizeof(piece);
	unsigned pieces = chance(50) ? 1000 : 1 + below(5);

	while (pieces-- > 0) {
		ssize_t n = watcher_read(follower->watcher, piece, most);

		if (n == -ESHUTDOWN) {
			world->ended++;
			disconnect(follower);
			return;
		}
		if (n == 0) {
			follower->is_awake = false;
			compare(follower);
			return;
		}
		check(n > 0 && (size_t)n <= most);
		check(event_reader_feed(follower->reader, piece, (size_t)n, NULL) == 0);
	}
}

static void step_follower(struct follower *follower)
{
	if (!follower->watcher) {
		connect_follower(follower);
	} else if (chance(8)) {
		disconnect(follower);
	} else if (follower->is_awake) {
		read_some(follower);
	}
}

/* --- changes --- */

static struct request any_request(void)
{
	struct request request = { .kind = REQUEST_SWEEP };
	unsigned kind = below(100);

	if (kind < 55) {
		request = join_request(1 + below(KEYS - 1), zone_names[below(ZONES)]);
		if (chance(30))
			request.wish.address[0] = ip_from_number(IP_V4, 0x0a010000u + below(60));
		request.wish.has_address = request.wish.address[0].family != IP_NONE;
	} else if (kind < 70) {
		request = patch_request(1 + below(KEYS - 1));
		with_hostname(&request, chance(50) ? "n1" : "n2");
	} else if (kind < 85) {
		request.kind = REQUEST_PEER_DELETE;
		request.peer_delete.key = key_of(1 + below(KEYS - 1));
	} else if (kind < 88) {
		request.kind = REQUEST_ZONE_DELETE;
		request.zone_delete.force = chance(50);
		(void)snprintf(request.zone_delete.name, ZONE_NAME_BYTES, "%s",
			       zone_names[below(ZONES)]);
	} else if (kind < 92) {
		request = zone_request(zone_names[below(ZONES)], "10.1.0.0/26");
	} else if (kind < 96) {
		char id[PEER_TOKEN_ID_BYTES];

		(void)snprintf(id, sizeof(id), "%016jx", (uintmax_t)++world->tokens);
		request = token_request(id, zone_names[below(ZONES)]);
	}
	return request;
}

static void step_state(void)
{
	struct request request = any_request();

	world->core.now_ms += 1000;
	if (core_ask(&world->core, &request) == VERDICT_CHANGE)
		check(watch_publish(world->watch, world->core.change) == 0);
}

static void stop(void *data)
{
	loop_stop(data, 0);
}

static void turn(void)
{
	loop_timer_set(world->stop, 0);
	check(loop_run(world->loop) == 0);
}

static uint64_t number_from(const char *name, uint64_t fallback)
{
	const char *text = getenv(name);
	uint64_t value = fallback;

	return text && str_to_u64(text, 0, UINT64_MAX, &value) < 0 ? fallback : value;
}

static void followers_know_their_zone_whatever_happens(void)
{
	const uint64_t ops = number_from("APEX_OPS", OPS);

	for (uint64_t i = 0; i < ops && check_test_ok; i++) {
		if (chance(40))
			step_state();
		if (below(400) == 0)
			watch_resync(world->watch, false);
		if (chance(30))
			turn();
		step_follower(&world->followers[below(FOLLOWERS)]);
	}
	printf("# %ju revisions, compared %ju times, %ju resumed, %ju snapshots (%ju resets), %ju ended, %ju heartbeats\n",
	       (uintmax_t)state_revision(world->core.state), (uintmax_t)world->compared,
	       (uintmax_t)world->resumed, (uintmax_t)world->snapshots, (uintmax_t)world->resets,
	       (uintmax_t)world->ended, (uintmax_t)world->beats);
}

/* At the end everybody gets time to read, and then knows the same as the state. */
static void all_is_known_in_the_end(void)
{
	uint64_t before = world->compared;

	for (unsigned i = 0; i < ZONES; i++)
		(void)make_zone(&world->core, zone_names[i], "10.1.0.0/26");
	watch_resync(world->watch, false);
	for (unsigned i = 0; i < FOLLOWERS; i++) {
		struct follower *follower = &world->followers[i];
		uint64_t compared = world->compared;

		for (int tries = 0; tries < 1000 && world->compared == compared; tries++) {
			turn();
			step_follower(follower);
		}
	}
	check(world->compared >= before + FOLLOWERS);
}

int main(void)
{
	const uint64_t seed = number_from("APEX_SEED", 20260131);
	struct watch_config config = { .ring_bytes = 24000, .lag_bytes = 6000, .heartbeat_ms = 1 };
	static struct world the_world;

	world = &the_world;
	world->random = seed;
	printf("# seed %ju\n", (uintmax_t)seed);
	core_init(&world->core);
	if (loop_new(&world->loop, NULL) < 0 ||
	    loop_timer_new(world->loop, stop, world->loop, &world->stop, NULL) < 0)
		return 1;
	config.loop = world->loop;
	config.state = world->core.state;
	if (watch_new(&config, &world->watch, NULL) < 0)
		return 1;
	run(followers_know_their_zone_whatever_happens);
	run(all_is_known_in_the_end);
	for (unsigned i = 0; i < FOLLOWERS; i++) {
		disconnect(&world->followers[i]);
		forget(&world->followers[i]);
	}
	watch_free(world->watch);
	loop_timer_free(world->stop);
	loop_free(world->loop);
	core_done(&world->core);
	return check_done();
}
