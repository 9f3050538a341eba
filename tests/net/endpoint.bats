#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Under which address and port a node lets the others reach it.

load net

# endpoint_of NODE: as the zone tells it.
endpoint_of()
{
	tower_get /peers | jq -er --arg node "$1" '.[] | select(.Hostname == $node).EndpointIP'
}

@test "the port that others are told is the one that WireGuard listens on" {
	lab_start tower a b
	tower_start
	agent_start a default --listen-port=40001
	node_exec b ip route add default via "$(node_ip tower)"
	agent_start b default --local-endpoint-ip= --network-internal --listen-port=40002
	[ "$(endpoint_of a)" = "$(node_ip a):40001" ]
	[ "$(endpoint_of b)" = "$(node_ip b):40002" ]
	[ "$(node_exec a wg show wg0 listen-port)" = 40001 ]
	node_reaches a "$(agent_address b)"
	node_reaches b "$(agent_address a)"
}
