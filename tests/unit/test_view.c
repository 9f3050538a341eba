// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include "nodeagent/view.h"

#include <errno.h>
#include <stdlib.h>

#include "base/str.h"
#include "check.h"
#include "mesh/doc.h"

#define NODES 40 /* of the property tests */

static struct key key_of(unsigned node)
{
	struct key key = { 0 };

	key.bytes[0] = (uint8_t)(node + 1);
	key.bytes[31] = 0x40;
	return key;
}

static struct peer peer_of(unsigned node, unsigned port, uint64_t revision)
{
	struct peer peer = { .key = key_of(node), .zone = "blue", .generation = 1 };
	char address[32];

	(void)snprintf(address, sizeof(address), "10.20.1.%u", node + 1);
	check(ip_parse(address, &peer.address[0], NULL) == 0);
	check(ip_parse("192.0.2.1", &peer.endpoint.ip, NULL) == 0);
	peer.endpoint.port = (uint16_t)(port + 1);
	peer.revision = revision;
	return peer;
}

static int fold_text(struct view *view, enum event_kind kind, const char *text,
		     const struct event_id *id)
{
	struct event event = { .kind = kind, .data = text, .data_len = strlen(text) };

	if (id) {
		event.has_id = true;
		event.id = *id;
	}
	return view_fold(view, &event, NULL);
}

static int fold_peer(struct view *view, unsigned node, unsigned port, uint64_t revision)
{
	struct peer peer = peer_of(node, port, revision);
	_cleanup_free_ char *doc = doc_of_peer(&peer);

	return fold_text(view, EVENT_PEER, doc, NULL);
}

static int fold_removal(struct view *view, unsigned node)
{
	struct key key = key_of(node);
	char text[KEY_TEXT_BYTES];
	char doc[128];

	key_format(&key, text);
	(void)snprintf(doc, sizeof(doc), "{\"v\":1,\"PublicKey\":\"%s\",\"Zone\":\"blue\"}", text);
	return fold_text(view, EVENT_PEER_REMOVED, doc, NULL);
}

static int begin(struct view *view, bool reset)
{
	return fold_text(view, EVENT_SNAPSHOT_BEGIN,
			 reset ? "{\"v\":1,\"Zone\":\"blue\",\"reset\":true}"
			       : "{\"v\":1,\"Zone\":\"blue\",\"reset\":false}",
			 NULL);
}

static int end(struct view *view, uint64_t revision)
{
	struct event_id id = { .revision = revision, .mark = revision * 7 };

	return fold_text(view, EVENT_SNAPSHOT_END, "{\"v\":1,\"Zone\":\"blue\"}", &id);
}

static int fold_zone(struct view *view, const char *cidr)
{
	struct zone zone = { .name = "blue" };
	_cleanup_free_ char *doc = NULL;

	check(zone_set_cidr(&zone, cidr, NULL) == 0);
	doc = doc_of_zone(&zone);
	return fold_text(view, EVENT_ZONE, doc, NULL);
}

/* A view of zone blue with the nodes 0..len-1, from a snapshot of revision 10. */
static struct view *view_with(unsigned len)
{
	struct view *view = NULL;

	check(view_new("blue", &view) == 0);
	check(begin(view, false) == 0);
	check(fold_zone(view, "10.20.0.0/20") >= 0);
	for (unsigned i = 0; i < len; i++)
		check(fold_peer(view, i, 0, i + 1) >= 0);
	check(end(view, 10) == 1);
	(void)view_take_counts(view);
	return view;
}

static void snapshot_takes_effect_as_a_whole(void)
{
	struct view *view = NULL;
	struct event_id id;

	check(view_new("blue", &view) == 0);
	check(begin(view, false) == 0);
	check(fold_zone(view, "10.20.0.0/20") >= 0);
	check(fold_peer(view, 0, 0, 1) >= 0);
	check(view_peers_len(view) == 0);
	check(!view_zone(view));
	check(!view_is_complete(view));
	check(!view_id(view, &id));
	check(end(view, 3) == 1);
	check(view_is_complete(view));
	check(view_peers_len(view) == 1);
	check(view_id(view, &id) && id.revision == 3 && id.mark == 21);
	check_str(view_zone(view)->name, "blue");
	view_free(view);
}

