#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# The documentation's whole way: agents that are given the Redis and its password, and nothing else,
# with the tower's own Redis and signpost.

load net

# A tower that lets its Redis be read; PASSWORD is the signpost's.
tower_with_signpost()
{
	tower_start --signpost-listen=0.0.0.0:6379
	wait_until 10 tower_has_signpost
	PASSWORD=$(node_exec tower cat /var/lib/controltower/signpost.password)
}

tower_has_signpost()
{
	tower_get /readyz | jq -e '.signpost == "written"'
}

# aircrew_spawn NODE [OPTION…]
aircrew_spawn()
{
	node_spawn "$1" aircrew "$BIN/aircrew" --controller="$(node_ip tower)" \
		--controller-password="$PASSWORD" --local-endpoint-ip="$(node_ip "$1")" "${@:2}"
}

@test "two nodes with the Redis and its password alone find the tower, join and talk" {
	local key

	lab_start tower a b
	tower_with_signpost
	zone_create zone-blue 10.140.0.0/20
	key=$(wg genkey)
	aircrew_spawn a --public-key="$(wg pubkey <<<"$key")" --private-key="$key" --zone=zone-blue
	key=$(wg genkey)
	aircrew_spawn b --public-key="$(wg pubkey <<<"$key")" --private-key="$key" --zone=zone-blue
	wait_until 15 agent_is_in_sync a
	wait_until 15 agent_is_in_sync b
	node_reaches a "$(agent_address b)"
	agent_status_is a ".Tower.Url == \"$(tower_url)\" and
		.Tower.Signpost == \"redis://$(node_ip tower):6379\" and
		.Tower.Trust == \"the pin that the signpost tells\""
}

@test "a zone that the signpost is not to open stays closed" {
	lab_start tower a
	tower_with_signpost
	zone_create closed 10.141.0.0/24 '"SignpostJoin":false'
	aircrew_spawn a --zone=closed
	agent_ends a 3 closed E403
	aircrew_spawn a --zone=closed --join-token-file="$(zone_token_file closed)"
	wait_until 15 agent_is_in_sync a
}

@test "a kept join secret that is over is asked for anew" {
	lab_start tower a
	tower_with_signpost
	zone_create other 10.142.0.0/24
	aircrew_spawn a
	wait_until 15 agent_is_in_sync a
	node_stop a aircrew
	node_exec a sed -i 's/"aps\.[^"]*"/"aps.1.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"/' \
		/var/lib/aircrew/signpost.json
	# The zone is another one: here the proof alone is not enough.
	aircrew_spawn a --zone=other
	wait_until 15 agent_is_in_sync a
	node_log a aircrew | grep -F E401-token
	run ! grep -rqF aps.1.AAAA <(node_exec a cat /var/lib/aircrew/signpost.json)
}

@test "leaving without a running agent finds the tower by the signpost" {
	lab_start tower a
	tower_with_signpost
	aircrew_spawn a
	wait_until 15 agent_is_in_sync a
	node_stop a aircrew
	node_exec a rm /var/lib/aircrew/signpost.json
	node_exec a "$BIN/aircrew" leave --controller="$(node_ip tower)" \
		--controller-password="$PASSWORD"
	[ "$(tower_get /peers)" = "[]" ]
	# And says so when there is none, instead of waiting for ever.
	aircrew_spawn a
	wait_until 15 agent_is_in_sync a
	node_stop a aircrew
	node_exec a rm /var/lib/aircrew/signpost.json
	node_stop tower controltower
	run ! timeout 30 nsenter -t "${LAB_INIT[a]}" -m -n -p -- "$BIN/aircrew" leave \
		--controller="$(node_ip tower)" --controller-password="$PASSWORD"
	[ "$status" -eq 4 ]
	[[ "$output" == *"still in the zone: redis://"* ]]
}
