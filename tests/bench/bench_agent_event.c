// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * What one event costs an agent, from the stream's bytes to the plan that is applied, and what a
 * peer takes of its memory: with the data plane in memory, so that it is our own work alone.
 *
 *   bench_agent_event PEERS     a line a figure: "<name> <peers> <value> <unit>"
 */
#include <inttypes.h>
#include <malloc.h>
#include <stdio.h>
#include <time.h>

#include "base/log.h"
#include "base/str.h"
#include "crypto/crypto.h"
#include "mesh/doc.h"
#include "nodeagent/reconcile.h"

#define EVENTS 400 /* of each kind */
#define SELF UINT32_MAX

static const struct key private_key = { .bytes = { 0x08, [31] = 0x40 } };

struct agent {
	struct loop *loop;
	struct loop_timer *stop;
	struct view *view;
	struct event_reader *reader;
	struct reconcile *reconcile;
	struct desired desired;
	uint64_t revision;
};

static _Noreturn void give_up(const char *what)
{
	(void)fprintf(stderr, "bench_agent_event: %s\n", what);
	exit(1);
}

/* Keys in no order, as real ones. */
static struct key key_of(uint32_t number)
{
	struct key key = { 0 };
	uint64_t mixed = (number + 1) * UINT64_C(0x9e3779b97f4a7c15);

	if (number == SELF) {
		key_public(&private_key, &key);
		return key;
	}
	memcpy(key.bytes, &mixed, sizeof(mixed));
	memcpy(key.bytes + 8, &number, sizeof(number));
	return key;
}

/* With an endpoint, and with a child prefix of that number (0: none). */
static void tell_peer(struct agent *agent, struct str *to, uint32_t number, uint32_t child,
		      uint16_t port)
{
	struct peer peer = { .key = key_of(number), .zone = "blue", .generation = 1 };
	struct event_id id = { .revision = ++agent->revision, .mark = 7 };
	_cleanup_free_ char *doc = NULL;

	peer.address[0] = (struct ip){ IP_V4, { 10 } };
	peer.address[0].bytes[1] = (uint8_t)((number + 2) >> 16);
	peer.address[0].bytes[2] = (uint8_t)((number + 2) >> 8);
	peer.address[0].bytes[3] = (uint8_t)(number + 2);
	peer.endpoint.ip = peer.address[0];
	peer.endpoint.ip.bytes[0] = 192;
	peer.endpoint.port = port;
	peer.revision = agent->revision;
	(void)snprintf(peer.hostname, sizeof(peer.hostname), "node-%" PRIu32, number);
	if (child > 0) {
		struct prefix prefix = { .ip = { IP_V4, { 172 } }, .bits = 28 };

		prefix.ip.bytes[1] = (uint8_t)(child >> 12);
		prefix.ip.bytes[2] = (uint8_t)(child >> 4);
		prefix.ip.bytes[3] = (uint8_t)(child << 4);
		if (vec_push(&peer.prefixes, prefix) < 0)
			give_up("no memory");
	}
	doc = doc_of_peer(&peer);
	event_write(to, EVENT_PEER, doc, &id);
	peer_done(&peer);
}

static void tell_removal(struct agent *agent, struct str *to, uint32_t number)
{
	struct event_id id = { .revision = ++agent->revision, .mark = 7 };
	struct key key = key_of(number);
	char text[KEY_TEXT_BYTES];
	char doc[128];

	key_format(&key, text);
	(void)snprintf(doc, sizeof(doc), "{\"PublicKey\":\"%s\",\"Zone\":\"blue\"}", text);
	event_write(to, EVENT_PEER_REMOVED, doc, &id);
}

static int on_event(const struct event *event, void *data)
{
	struct agent *agent = data;

	return view_fold(agent->view, event, NULL) < 0 ? -1 : 0;
}

static void on_stop(void *data)
{
	struct agent *agent = data;

	loop_stop(agent->loop, 0);
}

/* Bytes from the stream; a turn of the loop. */
static void take(struct agent *agent, const struct str *bytes)
{
	if (event_reader_feed(agent->reader, bytes->at, bytes->len, NULL) < 0)
		give_up("an event was not understood");
	reconcile_want(agent->reconcile, agent->view, &agent->desired);
	loop_timer_set(agent->stop, 0);
	if (loop_run(agent->loop) < 0)
		give_up("the loop failed");
}