static void snapshot_removes_who_is_not_in_it(void)
{
	struct view *view = view_with(3);
	struct key gone = key_of(1);
	struct view_counts counts;

	check(begin(view, false) == 0);
	check(fold_peer(view, 0, 0, 1) >= 0);
	check(fold_peer(view, 2, 5, 11) >= 0);
	check(fold_peer(view, 3, 0, 12) >= 0);
	check(end(view, 12) == 1);
	check(view_peers_len(view) == 3);
	check(!view_peer(view, &gone));
	counts = view_take_counts(view);
	check(counts.added == 1 && counts.changed == 1 && counts.removed == 1);
	view_free(view);
}

static void same_snapshot_changes_nothing(void)
{
	struct view *view = view_with(5);

	check(begin(view, false) == 0);
	check(fold_zone(view, "10.20.0.0/20") >= 0);
	for (unsigned i = 0; i < 5; i++)
		check(fold_peer(view, i, 0, 50 + i) >= 0);
	check(end(view, 60) == 0);
	view_free(view);
}

static void broken_snapshot_shrinks_nothing(void)
{
	struct view *view = view_with(4);
	struct event_id id;

	check(begin(view, false) == 0);
	check(fold_peer(view, 0, 9, 20) >= 0);
	view_begin_stream(view);
	check(view_peers_len(view) == 4);
	/* The stream was resumed: deltas go straight into what is in force. */
	check(fold_peer(view, 9, 0, 21) == 1);
	check(view_peers_len(view) == 5);
	check(view_id(view, &id) && id.revision == 10);
	view_free(view);
}

static void reset_keeps_the_absent_for_a_while(void)
{
	struct view *view = view_with(3);
	struct key kept = key_of(1);
	struct key back = key_of(2);
	uint64_t resets = view_resets(view);

	check(begin(view, true) == 0);
	check(fold_peer(view, 0, 0, 1) >= 0);
	check(fold_peer(view, 7, 0, 2) >= 0);
	check(end(view, 2) == 1);
	check(view_resets(view) == resets + 1);
	check(view_peers_len(view) == 4);
	check(view_absent_len(view) == 2);
	check(view_peer(view, &kept) && view_peer(view, &kept)->absent);

	check(fold_peer(view, 2, 0, 3) == 0);
	check(!view_peer(view, &back)->absent);
	/* A plain snapshot of the new history does not cut the grace short. */
	check(begin(view, false) == 0);
	check(fold_peer(view, 0, 0, 1) >= 0);
	check(fold_peer(view, 2, 0, 3) >= 0);
	check(fold_peer(view, 7, 0, 2) >= 0);
	check(end(view, 4) == 0);
	check(view_peer(view, &kept) != NULL);

	check(view_drop_absent(view) == 1);
	check(view_peers_len(view) == 3);
	check(view_absent_len(view) == 0);
	check(view_drop_absent(view) == 0);
	view_free(view);
}

static void delta_changes_one_peer(void)
{
	struct view *view = view_with(2);
	struct key key = key_of(1);

	check(fold_peer(view, 1, 0, 11) == 0);
	check(view_peer(view, &key)->revision == 11);
	check(fold_peer(view, 1, 4, 12) == 1);
	check(view_peer(view, &key)->endpoint.port == 5);
	check(fold_removal(view, 1) == 1);
	check(fold_removal(view, 1) == 0);
	check(view_peers_len(view) == 1);
	check(fold_zone(view, "10.20.0.0/20") == 0);
	check(fold_zone(view, "10.21.0.0/20") == 1);
	view_free(view);
}

static void heartbeat_moves_the_cursor_alone(void)
{
	struct view *view = view_with(2);
	struct event_id id = { .revision = 99, .mark = 1 };

	check(fold_text(view, EVENT_HEARTBEAT, "", &id) == 0);
	id.revision = 0;
	check(view_id(view, &id) && id.revision == 99);
	check(view_peers_len(view) == 2);
	view_free(view);
}

