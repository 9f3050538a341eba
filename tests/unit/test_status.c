// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include "nodeagent/status.h"

#include <stdlib.h>

#include "base/str.h"
#include "check.h"
#include "mesh/doc.h"
#include "nodeagent/tower.h"
#include "nodeagent/why.h"

#define SELF "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAEA="
#define NEAR "AgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAEA="
#define FAR "AwAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAEA="
#define NOW_S 1769860800 /* 2026-01-31T12:00:00Z */

struct stage {
	struct status_input input;
	struct key self;
	struct refusal refusal;
	struct wg_peer near;
	struct wg_peer *seen;
	struct observed observed;
};

static void fold(struct view *view, enum event_kind kind, const char *text)
{
	struct event event = { .kind = kind, .data = text, .data_len = strlen(text) };

	event.has_id = kind == EVENT_SNAPSHOT_END;
	event.id.revision = 9;
	check(view_fold(view, &event, NULL) >= 0);
}

/* This node, one that WireGuard knows, and one that it does not. */
static void set_up(struct stage *stage)
{
	struct view *view = NULL;

	*stage = (struct stage){ 0 };
	check(view_new("blue", &view) == 0);
	fold(view, EVENT_SNAPSHOT_BEGIN, "{\"Zone\":\"blue\"}");
	fold(view, EVENT_ZONE, "{\"Name\":\"blue\",\"CIDR\":\"10.20.0.0/20\"}");
	fold(view, EVENT_PEER,
	     "{\"PublicKey\":\"" SELF "\",\"Zone\":\"blue\",\"NodeAddress\":\"10.20.0.1\","
	     "\"Hostname\":\"me\",\"Generation\":1,\"Revision\":2}");
	fold(view, EVENT_PEER,
	     "{\"PublicKey\":\"" NEAR "\",\"Zone\":\"blue\",\"NodeAddress\":\"10.20.0.2\","
	     "\"EndpointIP\":\"192.0.2.2:51820\",\"ChildPrefixes\":[\"172.24.0.0/24\"],"
	     "\"Hostname\":\"near\",\"Generation\":1,\"Revision\":3}");
	fold(view, EVENT_PEER,
	     "{\"PublicKey\":\"" FAR "\",\"Zone\":\"blue\",\"NodeAddress\":\"10.20.0.3\","
	     "\"Hostname\":\"far\",\"Generation\":1,\"Revision\":4}");
	fold(view, EVENT_SNAPSHOT_END, "{\"Zone\":\"blue\"}");

	check(key_parse(SELF, &stage->self, NULL) == 0);
	check(key_parse(NEAR, &stage->near.key, NULL) == 0);
	check(endpoint_parse("192.0.2.2:40000", &stage->near.endpoint, NULL) == 0);
	stage->near.handshake_s = NOW_S - 12;
	stage->near.rx_bytes = 300;
	stage->near.tx_bytes = 4000;
	stage->seen = &stage->near;
	stage->observed.peers = (struct wg_peer_list){ .at = &stage->seen, .len = 1 };
	stage->input = (struct status_input){
		.interface = "wg0",
		.zone = "blue",
		.public_key = &stage->self,
		.view = view,
		.controller = { .state = CONTROLLER_CONNECTED,
				.since_ms = INT64_C(1000) * (NOW_S - 3600),
				.url = "https://192.0.2.9:8443",
				.trouble = "",
				.refusal = &stage->refusal },
		.reconcile = { .backend = "userspace",
			       .backend_why = "the kernel has none",
			       .in_sync = true,
			       .trouble = "",
			       .mtu = 1420,
			       .observed = &stage->observed },
		.endpoint = { .choice = { .source = OWN_ENDPOINT_STUN,
					  .nat = OWN_ENDPOINT_NAT_BEHIND },
			      .why = "" },
		.now_ms = INT64_C(1000) * NOW_S,
	};
	check(endpoint_parse("203.0.113.5:1024", &stage->input.endpoint.choice.endpoint, NULL) ==
	      0);
	check(endpoint_parse("192.0.2.9:3478", &stage->input.endpoint.server, NULL) == 0);
}

static void tear_down(struct stage *stage)
{
	view_free((struct view *)stage->input.view);
}

