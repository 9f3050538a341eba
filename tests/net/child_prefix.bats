#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# bats file_tags=kernel
# Networks behind a node, reached through it.

load net

@test "child prefixes on loopbacks are reached from a node without one" {
	lab_start tower node1 node2 node3
	tower_start
	agent_start node1 default --child-prefix=172.24.0.0/24
	agent_start node2 default --child-prefix=172.28.0.0/24
	agent_start node3 default
	node_exec node1 ip addr add 172.24.0.10/32 dev lo
	node_exec node2 ip addr add 172.28.0.10/32 dev lo
	node_reaches node3 172.24.0.10
	node_reaches node3 172.28.0.10
	node_reaches node1 172.28.0.10
	[ "$(tower_get /ipam/leases/default | jq -c 'map(.Cidr)')" = \
		'["10.200.0.0/20","172.24.0.0/24","172.28.0.0/24"]' ]
}

@test "a prefix that overlaps in its zone is refused, and its holder named" {
	local prefix

	lab_start tower node1 node2
	tower_start
	zone_create other 10.61.0.0/24
	agent_start node1 default --child-prefix=172.24.0.0/16
	for prefix in 172.24.0.0/16 172.24.7.0/24 172.0.0.0/8; do
		agent_spawn node2 default --child-prefix="$prefix"
		agent_ends node2 3 E409-prefix-overlap node1
	done
	agent_start node2 other --child-prefix=172.24.0.0/16
	agent_status_is node2 '.NodeAddress == "10.61.0.1"'
}

@test "a prefix survives ten rejoins" {
	lab_start tower node1 node2
	tower_start
	agent_start node1 default --child-prefix=172.24.0.0/24
	agent_start node2 default
	node_exec node1 ip addr add 172.24.0.10/32 dev lo
	for _ in {1..10}; do
		node_stop node1 aircrew
		agent_start node1 default --child-prefix=172.24.0.0/24
	done
	node_reaches node2 172.24.0.10
	[ "$(tower_get /peers | jq -c '[.[].ChildPrefixes[]]')" = '["172.24.0.0/24"]' ]
}

node_lacks_allowed_ip()
{
	! node_exec "$1" wg show wg0 allowed-ips | grep -qF "$2"
}

@test "a prefix is added and removed again while everything runs" {
	local key

	lab_start tower node1 node2
	tower_start
	agent_start node1 default
	agent_start node2 default
	node_exec node1 ip addr add 172.24.0.10/32 dev lo
	key=$(agent_key node1)
	tower_send PATCH "/peers/$key" '{"ChildPrefixes":["172.24.0.0/24"]}'
	node_reaches node2 172.24.0.10
	tower_send PATCH "/peers/$key" '{"ChildPrefixes":[]}'
	wait_until 5 not node_exec node2 ip route get 172.24.0.10
	wait_until 5 node_lacks_allowed_ip node2 172.24.0.0/24
	node_reaches node2 10.200.0.1
}