static void refuses_what_it_cannot_understand(void)
{
	static const struct {
		enum event_kind kind;
		const char *text;
	} bad[] = {
		{ EVENT_PEER, "" },
		{ EVENT_PEER, "[]" },
		{ EVENT_PEER, "{\"v\":1}" },
		{ EVENT_PEER, "{\"v\":2}" },
		{ EVENT_PEER_REMOVED, "{\"v\":1}" },
		{ EVENT_PEER_REMOVED, "{\"v\":1,\"PublicKey\":\"short\"}" },
		{ EVENT_SNAPSHOT_BEGIN, "{\"v\":1,\"Zone\":\"red\"}" },
		{ EVENT_SNAPSHOT_BEGIN, "{\"v\":1,\"Zone\":\"blue\",\"reset\":7}" },
		{ EVENT_ZONE, "{\"v\":1,\"Name\":\"red\",\"CIDR\":\"10.0.0.0/8\"}" },
	};
	struct view *view = view_with(3);
	struct event_id id = { .revision = 77 };

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		check(fold_text(view, bad[i].kind, bad[i].text, &id) == -EPROTO);
	check(view_peers_len(view) == 3);
	check(view_id(view, &id) && id.revision == 10);
	view_free(view);
}

static void refuses_a_peer_of_another_zone(void)
{
	struct view *view = view_with(1);
	struct peer peer = peer_of(4, 0, 9);
	_cleanup_free_ char *doc = NULL;

	memcpy(peer.zone, "red", 4);
	doc = doc_of_peer(&peer);
	check(fold_text(view, EVENT_PEER, doc, NULL) == -EPROTO);
	check(view_peers_len(view) == 1);
	view_free(view);
}

static void ignores_events_of_a_newer_tower(void)
{
	struct view *view = view_with(1);
	struct event_id id = { .revision = 12 };

	check(fold_text(view, EVENT_UNKNOWN, "whatever", &id) == 0);
	check(view_id(view, &id) && id.revision == 12);
	view_free(view);
}

static bool same_views(const struct view *a, const struct view *b)
{
	const struct view_peer *p = NULL;
	const struct view_peer *q = NULL;

	do {
		p = view_next_peer(a, p);
		q = view_next_peer(b, q);
		if (p && q && !(view_peer_same(p, q) && p->revision == q->revision))
			return false;
	} while (p && q);
	return !p && !q && view_peers_len(a) == view_peers_len(b);
}

static void cache_gives_the_same_view(void)
{
	struct view *view = view_with(30);
	struct view *again = NULL;
	_cleanup_free_ char *text = view_save(view);
	_cleanup_(doc_unref) json_t *object = NULL;
	struct event_id id = { 0 };

	check(view_new("blue", &again) == 0);
	check(doc_load(text, strlen(text), &object, NULL) == 0);
	check(view_load(again, object, NULL) == 0);
	check(same_views(view, again));
	check(view_is_complete(again));
	check(view_id(again, &id) && id.revision == 10 && id.mark == 70);
	check(view_zone(again)->cidr_len == 1);
	check(view_take_counts(again).added == 0);
	view_free(again);
	view_free(view);
}

static void cache_with_absent_peers_is_not_resumed(void)
{
	struct view *view = view_with(2);
	struct view *again = NULL;
	_cleanup_free_ char *text = NULL;
	_cleanup_(doc_unref) json_t *object = NULL;
	struct event_id id;

	check(begin(view, true) == 0);
	check(end(view, 3) >= 0);
	check(view_absent_len(view) == 2);
	text = view_save(view);
	check(view_new("blue", &again) == 0);
	check(doc_load(text, strlen(text), &object, NULL) == 0);
	check(view_load(again, object, NULL) == 0);
	check(view_peers_len(again) == 2);
	check(!view_id(again, &id));
	view_free(again);
	view_free(view);
}