static void report_has_its_shape(void)
{
	_cleanup_(doc_unref) json_t *report = NULL;
	_cleanup_free_ char *text = NULL;
	struct stage stage;

	set_up(&stage);
	report = status_report(&stage.input);
	text = json_dumps(report, JSON_COMPACT);
	check_str(
		text,
		"{\"Version\":\"" VERSION "\",\"Zone\":\"blue\",\"PublicKey\":\"" SELF "\","
		"\"Hostname\":\"me\",\"NodeAddress\":\"10.20.0.1\",\"Generation\":1,"
		"\"Tower\":{\"Url\":\"https://192.0.2.9:8443\",\"Trust\":\"\",\"Signpost\":\"\",\"State\":\"connected\","
		"\"Since\":\"2026-01-31T11:00:00Z\",\"Trouble\":\"\"},\"Revision\":9,"
		"\"Interface\":\"wg0\",\"Backend\":\"userspace\","
		"\"BackendWhy\":\"the kernel has none\",\"Mtu\":1420,\"InSync\":true,"
		"\"Trouble\":\"\",\"Conflicts\":[],\"Overlap\":\"\",\"ForeignPeers\":null,\"Undone\":[],\"Refusal\":null,"
		"\"Endpoint\":{\"Address\":\"203.0.113.5:1024\",\"Source\":\"stun\","
		"\"Server\":\"192.0.2.9:3478\",\"Nat\":\"behind\",\"Public\":false,"
		"\"Trouble\":\"\"},\"Peers\":["
		"{\"PublicKey\":\"" NEAR "\",\"Hostname\":\"near\",\"NodeAddress\":\"10.20.0.2\","
		"\"ChildPrefixes\":[\"172.24.0.0/24\"],\"Endpoint\":\"192.0.2.2:40000\","
		"\"InWireGuard\":true,\"HandshakeAge\":12,\"RxBytes\":300,\"TxBytes\":4000},"
		"{\"PublicKey\":\"" FAR "\",\"Hostname\":\"far\",\"NodeAddress\":\"10.20.0.3\","
		"\"ChildPrefixes\":[],\"Endpoint\":\"\",\"InWireGuard\":false,"
		"\"HandshakeAge\":null,\"RxBytes\":0,\"TxBytes\":0}]}");
	tear_down(&stage);
}

static void report_shows_the_last_refusal(void)
{
	_cleanup_(doc_unref) json_t *report = NULL;
	struct stage stage;
	const json_t *refusal;

	set_up(&stage);
	refusal_set(&stage.refusal, "E404-zone", "no zone '%s'", "blue");
	refusal_hint(&stage.refusal, "make it");
	stage.input.controller.refused_ms = stage.input.now_ms;
	report = status_report(&stage.input);
	refusal = json_object_get(report, "Refusal");
	check_str(json_string_value(json_object_get(refusal, "Code")), "E404-zone");
	check_str(json_string_value(json_object_get(refusal, "Hint")), "make it");
	check_str(json_string_value(json_object_get(refusal, "At")), "2026-01-31T12:00:00Z");
	tear_down(&stage);
}

/* Whether one of the reasons for `word` holds `text`, as good or bad news. */
static bool says(const struct status_input *input, const char *word, bool is_good, const char *text)
{
	_cleanup_(doc_unref) json_t *answer = why_explain(input, word);
	const json_t *reasons = json_object_get(answer, "Reasons");

	for (size_t i = 0; i < json_array_size(reasons); i++) {
		const json_t *reason = json_array_get(reasons, i);

		if (strstr(json_string_value(json_object_get(reason, "Text")), text) &&
		    json_is_true(json_object_get(reason, "Good")) == is_good)
			return true;
	}
	return false;
}

/* The line about the endpoint, as a person reads it. */
static const char *endpoint_line(const struct own_endpoint_status *status)
{
	static char line[256];
	_cleanup_(doc_unref) json_t *report = NULL;
	_cleanup_free_ char *text = NULL;
	struct stage stage;
	size_t len = 0;
	FILE *to = open_memstream(&text, &len);
	const char *at;

	set_up(&stage);
	stage.input.endpoint = *status;
	report = status_report(&stage.input);
	status_print(report, to);
	(void)fclose(to);
	at = strstr(text, "\nendpoint ");
	(void)snprintf(line, sizeof(line), "%.*s", at ? (int)strcspn(at + 1, "\n") : 0,
		       at ? at + 1 : "");
	tear_down(&stage);
	return line;
}

static void a_person_reads_where_the_endpoint_comes_from(void)
{
	struct own_endpoint_status status = { .why = "" };

	check_str(endpoint_line(&status),
		  "endpoint   none: no --local-endpoint-ip, no --internal-network, and the tower "
		  "names no STUN server");
	check(endpoint_parse("192.0.2.9:3478", &status.server, NULL) == 0);
	check_str(endpoint_line(&status), "endpoint   none: asking the STUN server");
	status.why = "STUN server 192.0.2.9:3478 does not answer: is its UDP port open?";
	check_str(endpoint_line(&status),
		  "endpoint   none: STUN server 192.0.2.9:3478 does not answer: is its UDP port "
		  "open?");
	status.why = "";
	check(endpoint_parse("203.0.113.5:1024", &status.choice.endpoint, NULL) == 0);
	status.choice.source = OWN_ENDPOINT_STUN;
	status.choice.nat = OWN_ENDPOINT_NAT_BEHIND;
	check_str(endpoint_line(&status),
		  "endpoint   203.0.113.5:1024, by STUN from 192.0.2.9:3478, behind NAT");
	status.choice.nat = OWN_ENDPOINT_NAT_NONE;
	check_str(endpoint_line(&status),
		  "endpoint   203.0.113.5:1024, by STUN from 192.0.2.9:3478, no NAT");
	status = (struct own_endpoint_status){ .choice = status.choice, .why = "" };
	status.choice.source = OWN_ENDPOINT_DECLARED;
	check_str(endpoint_line(&status), "endpoint   203.0.113.5:1024, declared");
}