static double seconds_now(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void report(const char *name, uint32_t peers, double value, const char *unit)
{
	printf("%s %" PRIu32 " %.1f %s\n", name, peers, value, unit);
}

static void check_sync(const struct agent *agent, size_t peers)
{
	struct reconcile_status status;

	reconcile_get_status(agent->reconcile, &status);
	if (!status.in_sync || status.observed->peers.len != peers)
		give_up("the data plane is not as the zone says");
}

static void tell_snapshot(struct agent *agent, struct str *to, uint32_t peers)
{
	struct event_id id;

	event_write(to, EVENT_SNAPSHOT_BEGIN, "{\"Zone\":\"blue\",\"reset\":false}", NULL);
	event_write(to, EVENT_ZONE, "{\"Name\":\"blue\",\"CIDR\":\"10.0.0.0/8\"}", NULL);
	tell_peer(agent, to, SELF, 0, 51820);
	for (uint32_t i = 0; i < peers; i++)
		tell_peer(agent, to, i, 0, 51820);
	id = (struct event_id){ .revision = agent->revision, .mark = 7 };
	event_write(to, EVENT_SNAPSHOT_END, "{\"Zone\":\"blue\"}", &id);
}

static void measure_snapshot(struct agent *agent, uint32_t peers)
{
	_cleanup_str_ struct str bytes = { 0 };
	size_t before;
	double begin;

	tell_snapshot(agent, &bytes, peers);
	before = mallinfo2().uordblks;
	begin = seconds_now();
	take(agent, &bytes);
	report("snapshot", peers, (seconds_now() - begin) * 1e3, "ms");
	check_sync(agent, peers);
	report("memory", peers, (double)(mallinfo2().uordblks - before) / peers, "bytes/peer");
}

enum kind { JOIN, MOVE_ENDPOINT, MOVE_PREFIX, LEAVE };

static const char *const names[] = {
	[JOIN] = "join", [MOVE_ENDPOINT] = "endpoint", [MOVE_PREFIX] = "prefix", [LEAVE] = "leave"
};

/* The peers that come and go are spread over all of them; a prefix moves from one to the next. */
static void tell(struct agent *agent, struct str *to, enum kind kind, uint32_t peers, uint32_t i)
{
	switch (kind) {
	case JOIN:
		tell_peer(agent, to, peers + i, 0, 51820);
		break;
	case MOVE_ENDPOINT:
		tell_peer(agent, to, peers + i, 0, 51821);
		break;
	case MOVE_PREFIX:
		if (i > 0)
			tell_peer(agent, to, peers + i - 1, 0, 51821);
		tell_peer(agent, to, peers + i, 1, 51821);
		break;
	case LEAVE:
		tell_removal(agent, to, peers + i);
		break;
	}
}

static int compare_doubles(const void *a, const void *b)
{
	double left = *(const double *)a;
	double right = *(const double *)b;

	return (left > right) - (left < right);
}

static void measure_events(struct agent *agent, enum kind kind, uint32_t peers)
{
	static double took[EVENTS];
	char name[32];

	for (uint32_t i = 0; i < EVENTS; i++) {
		_cleanup_str_ struct str bytes = { 0 };
		double begin;

		tell(agent, &bytes, kind, peers, i);
		begin = seconds_now();
		take(agent, &bytes);
		took[i] = (seconds_now() - begin) * 1e6;
	}
	qsort(took, EVENTS, sizeof(*took), compare_doubles);
	(void)snprintf(name, sizeof(name), "%s-p50", names[kind]);
	report(name, peers, took[EVENTS / 2], "us");
	(void)snprintf(name, sizeof(name), "%s-p99", names[kind]);
	report(name, peers, took[EVENTS * 99 / 100], "us");
}

static void open_agent(struct agent *agent)
{
	struct reconcile_config config = { .interface = "wg0", .dry_run = true };
	struct desired_options options = { .interface = "wg0",
					   .private_key = private_key,
					   .listen_port = 51820 };

	if (crypto_init(NULL) < 0 || loop_new(&agent->loop, NULL) < 0)
		give_up("cannot start");
	config.loop = agent->loop;
	if (loop_timer_new(agent->loop, on_stop, agent, &agent->stop, NULL) < 0 ||
	    view_new("blue", &agent->view) < 0 ||
	    event_reader_new(on_event, agent, &agent->reader, NULL) < 0 ||
	    reconcile_new(&config, &agent->reconcile, NULL) < 0 ||
	    desired_make(agent->view, &options, &agent->desired, NULL) < 0)
		give_up("cannot start");
}

static void close_agent(struct agent *agent)
{
	reconcile_free(agent->reconcile);
	event_reader_free(agent->reader);
	view_free(agent->view);
	loop_timer_free(agent->stop);
	loop_free(agent->loop);
}

int main(int argc, char **argv)
{
	struct agent agent = { 0 };
	uint16_t peers = 0;

	if (argc != 2 || str_to_u16(argv[1], &peers) < 0 || peers == 0) {
		(void)fputs("usage: bench_agent_event PEERS\n", stderr);
		return 2;
	}
	log_set_level(LOG_LEVEL_ERROR);
	open_agent(&agent);
	measure_snapshot(&agent, peers);
	for (int kind = JOIN; kind <= LEAVE; kind++)
		measure_events(&agent, (enum kind)kind, peers);
	check_sync(&agent, peers);
	close_agent(&agent);
	return 0;
}
