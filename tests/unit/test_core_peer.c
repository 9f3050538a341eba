// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include "core.h"

static struct core core;

static void begin(void)
{
	struct request token = token_request("01", "blue");

	core_init(&core);
	check_str(make_zone(&core, "blue", "10.20.0.0/20"), "OK");
	token.token.ephemeral_ttl_s = 600;
	check_str(core_say(&core, &token), "OK");
}

static void patches_what_was_given(void)
{
	struct request request = patch_request(1);

	begin();
	check_str(core_say(&core, &request), "E404-peer");
	check_str(join(&core, 1, "blue", NULL), "OK");
	check_str(core_say(&core, &request), "SAME");
	request.wish.has_endpoint = true;
	request.wish.endpoint = (struct endpoint){ ip_of("192.0.2.1"), 51820 };
	with_hostname(&request, "node1");
	check_str(core_say(&core, &request), "OK");
	check_str(core_say(&core, &request), "SAME");
	check(peer_now(&core, 1).endpoint.port == 51820);
	check_str(peer_now(&core, 1).hostname, "node1");
	request.has_if_match = true;
	request.if_match = 3;
	check_str(core_say(&core, &request), "E412-revision");
	request.if_match = peer_now(&core, 1).revision;
	request.wish.endpoint = (struct endpoint){ 0 };
	check_str(core_say(&core, &request), "OK");
	check(peer_now(&core, 1).endpoint.ip.family == IP_NONE);
	check(peer_now(&core, 1).generation == 1);
	core_done(&core);
}

static void deletes_by_revision(void)
{
	struct request request = { .kind = REQUEST_PEER_DELETE,
				   .has_if_match = true,
				   .if_match = 2,
				   .peer_delete.key = key_of(1) };

	begin();
	check_str(remove_peer(&core, 1), "E404-peer");
	check_str(join(&core, 1, "blue", NULL), "OK");
	check_str(core_say(&core, &request), "E412-revision");
	request.if_match = 3;
	check_str(core_say(&core, &request), "OK");
	check(core.change->ops.len == 2 && core.change->ops.at[0].kind == OP_REMOVE_PEER);
	check_str(core.change->ops.at[0].peer.zone, "blue"); /* watchers of the zone are told */
	check_str(peer_line(&core, 1), "gone");
	core_done(&core);
}

static struct request node_request(unsigned number, const char *hostname, const char *uid)
{
	struct request request = join_request(number, "blue");

	with_token(&request, "01");
	with_hostname(&request, hostname);
	with_uid(&request, uid);
	return request;
}

static void replaces_a_node_that_was_made_anew(void)
{
	struct request request;

	begin();
	request = node_request(1, "worker", "u1");
	with_prefixes(&request, "172.24.0.0/24");
	check_str(core_say(&core, &request), "OK");
	touch(&core, 1);
	request = node_request(2, "worker", "u2");
	with_prefixes(&request, "172.24.0.0/24");
	check_str(core_say(&core, &request), "OK");
	check_str(peer_line(&core, 1), "gone");
	check_str(peer_line(&core, 2), "blue 10.20.0.1 172.24.0.0/24");
	check(core.change->ops.at[0].kind == OP_REMOVE_PEER);
	check(state_resting_len(core.state, "blue") == 0);
	core_done(&core);
}

static void rests_what_the_new_node_does_not_take(void)
{
	struct ip left = ip_of("10.20.0.1");
	struct request request;

	begin();
	request = node_request(1, "worker", "u1");
	check_str(core_say(&core, &request), "OK");
	request = node_request(2, "worker", "u2");
	with_address(&request, "10.20.0.9");
	check_str(core_say(&core, &request), "OK");
	check_str(peer_line(&core, 2), "blue 10.20.0.9");
	check(state_resting(core.state, "blue", &left) != NULL);
	core_done(&core);
}