static void why_finds_a_peer_by_any_name(void)
{
	static const char *const names[] = { NEAR, "AgAA", "near", "10.20.0.2" };
	struct stage stage;

	set_up(&stage);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		_cleanup_(doc_unref) json_t *answer = why_explain(&stage.input, names[i]);

		check_str(json_string_value(json_object_get(answer, "Peer")), NEAR);
	}
	tear_down(&stage);
}

static void why_says_when_a_name_is_no_good(void)
{
	static const char *const rows[][2] = {
		{ "nobody", "no peer" },
		{ "me", "this node itself" },
		{ "AA", "no peer" },
		{ "10.20.0.9", "no peer" },
	};
	struct stage stage;

	set_up(&stage);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_(doc_unref) json_t *answer = why_explain(&stage.input, rows[i][0]);
		const char *error = json_string_value(json_object_get(answer, "Error"));

		check(error && strstr(error, rows[i][1]));
	}
	tear_down(&stage);
}

static void why_gives_the_reasons(void)
{
	struct stage stage;

	set_up(&stage);
	check(says(&stage.input, "near", true, "handshake: 12 s ago"));
	check(says(&stage.input, "near", true, "declared 192.0.2.2:51820"));
	check(says(&stage.input, "near", true, "sends to 192.0.2.2:40000"));
	check(says(&stage.input, "far", false, "wg0 does not hold this peer"));
	check(says(&stage.input, "far", false, "declared none"));
	check(says(&stage.input, "far", true, "tower: https://192.0.2.9:8443 (connected)"));

	stage.input.controller.state = CONTROLLER_LOST;
	stage.input.controller.trouble = "no route";
	stage.input.reconcile.in_sync = false;
	stage.input.reconcile.trouble = "route refused";
	stage.near.handshake_s = 0;
	check(says(&stage.input, "near", false, "(lost): no route"));
	check(says(&stage.input, "near", false, "route refused"));
	check(says(&stage.input, "near", false, "handshake: none yet"));
	tear_down(&stage);
}

static void a_tower_answer_has_one_meaning(void)
{
	static const struct {
		struct http_answer answer;
		enum tower_meaning meaning;
		const char *says;
	} rows[] = {
		{ { .status = 201, .body = "{}" }, TOWER_AGREED, "" },
		{ { .status = 404,
		    .body = "{\"status\":404,\"code\":\"E404-zone\",\"detail\":\"no zone\","
			    "\"hint\":\"make it\"}" },
		  TOWER_REFUSED,
		  "E404-zone: no zone" },
		{ { .status = 503,
		    .body = "{\"status\":503,\"code\":\"E503-store\",\"detail\":\"gone\","
			    "\"hint\":\"wait\"}" },
		  TOWER_AWAY,
		  "E503-store: gone" },
		{ { .status = 401,
		    .body = "{\"status\":401,\"code\":\"E401-nonce\",\"detail\":\"old\","
			    "\"hint\":\"again\"}" },
		  TOWER_AWAY,
		  "E401-nonce" },
		{ { .status = 502, .body = "<html>" }, TOWER_AWAY, "is it a tower?" },
		{ { .outcome = HTTP_UNREACHABLE, .body = "", .why = "refused" },
		  TOWER_AWAY,
		  "https://t:1: refused" },
		{ { .outcome = HTTP_UNTRUSTED, .body = "", .found_pin = "sha256//found" },
		  TOWER_UNTRUSTED,
		  "sha256//found, but the pin of --controller-pin is sha256//wanted" },
	};
	static const struct tower_target target = { .url = { .base = "https://t:1" },
						    .pin = "sha256//wanted" };

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct http_answer from = rows[i].answer;
		struct tower_answer answer;

		from.body_len = strlen(from.body);
		tower_read_answer(&from, &target, &answer);
		check(answer.meaning == rows[i].meaning);
		check(strstr(answer.why, rows[i].says) != NULL);
		check(answer.meaning != TOWER_UNTRUSTED || str_eq(answer.refusal.code, "E-pin"));
	}
}

int main(void)
{
	run(report_has_its_shape);
	run(report_shows_the_last_refusal);
	run(a_person_reads_where_the_endpoint_comes_from);
	run(why_finds_a_peer_by_any_name);
	run(why_says_when_a_name_is_no_good);
	run(why_gives_the_reasons);
	run(a_tower_answer_has_one_meaning);
	return check_done();
}
