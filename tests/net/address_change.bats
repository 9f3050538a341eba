#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# A machine's address changes while it is in a zone: everybody follows.

load net

# follows NODE-THAT-SENDS NODE ENDPOINT: where its WireGuard sends what is for the node.
follows()
{
	[ "$(node_exec "$1" wg show wg0 endpoints | grep -F "$(agent_key "$2")" | cut -f 2)" = "$3" ]
}

# all_follow NODE IP: the zone and every peer, in two seconds.
all_follow()
{
	local endpoint=$2:51820 began

	began=$(now_ms)
	wait_until 2 follows b "$1" "$endpoint" || return
	wait_until 2 follows c "$1" "$endpoint" || return
	[ $(($(now_ms) - began)) -le 2000 ] || return
	echo "peers followed to $endpoint within $(($(now_ms) - began)) ms" >&3
	tower_get /peers | jq -e --arg node "$1" --arg endpoint "$endpoint" \
		'.[] | select(.Hostname == $node).EndpointIP == $endpoint'
}

start_nodes()
{
	lab_start tower a b c
	tower_start
	agent_start b default
	agent_start c default
}

@test "an address that changes is followed, and so is a default route that moves" {
	start_nodes
	node_exec a ip route add default via "$(node_ip tower)"
	agent_start a default --local-endpoint-ip= --internal-network
	ADDRESS=$(agent_address a)
	node_reaches b "$ADDRESS"
	all_follow a "$(node_ip a)"

	node_exec a bash -c "ip address del $(node_ip a)/24 dev eth0 &&
		ip address add 192.0.2.77/24 dev eth0 &&
		ip route add default via $(node_ip tower)"
	all_follow a 192.0.2.77
	node_reaches b "$ADDRESS" 2
	node_reaches c "$ADDRESS" 2
	# Its events come over the new address, long before the old stream's silence would tell.
	wait_until 5 agent_status_is a '.Tower.State == "connected"'
	tower_send PATCH "/peers/$(agent_key b)" '{"Hostname":"renamed"}'
	wait_until 2 agent_status_is a 'any(.Peers[]; .Hostname == "renamed")'

	# Another interface, with a better default route.
	node_add_link a eth1 192.0.2.78/24
	node_exec a ip route replace default via "$(node_ip tower)" dev eth1
	all_follow a 192.0.2.78
	node_reaches b "$ADDRESS" 2
	node_log a aircrew | grep -qF 'others reach this node at: 192.0.2.78:51820'
}

@test "an IPv6 address that changes is followed" {
	local node

	start_nodes
	node_exec a ip address flush dev eth0 scope global
	node_exec a ip -6 address add "$(node_ip6 a)/64" dev eth0
	node_exec a ip -6 route add default via "$(node_ip6 tower)"
	for node in b c; do
		node_reaches a "$(node_ip6 "$node")"
	done
	agent_start a default --local-endpoint-ip= --internal-network \
		--controller="https://[$(node_ip6 tower)]:8443"
	all_follow a "[$(node_ip6 a)]"
	ADDRESS=$(agent_address a)
	node_reaches b "$ADDRESS"
	node_exec a bash -c "ip -6 address add 2001:db8::77/64 dev eth0 &&
		ip -6 address del $(node_ip6 a)/64 dev eth0"
	all_follow a '[2001:db8::77]'
	node_reaches b "$ADDRESS" 2
}

# A further link of a node to the bridge.
node_add_link() # NODE NAME ADDRESS/BITS
{
	ip link add "port-$2" netns "${LAB_INIT[lan]}" type veth peer name "$2" netns "${LAB_INIT[$1]}"
	node_exec lan ip link set "port-$2" master br0 up
	node_exec "$1" bash -c "ip address add $3 dev $2 && ip link set $2 up"
}
