// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include "core.h"

static struct core core;

static void begin(void)
{
	struct request token = token_request("01", "blue");

	core_init(&core);
	check_str(make_zone(&core, "blue", "10.20.0.0/20"), "OK");
	check_str(make_zone(&core, "red", "10.20.0.0/20"), "OK");
	token.token.uses_max = 2;
	token.token.expires_ms = core.now_ms + 1000;
	check_str(core_say(&core, &token), "OK");
}

static const char *join_by(unsigned number, const char *zone, const char *id)
{
	struct request request = join_request(number, zone);

	with_token(&request, id);
	return core_say(&core, &request);
}

static const char *prove(unsigned number, const char *zone)
{
	struct request request = join_request(number, zone);

	request.wish.admission = ADMITTED_PROOF;
	return core_say(&core, &request);
}

static void admits_unknown_keys_so_many_times(void)
{
	begin();
	check_str(prove(1, "blue"), "E401-token");
	check_str(join_by(1, "blue", "99"), "E401-token");
	check_str(join_by(1, "red", "01"), "E403-zone");
	check_str(join_by(1, "blue", "01"), "OK");
	check_str(peer_now(&core, 1).token_id, "01");
	check_str(join_by(1, "blue", "01"), "SAME"); /* known: not used up */
	check_str(prove(1, "blue"), "SAME");
	check(state_token(core.state, "01")->uses == 1);
	check_str(join_by(2, "blue", "01"), "OK");
	check_str(join_by(3, "blue", "01"), "E401-token");
	check_str(join_by(2, "blue", "99"), "SAME");
	check(state_token(core.state, "01")->uses == 2);
	core_done(&core);
}

static void does_not_admit_when_expired(void)
{
	begin();
	core.now_ms += 999;
	check_str(join_by(1, "blue", "01"), "OK");
	core.now_ms += 1;
	check_str(join_by(2, "blue", "01"), "E401-token");
	check_str(join_by(1, "blue", "01"), "SAME");
	core_done(&core);
}

static void takes_a_token_to_move(void)
{
	begin();
	check_str(join(&core, 1, "red", NULL), "OK");
	check_str(prove(1, "blue"), "E401-token");
	check_str(join_by(1, "blue", "01"), "OK");
	check(state_token(core.state, "01")->uses == 1);
	check_str(join(&core, 1, "red", NULL), "OK");
	check_str(peer_now(&core, 1).token_id, "");
	core_done(&core);
}

static void hands_its_marks_to_the_peer(void)
{
	struct request token = token_request("02", "blue");

	begin();
	token.token.ephemeral_ttl_s = 300;
	token.token.address[0] = ip_of("10.20.7.7");
	check_str(core_say(&core, &token), "OK");
	check_str(join_by(1, "blue", "02"), "OK");
	check_str(peer_line(&core, 1), "blue 10.20.7.7");
	check(peer_now(&core, 1).ephemeral_ttl_s == 300 && peer_now(&core, 1).address_fixed);
	check_str(join_by(2, "blue", "02"), "E409-fixed"); /* the first one holds it */
	check(state_token(core.state, "02")->uses == 1);
	core_done(&core);
}

static struct request made_request(const char *id, const char *zone, const char *address,
				   const char *range)
{
	struct request request = token_request(id, zone);

	if (address) {
		struct ip ip = ip_of(address);

		request.token.address[ip.family == IP_V6] = ip;
	}
	if (range)
		check(vec_push(&request.token.ranges, prefix_of_text(range)) == 0);
	return request;
}

static void refuses_tokens_by_reason(void)
{
	static const struct {
		const char *id, *zone, *address, *range, *answer;
	} table[] = {
		{ "03", "none", NULL, NULL, "E404-zone" },
		{ "01", "blue", NULL, NULL, "E503-busy" },
		{ "03", "blue", "10.99.0.1", NULL, "E422-address" },
		{ "03", "blue", "fd00::1", NULL, "E422-address" },
		{ "03", "blue", "10.20.0.0", NULL, "E409-reserved" },
		{ "03", "blue", NULL, "224.0.0.0/4", "E422-prefix" },
		{ "03", "blue", "10.20.0.9", "172.16.0.0/12", "OK" },
		{ "04", "blue", NULL, NULL, "E409-limit" },
		{ "04", "red", NULL, NULL, "OK" },
	};

	begin();
	core.limits.tokens_per_zone = 2;
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		struct request request =
			made_request(table[i].id, table[i].zone, table[i].address, table[i].range);

		check_str(core_say(&core, &request), table[i].answer);
	}
	core_done(&core);
}

static void deletes_by_zone_and_id(void)
{
	struct request request = { .kind = REQUEST_TOKEN_DELETE,
				   .token_delete = { .zone = "red", .id = "01" } };

	begin();
	check_str(join_by(1, "blue", "01"), "OK");
	check_str(core_say(&core, &request), "E404-token");
	request.token_delete.zone[0] = 'x';
	check_str(core_say(&core, &request), "E404-zone");
	(void)snprintf(request.token_delete.zone, ZONE_NAME_BYTES, "blue");
	request.has_if_match = true;
	request.if_match = 3; /* it was used since */
	check_str(core_say(&core, &request), "E412-revision");
	request.if_match = 4;
	check_str(core_say(&core, &request), "OK");
	check(state_tokens_len(core.state, "blue") == 0);
	check_str(prove(1, "blue"), "SAME"); /* who was let in stays */
	core_done(&core);
}

int main(void)
{
	run(admits_unknown_keys_so_many_times);
	run(does_not_admit_when_expired);
	run(takes_a_token_to_move);
	run(hands_its_marks_to_the_peer);
	run(refuses_tokens_by_reason);
	run(deletes_by_zone_and_id);
	return check_done();
}