static void refuses_a_spoilt_cache(void)
{
	static const char *const bad[] = {
		"{}",
		"{\"v\":2,\"Peers\":[]}",
		"{\"v\":1}",
		"{\"v\":1,\"Peers\":[7]}",
		"{\"v\":1,\"Id\":\"x\",\"Peers\":[]}",
		"{\"v\":1,\"Peers\":[{\"PublicKey\":\"x\"}]}",
		"{\"v\":1,\"Zone\":{\"Name\":\"red\",\"CIDR\":\"10.0.0.0/8\"},\"Peers\":[]}",
	};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		_cleanup_(doc_unref) json_t *object = NULL;
		struct view *view = NULL;

		check(view_new("blue", &view) == 0);
		check(doc_load(bad[i], strlen(bad[i]), &object, NULL) == 0);
		check(view_load(view, object, NULL) == -EPROTO);
		check(!view_is_complete(view) && view_peers_len(view) == 0);
		view_free(view);
	}
}

static bool touches(struct view *view, unsigned node)
{
	const struct view_touched *touched = view_touched(view);
	struct key key = key_of(node);

	for (size_t i = 0; i < touched->keys.len; i++) {
		if (key_compare(&touched->keys.at[i], &key) == 0)
			return true;
	}
	return false;
}

/* A peer of the test above, with a child prefix. */
static void claim(struct view *view, unsigned node, const char *prefix, uint64_t revision)
{
	struct peer peer = peer_of(node, 0, revision);
	struct prefix claimed;
	char *doc;

	check(prefix_parse(prefix, &claimed, NULL) == 0 && vec_push(&peer.prefixes, claimed) == 0);
	doc = doc_of_peer(&peer);
	check(fold_text(view, EVENT_PEER, doc, NULL) >= 0);
	peer_done(&peer);
	free(doc);
}

static void names_what_an_event_touched(void)
{
	struct view *view = view_with(5);

	check(view_touched(view)->all);
	view_forget_touched(view);
	check(fold_peer(view, 1, 0, 2) >= 0);
	check(!view_touched(view)->all && view_touched(view)->keys.len == 0);
	check(fold_peer(view, 1, 4, 11) >= 0);
	check(fold_peer(view, 1, 5, 12) >= 0);
	check(view_touched(view)->keys.len == 1 && touches(view, 1));
	/* Its address, and where it is reached. */
	check(view_touched(view)->prefixes.len == 2);
	claim(view, 2, "172.24.0.0/24", 13);
	view_forget_touched(view);
	/* Who claims what another has, touches that one. */
	claim(view, 3, "172.24.0.0/24", 14);
	check(touches(view, 3) && touches(view, 2) && !touches(view, 4));
	view_forget_touched(view);
	/* So does who only says it anew, for the newest is believed. */
	claim(view, 2, "172.24.0.0/24", 15);
	check(touches(view, 3) && touches(view, 2));
	view_forget_touched(view);
	check(fold_removal(view, 3) == 1);
	check(touches(view, 3) && touches(view, 2));
	view_forget_touched(view);
	for (unsigned i = 0; i <= VIEW_TOUCHED_MAX; i++)
		check(fold_peer(view, 1, i, 100 + i) >= 0);
	check(view_touched(view)->all && view_touched(view)->keys.len == 0);
	view_free(view);
}

static void knows_when_a_change_came_by_half(void)
{
	struct view *view = view_with(3);
	struct event_id id = { .revision = 11 };

	check(!view_is_in_change(view));
	check(fold_removal(view, 1) == 1);
	check(view_is_in_change(view));
	check(fold_text(view, EVENT_HEARTBEAT, "", &id) == 0);
	check(!view_is_in_change(view));
	check(fold_removal(view, 2) == 1);
	/* The stream ended: no other half comes. */
	view_begin_stream(view);
	check(!view_is_in_change(view));
	check(begin(view, false) == 0 && fold_peer(view, 2, 0, 12) >= 0);
	check(!view_is_in_change(view));
	view_free(view);
}