static void replaces_no_other_node(void)
{
	struct request request;

	begin();
	request = node_request(1, "worker", "u1");
	check_str(core_say(&core, &request), "OK");
	request = node_request(2, "other", "u2"); /* another name */
	check_str(core_say(&core, &request), "OK");
	request = node_request(3, "worker", "u1"); /* the same node with another key */
	check_str(core_say(&core, &request), "OK");
	request = node_request(4, "worker", ""); /* no uid: a plain host of that name */
	check_str(core_say(&core, &request), "OK");
	request = node_request(5, "worker", "u5"); /* not by that token */
	request.wish.admission = ADMITTED_ADMIN;
	check_str(core_say(&core, &request), "OK");
	check(state_peers_len(core.state, "blue") == 5);
	core_done(&core);
}

static struct request rotate_request(unsigned from, unsigned to)
{
	return (struct request){ .kind = REQUEST_PEER_ROTATE,
				 .peer_rotate = { .from = key_of(from), .to = key_of(to) } };
}

static void all_goes_to_the_new_key_in_one_change(void)
{
	struct request request = join_request(1, "blue");
	struct peer peer;

	core_init(&core);
	check_str(make_zone(&core, "blue", "10.20.0.0/29"), "OK");
	with_instance(&request, "aa");
	with_hostname(&request, "node1");
	with_prefixes(&request, "172.24.0.0/24");
	check_str(core_say(&core, &request), "OK");
	request = join_request(1, "blue");
	with_instance(&request, "bb");
	check_str(core_say(&core, &request), "OK");
	request = rotate_request(1, 9);
	(void)snprintf(request.peer_rotate.instance, PEER_INSTANCE_BYTES, "bb");
	check_str(core_say(&core, &request), "OK");
	check(core.change->ops.len == 2 && core.change->ops.at[0].kind == OP_REMOVE_PEER &&
	      core.change->ops.at[1].kind == OP_PUT_PEER);
	check(!state_peer(core.state, &core.change->ops.at[0].peer.key));
	check_str(peer_line(&core, 9), "blue 10.20.0.1 172.24.0.0/24");
	peer = peer_now(&core, 9);
	check_str(peer.hostname, "node1");
	check(peer.generation == 1 && !peer.displaced[0] && peer.returned_ms[2] == 0);
	check_str(peer.instance, "bb");
	check(state_resting_len(core.state, "blue") == 0);
	core_done(&core);
}

static void rotates_for_who_holds_the_peer_to_a_free_key(void)
{
	struct request request = join_request(1, "blue");

	core_init(&core);
	check_str(make_zone(&core, "blue", "10.20.0.0/29"), "OK");
	with_instance(&request, "aa");
	check_str(core_say(&core, &request), "OK");
	check_str(join(&core, 2, "blue", NULL), "OK");
	request = rotate_request(3, 9);
	check_str(core_say(&core, &request), "E404-peer");
	request = rotate_request(1, 2);
	check_str(core_say(&core, &request), "E409-key-in-use");
	request = rotate_request(1, 1);
	check_str(core_say(&core, &request), "E409-key-in-use");
	request = rotate_request(1, 9);
	request.peer_rotate.to = (struct key){ 0 };
	check_str(core_say(&core, &request), "E400-key");
	request = join_request(1, "blue");
	with_instance(&request, "bb");
	check_str(core_say(&core, &request), "OK");
	request = rotate_request(1, 9);
	request.peer_rotate.generation = 1;
	(void)snprintf(request.peer_rotate.instance, PEER_INSTANCE_BYTES, "aa");
	check_str(core_say(&core, &request), "E409-displaced");
	core_done(&core);
}

int main(void)
{
	run(all_goes_to_the_new_key_in_one_change);
	run(rotates_for_who_holds_the_peer_to_a_free_key);
	run(patches_what_was_given);
	run(deletes_by_revision);
	run(replaces_a_node_that_was_made_anew);
	run(rests_what_the_new_node_does_not_take);
	run(replaces_no_other_node);
	return check_done();
}
