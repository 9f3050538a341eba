#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# bats file_tags=kernel
# The first thing that anybody does: two nodes with inline keys in the zone that is always there.

load net

@test "two nodes with inline keys join the default zone and reach each other" {
	local a_private a_public b_private peers

	lab_start tower a b
	tower_start
	a_private=$(wg genkey)
	b_private=$(wg genkey)
	a_public=$(wg pubkey <<<"$a_private")
	agent_start a default --public-key="$a_public" --private-key="$a_private"
	agent_start b default --public-key="$(wg pubkey <<<"$b_private")" --private-key="$b_private"
	[ "$(agent_address a)" = 10.200.0.1 ]
	[ "$(agent_address b)" = 10.200.0.2 ]
	node_reaches a 10.200.0.2
	node_reaches b 10.200.0.1

	peers=$(tower_get /peers)
	[ "$(jq length <<<"$peers")" -eq 2 ]
	jq -e --arg key "$a_public" --arg endpoint "$(node_ip a):51820" '
		.[] | select(.PublicKey == $key) | .EndpointIP == $endpoint and
		.AllowedIPs == "10.200.0.1/32" and .Zone == "default" and
		.NodeAddress == "10.200.0.1" and .ChildPrefixes == [] and .Hostname == "a"' \
		<<<"$peers"
	[ "$(jq -c '.[0] | keys_unsorted[:4]' <<<"$peers")" = \
		'["PublicKey","EndpointIP","AllowedIPs","Zone"]' ]
	[ "$(tower_get /zones/default/peers)" = "$peers" ]

	jq -e 'length == 1 and (.[0] | .Name == "default" and .IpCidr == "10.200.1.0/20" and
		.CIDR == "10.200.0.0/20" and (.Description | type) == "string")' \
		< <(tower_get /zones)
	[ "$(tower_get /zones | jq -c '.[0] | keys_unsorted[:4]')" = \
		'["Name","Description","IpCidr","CIDR"]' ]

	[ "$(tower_get /ipam/leases/default | jq -c .)" = \
		'[{"Cidr":"10.200.0.0/20","IPs":{"10.200.0.0":true,"10.200.0.1":true,"10.200.0.2":true,"10.200.15.255":true}}]' ]
}

@test "the documented files hold the configuration and are for root alone" {
	lab_start tower a b
	tower_start
	agent_start a default
	agent_start b default
	wait_until 5 node_exec a grep -q "Endpoint.*$(node_ip b):51820" /etc/wireguard/wg0.conf
	node_exec a grep -q '10.200.0.2' /etc/wireguard/wg0-latest-rev.conf
	[ "$(node_exec a stat -c %a /etc/wireguard/wg0.conf /etc/wireguard/wg0-latest-rev.conf |
		sort -u)" = 600 ]
}
