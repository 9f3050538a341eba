#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# bats file_tags=kernel
# What somebody breaks by hand is put back; what the agent made goes away when it is told to.

load net

# What a person sees of a node's network.
network_of()
{
	node_exec "$1" bash -c 'ip -o link; ip -o address; ip route show table all; ip rule; ip -6 rule'
}

@test "a deleted interface, route or peer is back within five seconds" {
	lab_start tower a b
	tower_start
	agent_start a default
	agent_start b default --child-prefix=172.24.0.0/24
	node_exec b ip addr add 172.24.0.10/32 dev lo
	node_reaches a 172.24.0.10

	node_exec a ip route del 172.24.0.0/24
	node_reaches a 172.24.0.10 5

	node_exec a wg set wg0 peer "$(agent_key b)" remove
	node_reaches a 10.200.0.2 5

	node_exec a ip address del 10.200.0.1/32 dev wg0
	node_reaches b 10.200.0.1 5

	node_exec a ip link del wg0
	node_reaches a 10.200.0.2 5
	node_reaches a 172.24.0.10 5
}

@test "down leaves nothing behind" {
	local before

	lab_start tower a b
	tower_start
	before=$(network_of a)
	agent_start b default --child-prefix=172.24.0.0/24
	agent_start a default
	node_reaches a 10.200.0.2
	node_exec a "$BIN/aircrew" down
	wait_until 5 node_has_ended a aircrew
	diff <(echo "$before") <(network_of a)
	run node_exec a pgrep -x wireguard-go
	[ "$status" -ne 0 ]
}

@test "down works when no agent runs" {
	local before

	lab_start tower a
	tower_start
	before=$(network_of a)
	agent_start a default
	node_exec a pkill -KILL -x aircrew
	node_wait a aircrew || :
	node_exec a "$BIN/aircrew" down
	diff <(echo "$before") <(network_of a)
}

@test "leave takes the peer out of the zone too" {
	lab_start tower a b
	tower_start
	agent_start a default
	agent_start b default
	node_exec a "$BIN/aircrew" leave
	wait_until 5 node_has_ended a aircrew
	wait_until 5 node_has_peers b 0
	[ "$(tower_get /peers | jq length)" -eq 1 ]
}
