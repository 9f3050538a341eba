// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include "nodeagent/view.h"

#include <errno.h>
#include <string.h>

#include "base/str.h"
#include "mesh/doc.h"
#include "nodeagent/view_private.h"

static int compare_keys(const struct view_peer *a, const struct view_peer *b)
{
	return key_compare(&a->key, &b->key);
}

TREE_GENERATE(view_key_tree, view_peer, by_key, compare_keys)

static struct view_peer *find(const struct view_contents *contents, const struct key *key)
{
	struct view_peer *peer = RB_ROOT((struct view_key_tree *)&contents->peers);

	while (peer) {
		int order = key_compare(key, &peer->key);

		if (order == 0)
			return peer;
		peer = order < 0 ? RB_LEFT(peer, by_key) : RB_RIGHT(peer, by_key);
	}
	return NULL;
}

static const struct view_peer *find_hub(const struct view *view)
{
	const struct view_peer *peer = view_next_peer(view, NULL);

	while (peer && !peer->hub_router)
		peer = view_next_peer(view, peer);
	return peer;
}

/* Out of everything; the peer is the caller's. */
static void take_out(struct view *view, struct view_contents *contents, struct view_peer *peer)
{
	if (contents == &view->live)
		view_index_remove(view, peer);
	RB_REMOVE(view_key_tree, &contents->peers, peer);
	contents->peers_len--;
	view->absent_len -= peer->absent;
	if (peer == view->hub)
		view->hub = find_hub(view);
}

static void put_in(struct view *view, struct view_contents *contents, struct view_peer *peer)
{
	RB_INSERT(view_key_tree, &contents->peers, peer);
	contents->peers_len++;
	if (contents != &view->live)
		return;
	view_index_add(view, peer);
	if (peer->hub_router && (!view->hub || compare_keys(peer, view->hub) < 0))
		view->hub = peer;
}

static void drop(struct view *view, struct view_contents *contents, struct view_peer *peer)
{
	view->counts.removed += contents == &view->live;
	take_out(view, contents, peer);
	view_peer_free(peer);
}

static void empty_contents(struct view *view, struct view_contents *contents)
{
	struct view_peer *peer;

	while ((peer = RB_ROOT(&contents->peers))) {
		take_out(view, contents, peer);
		view_peer_free(peer);
	}
	contents->has_zone = false;
}

/* The one that is there tells the same but for its revision: nothing moves. */
static void renew(struct view *view, struct view_contents *contents, struct view_peer *old,
		  const struct view_peer *same)
{
	bool counts = old->absent || old->revision != same->revision;

	view->absent_len -= old->absent;
	old->absent = false;
	old->in_snapshot = same->in_snapshot;
	old->revision = same->revision;
	/* Of two claims to a prefix the newer one is believed. */
	if (counts && contents == &view->live)
		view_index_touch(view, old);
}

/* Takes the peer over; 1 when something a node acts on changed. */
static int put(struct view *view, struct view_contents *contents, struct view_peer *peer)
{
	struct view_peer *old = find(contents, &peer->key);

	if (old && view_peer_same(old, peer)) {
		renew(view, contents, old, peer);
		view_peer_free(peer);
		return 0;
	}
	if (contents == &view->live)
		*(old ? &view->counts.changed : &view->counts.added) += 1;
	if (old) {
		take_out(view, contents, old);
		view_peer_free(old);
	}
	put_in(view, contents, peer);
	return 1;
}

static int put_zone(struct view *view, struct view_contents *contents, const struct zone *zone)
{
	bool changed = !contents->has_zone || !zone_same(&contents->zone, zone);

	contents->zone = *zone;
	contents->has_zone = true;
	if (changed && contents == &view->live)
		view_index_touch_all(view);
	return changed;
}

static struct view_contents *target(struct view *view)
{
	return view->in_snapshot ? &view->coming : &view->live;
}

void view_begin_snapshot(struct view *view, bool reset)
{
	empty_contents(view, &view->coming);
	view->in_snapshot = true;
	view->is_reset = reset;
}

