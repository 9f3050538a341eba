#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# IPv6 inside the zone, outside, and beside IPv4.

load net

@test "a zone of IPv6 carries packets" {
	lab_start tower a b
	tower_start
	zone_create six fd00:61::/64
	agent_start a six
	agent_start b six
	[ "$(agent_address a)" = fd00:61::1 ]
	node_reaches a fd00:61::2
	node_reaches b fd00:61::1
	jq -e '.[0].Cidr == "fd00:61::/64" and
		(.[0].IPs | keys) == ["fd00:61::", "fd00:61::1", "fd00:61::2"]' \
		< <(tower_get /ipam/leases/six)
}

@test "a dual-stack zone gives every node an address of each family" {
	lab_start tower a b
	tower_start
	zone_create both 10.62.0.0/24,fd00:62::/64
	agent_start a both
	agent_start b both --request-ip=10.62.0.9,fd00:62::9
	[ "$(agent_address a)" = 10.62.0.1,fd00:62::1 ]
	node_reaches a 10.62.0.9
	node_reaches a fd00:62::9
	[ "$(tower_get /zones/both/peers | jq -r '.[] | select(.Hostname == "b").AllowedIPs')" = \
		10.62.0.9/32,fd00:62::9/128 ]
}

@test "tunnels and tower are reached over IPv6 with brackets around the address" {
	local node

	lab_start tower a b
	tower_start
	for node in a b; do
		agent_start "$node" default --local-endpoint-ip="$(node_ip6 "$node")" \
			--controller="https://[$(node_ip6 tower)]:8443"
	done
	node_reaches a 10.200.0.2
	[ "$(tower_get /peers | jq -r '.[] | select(.Hostname == "b").EndpointIP')" = \
		"[$(node_ip6 b)]:51820" ]
	node_exec a wg show wg0 endpoints | grep -qF "[$(node_ip6 b)]:51820"
}
