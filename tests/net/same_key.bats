#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# One key on two machines: the peering moves to the one that was started last.

load net

# The agents of a and of another machine have this key.
agent_with_key() # NODE [OPTION…]
{
	agent_spawn "$1" default --private-key-file="$LAB_DIR/shared.key" \
		--child-prefix=172.24.0.0/24 "${@:2}"
}

make_key()
{
	(umask 077 && wg genkey >"$LAB_DIR/shared.key")
	PUBLIC=$(wg pubkey <"$LAB_DIR/shared.key")
}

# node_sends_to NODE ENDPOINT: that is where its WireGuard sends what is for the shared key.
node_sends_to()
{
	[ "$(node_exec "$1" wg show wg0 endpoints | grep -F "$PUBLIC" | cut -f 2)" = "$2" ]
}

is_displaced()
{
	agent_status_is "$1" '.Tower.State == "displaced" and
		(.Tower.Trouble | contains("another machine joined with this node'"'"'s key"))'
}

wg_is_down() # NODE: kept, without its key
{
	[ -n "$(node_exec "$1" ip -o link show dev wg0)" ] &&
		[ -z "$(node_exec "$1" ip -o link show dev wg0 up)" ] &&
		[ "$(node_exec "$1" wg show wg0 private-key)" = "(none)" ]
}

peers_follow() # NODE: all within two seconds of one another
{
	wait_until 2 node_sends_to c "$(node_ip "$1"):51820" || return
	wait_until 2 node_sends_to d "$(node_ip "$1"):51820"
}

@test "address and prefix move to the second machine, and the first steps back" {
	local node began

	lab_start tower a b c d
	tower_start
	make_key
	for node in a b; do
		node_exec "$node" ip address add 172.24.0.10/32 dev lo
	done
	agent_with_key a
	wait_until 15 agent_is_in_sync a
	agent_start c default
	agent_start d default
	node_reaches c 172.24.0.10

	agent_with_key b
	wait_until 15 agent_is_in_sync b
	began=$(now_ms)
	peers_follow b
	echo "peers followed within $(($(now_ms) - began)) ms" >&3
	[ "$(agent_address b)" = 10.200.0.1 ]
	[ "$(tower_get "/peers/$(tr +/ -_ <<<"${PUBLIC%=}")" | jq -c '[.Generation,.ChildPrefixes]')" = \
		'[2,["172.24.0.0/24"]]' ]
	wait_until 2 is_displaced a
	wait_until 2 wg_is_down a
	node_log a aircrew | grep -F 'error' | grep -qF 'start aircrew again to take the key back'
	node_reaches c 172.24.0.10 2
	node_reaches d 10.200.0.1 2
	node_exec b wg show wg0 latest-handshakes | cut -f 2 | not grep -qx 0

	# A displaced machine that starts with the tower away does not come between.
	node_stop a aircrew
	node_stop tower controltower
	agent_with_key a
	wait_until 10 grep -qF 'waiting for the tower' "$LAB_DIR/a.aircrew.log"
	wg_is_down a
	node_reaches c 172.24.0.10

	# It was started again: with the tower back it takes the key back.
	tower_start
	wait_until 20 agent_is_in_sync a
	wait_until 20 is_displaced b
	peers_follow a
	node_reaches c 172.24.0.10 2
}

@test "a machine that comes back from an outage does not take the key back by itself" {
	lab_start tower a b c d
	tower_start
	make_key
	agent_with_key a
	wait_until 15 agent_is_in_sync a
	agent_start c default
	agent_start d default
	node_stop tower controltower
	wait_until 10 agent_status_is a '.Tower.State == "lost"'
	node_exec a ip route add blackhole "$(node_ip tower)/32"
	tower_start
	agent_with_key b
	wait_until 15 agent_is_in_sync b
	agent_status_is a '.Tower.State == "lost"'
	node_exec a ip route del blackhole "$(node_ip tower)/32"
	wait_until 20 is_displaced a
	wg_is_down a
	agent_is_in_sync b
	peers_follow b
	[ "$(tower_get /peers | jq --arg key "$PUBLIC" '.[] | select(.PublicKey == $key).Generation')" -eq 2 ]

	# Nor does it take the peer away from the other when it is told to leave.
	node_exec a pkill -KILL -x aircrew
	node_wait a aircrew || :
	run node_exec a "$BIN/aircrew" leave --controller="$(tower_url)" --controller-pin="$TOWER_PIN" \
		--private-key-file="$LAB_DIR/shared.key"
	echo "$output"
	[ "$status" -ne 0 ]
	[[ "$output" == *"another machine"* ]]
	agent_is_in_sync b
	[ "$(tower_get /peers | jq length)" -eq 3 ]
}

@test "two machines that take the key from each other are named a cloned key" {
	local node

	lab_start tower a b c d
	tower_start
	make_key
	agent_start c default
	agent_start d default
	agent_with_key a
	wait_until 15 agent_is_in_sync a
	agent_with_key b
	wait_until 15 agent_is_in_sync b
	for node in a b; do
		wait_until 5 is_displaced "$node"
		node_stop "$node" aircrew
		agent_with_key "$node"
		wait_until 15 agent_is_in_sync "$node"
	done
	# The third return is one too many.
	wait_until 5 is_displaced a
	node_stop a aircrew
	agent_with_key a
	agent_ends a 3 E409-cloned-key 'aircrew rotate-key' '--private-key-file'
	agent_with_key a --daemon
	wait_until 10 agent_status_is a '.Refusal.Code == "E409-cloned-key"'
	wg_is_down a

	# Who has the key keeps it.
	agent_is_in_sync b
	peers_follow b
	node_reaches c 10.200.0.3
	node_reaches b 10.200.0.1
	[ "$(tower_get /peers | jq length)" -eq 3 ]
}

@test "ten restarts of one agent are no clone" {
	lab_start tower a c
	tower_start
	make_key
	agent_start c default
	agent_with_key a
	wait_until 15 agent_is_in_sync a
	ping_start c 10.200.0.2 through
	for _ in {1..10}; do
		node_exec a pkill -KILL -x aircrew
		node_wait a aircrew || :
		agent_with_key a
		wait_until 15 agent_is_in_sync a
	done
	ping_stop c through
	[ "$(tower_get /peers | jq --arg key "$PUBLIC" '.[] | select(.PublicKey == $key).Generation')" -eq 1 ]
}
