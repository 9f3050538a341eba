// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include "nodeagent/view.h"

#include <errno.h>
#include <string.h>

#include "base/tree.h"
#include "mesh/doc.h"

#define CACHE_VERSION 1

struct view_peer {
	struct peer peer;
	bool absent;
	bool in_snapshot; /* of the snapshot that is just taking effect */
	RB_ENTRY(view_peer) link;
};

static int compare_peers(const struct view_peer *a, const struct view_peer *b)
{
	return key_compare(&a->peer.key, &b->peer.key);
}

RB_HEAD(view_tree, view_peer);
TREE_GENERATE(view_tree, view_peer, link, compare_peers)

/* A zone's document and its peers: what is in force, or a snapshot that is still coming. */
struct contents {
	bool has_zone;
	struct zone zone;
	struct view_tree peers;
	size_t peers_len;
};

struct view {
	char zone_name[ZONE_NAME_BYTES];
	struct contents live;
	struct contents coming;
	bool in_snapshot, is_reset;
	bool is_complete, has_id;
	struct event_id id;
	uint64_t resets;
	size_t absent_len;
	struct view_counts counts;
};

static void free_view_peer(struct view_peer *entry)
{
	if (entry)
		peer_done(&entry->peer);
	free(entry);
}

static void free_view_peerp(struct view_peer **entry)
{
	free_view_peer(*entry);
}

static void empty_contents(struct contents *contents)
{
	struct view_peer *entry;

	while ((entry = RB_ROOT(&contents->peers))) {
		RB_REMOVE(view_tree, &contents->peers, entry);
		free_view_peer(entry);
	}
	contents->peers_len = 0;
	contents->has_zone = false;
}

static struct view_peer *find(const struct contents *contents, const struct key *key)
{
	struct view_peer wanted = { .peer.key = *key };

	return RB_FIND(view_tree, (struct view_tree *)&contents->peers, &wanted);
}

static void drop(struct view *view, struct contents *contents, struct view_peer *entry)
{
	RB_REMOVE(view_tree, &contents->peers, entry);
	contents->peers_len--;
	view->absent_len -= entry->absent;
	view->counts.removed += contents == &view->live;
	free_view_peer(entry);
}

/* Takes the entry over; 1 when something a node acts on changed. */
static int put(struct view *view, struct contents *contents, struct view_peer *entry)
{
	struct view_peer *old = find(contents, &entry->peer.key);
	bool changed = !old || !peer_same(&old->peer, &entry->peer);

	if (old) {
		RB_REMOVE(view_tree, &contents->peers, old);
		view->absent_len -= old->absent;
	} else {
		contents->peers_len++;
	}
	if (contents == &view->live && changed)
		*(old ? &view->counts.changed : &view->counts.added) += 1;
	free_view_peer(old);
	RB_INSERT(view_tree, &contents->peers, entry);
	return changed;
}

static int put_zone(struct contents *contents, const struct zone *zone)
{
	bool changed = !contents->has_zone || !zone_same(&contents->zone, zone);

	contents->zone = *zone;
	contents->has_zone = true;
	return changed;
}

static struct contents *target(struct view *view)
{
	return view->in_snapshot ? &view->coming : &view->live;
}

static void begin_snapshot(struct view *view, bool reset)
{
	empty_contents(&view->coming);
	view->in_snapshot = true;
	view->is_reset = reset;
}