/* The snapshot takes effect; 1 when something a node acts on changed. Cannot fail. */
int view_end_snapshot(struct view *view)
{
	struct view_peer *peer;
	struct view_peer *next;
	int changed = !view->is_complete;

	view_index_touch_all(view);
	if (view->coming.has_zone)
		changed |= put_zone(view, &view->live, &view->coming.zone);
	while ((peer = RB_ROOT(&view->coming.peers))) {
		take_out(view, &view->coming, peer);
		peer->in_snapshot = true;
		changed |= put(view, &view->live, peer);
	}
	RB_FOREACH_SAFE(peer, view_key_tree, &view->live.peers, next) {
		const bool is_missing = !peer->in_snapshot;

		peer->in_snapshot = false;
		if (is_missing && view->is_reset) {
			view->absent_len += !peer->absent;
			peer->absent = true;
		} else if (is_missing && !peer->absent) {
			drop(view, &view->live, peer);
			changed = 1;
		}
	}
	view->resets += view->is_reset;
	view->is_complete = true;
	view_begin_stream(view);
	return changed;
}

int view_new(const char *zone, struct view **ret_view)
{
	struct view *view = calloc(1, sizeof(*view));

	if (!view)
		return -ENOMEM;
	if (str_copy(view->zone_name, sizeof(view->zone_name), zone) < 0) {
		free(view);
		return -EINVAL;
	}
	RB_INIT(&view->live.peers);
	RB_INIT(&view->coming.peers);
	RB_INIT(&view->claims);
	RB_INIT(&view->by_ip);
	*ret_view = view;
	return 0;
}

void view_free(struct view *view)
{
	if (!view)
		return;
	view->touched.all = true; /* nobody asks any more */
	empty_contents(view, &view->live);
	empty_contents(view, &view->coming);
	view_forget_touched(view);
	free(view);
}

void view_begin_stream(struct view *view)
{
	empty_contents(view, &view->coming);
	view->in_snapshot = false;
	view->is_reset = false;
	view->in_change = false;
}

static int foreign(const struct view *view, const char *zone, struct err *err)
{
	if (str_eq(zone, view->zone_name))
		return 0;
	return err_set(err, -EPROTO, "an event of zone '%s' came to a watcher of '%s'", zone,
		       view->zone_name);
}

int view_fold_peer(struct view *view, const json_t *object, struct err *err)
{
	_cleanup_(peer_done) struct peer document = { 0 };
	struct view_peer *peer;
	struct view_contents *contents = target(view);
	int r = doc_read_peer(object, &document, err);

	if (r < 0)
		return r;
	r = foreign(view, document.zone, err);
	if (r < 0)
		return r;
	if (contents->peers_len >= VIEW_PEERS_MAX)
		return err_set(err, -EPROTO, "more than %d peers in one zone", VIEW_PEERS_MAX);
	peer = view_peer_new(&document);
	return peer ? put(view, contents, peer) : err_oom(err);
}

static int fold_peer_removed(struct view *view, const json_t *object, struct err *err)
{
	struct view_contents *contents = target(view);
	struct view_peer *peer;
	struct key key;
	int r = doc_key(object, "PublicKey", &key, err);

	if (r == 0)
		return err_set(err, -EPROTO, "peer-removed: PublicKey is missing");
	if (r < 0)
		return r;
	peer = find(contents, &key);
	if (!peer)
		return 0;
	drop(view, contents, peer);
	return 1;
}

int view_fold_zone(struct view *view, const json_t *object, struct err *err)
{
	struct zone zone = { 0 };
	int r = doc_read_zone(object, &zone, err);

	if (r < 0)
		return r;
	r = foreign(view, zone.name, err);
	return r < 0 ? r : put_zone(view, target(view), &zone);
}

static int fold_zone_removed(struct view *view)
{
	struct view_contents *contents = target(view);
	int changed = contents->peers_len > 0 || contents->has_zone;

	while (RB_ROOT(&contents->peers))
		drop(view, contents, RB_ROOT(&contents->peers));
	contents->has_zone = false;
	if (contents == &view->live)
		view_index_touch_all(view);
	return changed;
}

