#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# bats file_tags=kernel
# Zones of one's own, made by the commands that the README shows.

load net

# The README's two commands, as they stand there; run on the tower's machine.
README_ZONES=$(
	cat <<'README'
curl -L -X POST 'http://localhost:8080/zone' \
-H 'Content-Type: application/json' \
--data-raw '{
    "Name": "zone-blue",
    "Description": "Tenant - Zone Blue",
    "CIDR": "10.140.0.0/20"
}'
curl -L -X POST 'http://localhost:8080/zone' \
-H 'Content-Type: application/json' \
--data-raw '{
    "Name": "zone-red",
    "Description": "Tenant - Zone Red",
    "CIDR": "172.20.0.0/20"
}'
README
)

@test "nodes join the zones of the README by name, and its lease list comes out" {
	lab_start tower blue1 blue2 red1
	tower_start
	node_exec tower bash -ec "$README_ZONES"
	[ "$(node_exec tower curl -sL -X GET 'http://localhost:8080/zones' |
		jq -c 'map([.Name, .Description, .CIDR])')" = \
		'[["default","","10.200.0.0/20"],["zone-blue","Tenant - Zone Blue","10.140.0.0/20"],["zone-red","Tenant - Zone Red","172.20.0.0/20"]]' ]

	agent_start blue1 zone-blue
	agent_start blue2 zone-blue
	agent_start red1 zone-red
	node_reaches blue1 10.140.0.2
	node_reaches blue2 10.140.0.1
	[ "$(agent_address red1)" = 172.20.0.1 ]
	node_misses red1 10.140.0.1
	node_has_peers blue1 1
	node_has_peers red1 0

	[ "$(node_exec tower curl -s http://localhost:8080/ipam/leases/zone-blue | jq --indent 4 .)" = "$(
		cat <<'README'
[
    {
        "Cidr": "10.140.0.0/20",
        "IPs": {
            "10.140.0.0": true,
            "10.140.0.1": true,
            "10.140.0.2": true,
            "10.140.15.255": true
        }
    }
]
README
	)" ]
}

@test "a node that joins another zone has left the first" {
	lab_start tower a b
	tower_start
	zone_create one 10.61.0.0/24
	zone_create two 10.62.0.0/24
	agent_start a one
	agent_start b one
	node_has_peers b 1
	node_stop a aircrew
	agent_start a two
	[ "$(agent_address a)" = 10.62.0.1 ]
	wait_until 5 node_has_peers b 0
	[ "$(tower_get /zones/one/peers | jq length)" -eq 1 ]
	[ -z "$(node_exec a ip -o address show dev wg0 to 10.61.0.0/24)" ]
}