/* The snapshot takes effect; 1 when something a node acts on changed. Cannot fail. */
static int end_snapshot(struct view *view)
{
	struct view_peer *entry;
	struct view_peer *next;
	int changed = !view->is_complete;

	if (view->coming.has_zone)
		changed |= put_zone(&view->live, &view->coming.zone);
	while ((entry = RB_ROOT(&view->coming.peers))) {
		RB_REMOVE(view_tree, &view->coming.peers, entry);
		entry->in_snapshot = true;
		changed |= put(view, &view->live, entry);
	}
	RB_FOREACH_SAFE(entry, view_tree, &view->live.peers, next) {
		const bool is_missing = !entry->in_snapshot;

		entry->in_snapshot = false;
		if (is_missing && view->is_reset) {
			view->absent_len += !entry->absent;
			entry->absent = true;
		} else if (is_missing && !entry->absent) {
			drop(view, &view->live, entry);
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
	*ret_view = view;
	return 0;
}

void view_free(struct view *view)
{
	if (!view)
		return;
	empty_contents(&view->live);
	empty_contents(&view->coming);
	free(view);
}

void view_begin_stream(struct view *view)
{
	empty_contents(&view->coming);
	view->in_snapshot = false;
	view->is_reset = false;
}

static int foreign(const struct view *view, const char *zone, struct err *err)
{
	if (str_eq(zone, view->zone_name))
		return 0;
	return err_set(err, -EPROTO, "an event of zone '%s' came to a watcher of '%s'", zone,
		       view->zone_name);
}

static int fold_peer(struct view *view, const json_t *object, struct err *err)
{
	_cleanup_(free_view_peerp) struct view_peer *entry = calloc(1, sizeof(*entry));
	struct contents *contents = target(view);
	int r;

	if (!entry)
		return err_oom(err);
	r = doc_read_peer(object, &entry->peer, err);
	if (r < 0)
		return r;
	r = foreign(view, entry->peer.zone, err);
	if (r < 0)
		return r;
	if (contents->peers_len >= VIEW_PEERS_MAX)
		return err_set(err, -EPROTO, "more than %d peers in one zone", VIEW_PEERS_MAX);
	return put(view, contents, TAKE_PTR(entry));
}

static int fold_peer_removed(struct view *view, const json_t *object, struct err *err)
{
	struct contents *contents = target(view);
	struct view_peer *entry;
	struct key key;
	int r = doc_key(object, "PublicKey", &key, err);

	if (r == 0)
		return err_set(err, -EPROTO, "peer-removed: PublicKey is missing");
	if (r < 0)
		return r;
	entry = find(contents, &key);
	if (!entry)
		return 0;
	drop(view, contents, entry);
	return 1;
}

static int fold_zone(struct view *view, const json_t *object, struct err *err)
{
	struct zone zone = { 0 };
	int r = doc_read_zone(object, &zone, err);

	if (r < 0)
		return r;
	r = foreign(view, zone.name, err);
	return r < 0 ? r : put_zone(target(view), &zone);
}

static int fold_zone_removed(struct view *view)
{
	struct contents *contents = target(view);
	int changed = contents->peers_len > 0 || contents->has_zone;

	while (RB_ROOT(&contents->peers))
		drop(view, contents, RB_ROOT(&contents->peers));
	contents->has_zone = false;
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
	begin_snapshot(view, reset);
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
		return view->in_snapshot ? end_snapshot(view) : 0;
	case EVENT_ZONE:
		return fold_zone(view, object, err);
	case EVENT_ZONE_REMOVED:
		return fold_zone_removed(view);
	case EVENT_PEER:
		return fold_peer(view, object, err);
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

const struct zone *view_zone(const struct view *view)
{
	return view->live.has_zone ? &view->live.zone : NULL;
}

const struct peer *view_peer(const struct view *view, const struct key *key)
{
	const struct view_peer *entry = find(&view->live, key);

	return entry ? &entry->peer : NULL;
}

const struct peer *view_next_peer(const struct view *view, const struct key *after)
{
	struct view_tree *tree = (struct view_tree *)&view->live.peers;
	struct view_peer wanted = { 0 };
	struct view_peer *entry;

	if (!after) {
		entry = RB_MIN(view_tree, tree);
	} else {
		wanted.peer.key = *after;
		entry = RB_NFIND(view_tree, tree, &wanted);
		if (entry && compare_peers(entry, &wanted) == 0)
			entry = RB_NEXT(view_tree, tree, entry);
	}
	return entry ? &entry->peer : NULL;
}

size_t view_peers_len(const struct view *view)
{
	return view->live.peers_len;
}

uint64_t view_resets(const struct view *view)
{
	return view->resets;
}

bool view_peer_is_absent(const struct view *view, const struct key *key)
{
	const struct view_peer *entry = find(&view->live, key);

	return !entry || entry->absent;
}

size_t view_absent_len(const struct view *view)
{
	return view->absent_len;
}

size_t view_drop_absent(struct view *view)
{
	size_t before = view->live.peers_len;
	struct view_peer *entry;
	struct view_peer *next;

	RB_FOREACH_SAFE(entry, view_tree, &view->live.peers, next) {
		if (entry->absent)
			drop(view, &view->live, entry);
	}
	return before - view->live.peers_len;
}

struct view_counts view_take_counts(struct view *view)
{
	struct view_counts counts = view->counts;

	view->counts = (struct view_counts){ 0 };
	return counts;
}

static void save_peers(const struct view *view, struct str *to)
{
	const struct peer *peer = NULL;
	const char *comma = "";

	while ((peer = view_next_peer(view, peer ? &peer->key : NULL))) {
		_cleanup_free_ char *doc = doc_of_peer(peer);

		to->failed |= !doc;
		if (!doc)
			return;
		str_append(to, comma);
		str_append(to, doc);
		comma = ",\n";
	}
}

char *view_save(const struct view *view)
{
	_cleanup_str_ struct str text = { 0 };
	char id[EVENT_ID_BYTES] = "";

	/* Absence is not remembered: whoever loads this asks for a whole snapshot instead. */
	if (view->has_id && view->absent_len == 0)
		event_id_format(&view->id, id);
	str_printf(&text, "{\"v\":%d,\"Id\":\"%s\",\n", CACHE_VERSION, id);
	if (view->live.has_zone) {
		_cleanup_free_ char *doc = doc_of_zone(&view->live.zone);

		if (!doc)
			return NULL;
		str_printf(&text, "\"Zone\":%s,\n", doc);
	}
	str_append(&text, "\"Peers\":[\n");
	save_peers(view, &text);
	str_append(&text, "\n]}");
	return str_take(&text);
}

static int load_peers(struct view *view, const json_t *object, struct err *err)
{
	json_t *zone = NULL;
	json_t *peers = NULL;
	json_t *item;
	size_t i;
	int r = doc_field(object, "Zone", &zone, err);

	if (r >= 0 && zone)
		r = fold_zone(view, zone, err);
	if (r >= 0)
		r = doc_field(object, "Peers", &peers, err);
	if (r >= 0 && !json_is_array(peers))
		r = err_set(err, -EPROTO, "Peers is missing");
	if (r < 0)
		return r;
	json_array_foreach(peers, i, item) {
		r = fold_peer(view, item, err);
		if (r < 0)
			return r;
	}
	return 0;
}

int view_load(struct view *view, const json_t *object, struct err *err)
{
	char text[EVENT_ID_BYTES] = "";
	struct event_id id = { 0 };
	uint64_t version = 0;
	int r = doc_u64(object, "v", &version, err);

	if (r >= 0 && version != CACHE_VERSION)
		return err_set(err, -EPROTO, "the cache is of version %llu",
			       (unsigned long long)version);
	if (r >= 0)
		r = doc_text(object, "Id", text, sizeof(text), err);
	if (r >= 0 && *text && event_id_parse(text, &id) < 0)
		r = err_set(err, -EPROTO, "Id is none");
	if (r < 0)
		return r;
	begin_snapshot(view, false);
	r = load_peers(view, object, err);
	if (r < 0) {
		view_begin_stream(view);
		return r;
	}
	(void)end_snapshot(view);
	view->has_id = *text != '\0';
	view->id = id;
	(void)view_take_counts(view);
	return 0;
}