static void lists_peers_by_where_they_are_reached(void)
{
	static const char *const endpoints[] = { "192.0.2.9", "192.0.2.1", "198.51.100.1",
						 "192.0.2.1" };
	static const unsigned order[] = { 1, 3, 0 };
	struct view *view = view_with(0);
	const struct view_peer *peer;
	struct ip from;

	for (unsigned i = 0; i < ARRAY_SIZE(endpoints); i++) {
		struct peer document = peer_of(i, 0, i + 1);
		_cleanup_free_ char *doc = NULL;

		check(ip_parse(endpoints[i], &document.endpoint.ip, NULL) == 0);
		doc = doc_of_peer(&document);
		check(fold_text(view, EVENT_PEER, doc, NULL) == 1);
	}
	check(fold_removal(view, 2) == 1);
	check(ip_parse("192.0.2.0", &from, NULL) == 0);
	peer = view_peer_from_ip(view, &from);
	for (unsigned i = 0; i < ARRAY_SIZE(order); i++) {
		struct key key = key_of(order[i]);

		check(peer && key_compare(&peer->key, &key) == 0);
		peer = peer ? view_next_peer_by_ip(peer) : NULL;
	}
	check(!peer);
	check(ip_parse("192.0.2.10", &from, NULL) == 0 && !view_peer_from_ip(view, &from));
	view_free(view);
}

/* The model: which port each node's endpoint has, 0 for no such peer. */
static void folding_agrees_with_a_model(void)
{
	struct view *view = view_with(0);
	unsigned port[NODES] = { 0 };
	size_t len = 0;

	srandom(20260131);
	for (unsigned i = 0; i < 4000; i++) {
		unsigned node = (unsigned)random() % NODES;
		unsigned next = 1 + (unsigned)random() % 5;

		next = random() % 3 == 0 ? 0 : next;
		check((next ? fold_peer(view, node, next, i) : fold_removal(view, node)) ==
		      (port[node] != next));
		len += (next != 0) - (port[node] != 0);
		port[node] = next;
		check(view_peers_len(view) == len);
	}
	for (unsigned node = 0; node < NODES; node++) {
		struct key key = key_of(node);
		const struct view_peer *peer = view_peer(view, &key);

		check((peer ? peer->endpoint.port - 1U : 0) == port[node]);
	}
	view_free(view);
}

/* However a watcher got there, by a snapshot or by deltas, it holds the same. */
static void snapshot_equals_the_deltas(void)
{
	struct view *by_deltas = view_with(0);
	struct view *by_snapshot = view_with(7);
	const struct view_peer *peer = NULL;
	struct prefix_vec prefixes = { 0 };

	srandom(7);
	for (unsigned i = 0; i < 500; i++) {
		unsigned node = (unsigned)random() % NODES;

		if (random() % 4 == 0)
			check(fold_removal(by_deltas, node) >= 0);
		else
			check(fold_peer(by_deltas, node, (unsigned)random() % 9, i) >= 0);
	}
	check(begin(by_snapshot, false) == 0);
	while ((peer = view_next_peer(by_deltas, peer))) {
		_cleanup_free_ char *doc = NULL;
		struct peer document;

		check(view_peer_document(peer, "blue", &prefixes, &document) == 0);
		doc = doc_of_peer(&document);
		check(fold_text(by_snapshot, EVENT_PEER, doc, NULL) >= 0);
	}
	check(end(by_snapshot, 500) == 1);
	check(same_views(by_deltas, by_snapshot));
	vec_done(&prefixes);
	view_free(by_deltas);
	view_free(by_snapshot);
}

int main(void)
{
	run(snapshot_takes_effect_as_a_whole);
	run(snapshot_removes_who_is_not_in_it);
	run(same_snapshot_changes_nothing);
	run(broken_snapshot_shrinks_nothing);
	run(reset_keeps_the_absent_for_a_while);
	run(delta_changes_one_peer);
	run(heartbeat_moves_the_cursor_alone);
	run(refuses_what_it_cannot_understand);
	run(refuses_a_peer_of_another_zone);
	run(ignores_events_of_a_newer_tower);
	run(cache_gives_the_same_view);
	run(cache_with_absent_peers_is_not_resumed);
	run(refuses_a_spoilt_cache);
	run(names_what_an_event_touched);
	run(knows_when_a_change_came_by_half);
	run(lists_peers_by_where_they_are_reached);
	run(folding_agrees_with_a_model);
	run(snapshot_equals_the_deltas);
	return check_done();
}