static int fold_snapshot_begin(struct view *view, const json_t *object, struct err *err)
{
	char zone[ZONE_NAME_BYTES] = "";
	bool reset = false;
	int r = doc_text(object, "Zone", zone, sizeof(zone), err);

	if (r >= 0)
		r = doc_bool(object, "reset", &reset, err);
	if (r >= 0)
		r = foreign(view, zone, err);
	if (r < 0)
		return r;
	view_begin_snapshot(view, reset);
	return 0;
}

static int fold_object(struct view *view, enum event_kind kind, const json_t *object,
		       struct err *err)
{
	uint64_t version = EVENT_VERSION;
	int r = doc_u64(object, "v", &version, err);

	if (r < 0)
		return r;
	if (version > EVENT_VERSION)
		return err_set(err, -EPROTO,
			       "the tower speaks version %llu of events, this agent %d: update it",
			       (unsigned long long)version, EVENT_VERSION);
	switch (kind) {
	case EVENT_SNAPSHOT_BEGIN:
		return fold_snapshot_begin(view, object, err);
	case EVENT_SNAPSHOT_END:
		return view->in_snapshot ? view_end_snapshot(view) : 0;
	case EVENT_ZONE:
		return view_fold_zone(view, object, err);
	case EVENT_ZONE_REMOVED:
		return fold_zone_removed(view);
	case EVENT_PEER:
		return view_fold_peer(view, object, err);
	case EVENT_PEER_REMOVED:
		return fold_peer_removed(view, object, err);
	case EVENT_HEARTBEAT:
	case EVENT_UNKNOWN:
		break;
	}
	return 0;
}

int view_fold(struct view *view, const struct event *event, struct err *err)
{
	_cleanup_(doc_unref) json_t *object = NULL;
	int r = 0;

	if (event->kind != EVENT_HEARTBEAT && event->kind != EVENT_UNKNOWN) {
		r = doc_load(event->data, event->data_len, &object, err);
		if (r >= 0)
			r = fold_object(view, event->kind, object, err);
	}
	if (r >= 0 && event->has_id && !view->in_snapshot) {
		view->id = event->id;
		view->has_id = true;
		view->in_change = false;
	}
	return r;
}

bool view_is_complete(const struct view *view)
{
	return view->is_complete;
}

bool view_id(const struct view *view, struct event_id *ret_id)
{
	if (view->has_id)
		*ret_id = view->id;
	return view->has_id;
}

bool view_is_in_change(const struct view *view)
{
	return view->in_change;
}

const struct zone *view_zone(const struct view *view)
{
	return view->live.has_zone ? &view->live.zone : NULL;
}

const struct view_peer *view_peer(const struct view *view, const struct key *key)
{
	return find(&view->live, key);
}

const struct view_peer *view_next_peer(const struct view *view, const struct view_peer *after)
{
	if (!after)
		return RB_MIN(view_key_tree, (struct view_key_tree *)&view->live.peers);
	return RB_NEXT(view_key_tree, unused, (struct view_peer *)after);
}

const struct view_peer *view_hub(const struct view *view)
{
	return view->hub;
}

size_t view_peers_len(const struct view *view)
{
	return view->live.peers_len;
}

uint64_t view_resets(const struct view *view)
{
	return view->resets;
}

size_t view_absent_len(const struct view *view)
{
	return view->absent_len;
}

size_t view_drop_absent(struct view *view)
{
	size_t before = view->live.peers_len;
	bool in_change = view->in_change;
	struct view_peer *peer;
	struct view_peer *next;

	RB_FOREACH_SAFE(peer, view_key_tree, &view->live.peers, next) {
		if (peer->absent)
			drop(view, &view->live, peer);
	}
	view->in_change = in_change; /* this is no event, and whole */
	return before - view->live.peers_len;
}

struct view_counts view_take_counts(struct view *view)
{
	struct view_counts counts = view->counts;

	view->counts = (struct view_counts){ 0 };
	return counts;
}
