#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Under which address and port a node lets the others reach it.

load net

# endpoint_of NODE: as the zone tells it.
endpoint_of()
{
	tower_get /peers | jq -r --arg node "$1" '.[] | select(.Hostname == $node).EndpointIP'
}

node_is_told_at() # NODE ENDPOINT
{
	[ "$(endpoint_of "$1")" = "$2" ]
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

# nat_lab MASQUERADE-WORD…: the tower answers STUN, "a" is public, "n" behind the NAT of "router".
nat_lab()
{
	lab_start tower a
	router_new router n
	router_masquerade router "$@"
	tower_start --stun-listen='[::]:3478'
	agent_start a default --local-endpoint-ip=
	agent_start n default --local-endpoint-ip= --child-prefix=172.24.0.0/24
}

# What WireGuard on NODE holds of its only peer: its endpoint; how often it is sent keepalives.
peer_endpoint()
{
	node_exec "$1" wg show wg0 endpoints | cut -f 2
}

node_keeps_alive() # NODE SECONDS|off
{
	[ "$(node_exec "$1" wg show wg0 persistent-keepalive | cut -f 2)" = "$2" ]
}

# is_reached_again NODE OTHER: within thirty seconds, and says how long it took.
is_reached_again()
{
	local since

	since=$(now_ms)
	node_reaches "$1" "$(agent_address "$2")" 30 || return
	echo "$2 is reached again after $(($(now_ms) - since)) ms" >&3
}

@test "a node behind a NAT reaches a public one, and is reached through its mapping" {
	nat_lab to :40000-40999
	[ "$(endpoint_of a)" = "$(node_ip a):51820" ]
	[[ "$(endpoint_of n)" == "$(node_ip router)":40??? ]]
	agent_status_is n '.Endpoint.Source == "stun" and .Endpoint.Nat == "behind"'
	agent_status_is n ".Endpoint.Server == \"$(node_ip tower):3478\" and (.Endpoint.Public | not)"
	agent_status_is a '.Endpoint.Source == "stun" and .Endpoint.Nat == "none" and .Endpoint.Public'
	node_reaches n "$(agent_address a)"
	node_reaches a "$(agent_address n)"
	[[ "$(peer_endpoint a)" == "$(node_ip router)":40??? ]]
	[ "$(peer_endpoint n)" = "$(node_ip a):51820" ]
	wait_until 5 node_keeps_alive a off
	node_keeps_alive n 25
}

@test "a mapping that is lost is made anew within thirty seconds" {
	nat_lab to :40000-40999
	node_reaches a "$(agent_address n)"
	router_masquerade router to :50000-50999
	is_reached_again a n
	[[ "$(peer_endpoint a)" == "$(node_ip router)":50??? ]]
}

@test "a NAT that gives every destination a port of its own: both ways, also when it forgets" {
	local declared

	nat_lab fully-random
	node_reaches n "$(agent_address a)"
	node_reaches a "$(agent_address n)"
	declared=$(endpoint_of n)
	[[ "$declared" == "$(node_ip router)":* ]]
	[ "$(peer_endpoint a)" != "$declared" ]
	router_masquerade router fully-random
	is_reached_again a n
	node_keeps_alive n 25
}

@test "a restarted agent asks beside WireGuard, and tears nobody off a live mapping" {
	local declared

	nat_lab fully-random
	node_reaches n "$(agent_address a)"
	declared=$(endpoint_of n)
	ping_start a "$(agent_address n)" ping
	# The way to another server has another mapping: not the one that "a" is heard through.
	node_stop n aircrew
	node_stop tower controltower
	tower_start --stun-listen='[::]:3479'
	agent_start n default --local-endpoint-ip= --child-prefix=172.24.0.0/24
	wait_until 5 agent_status_is n '.Endpoint.Nat == "behind" and
		(.Endpoint.Server | endswith(":3479")) and .Endpoint.Trouble == ""'
	ping_stop a ping
	[ "$(endpoint_of n)" = "$declared" ]
}

@test "a STUN server that is silent holds up a first join for three seconds, and no later start" {
	local since

	lab_start tower a
	tower_start --stun-listen='[::]:3478'
	node_exec tower nft 'add table ip deaf; add chain ip deaf input { type filter hook input priority 0; }; add rule ip deaf input udp dport 3478 drop'
	agent_start a default --local-endpoint-ip=
	[ "$(endpoint_of a)" = "" ]
	agent_status_is a '.Endpoint.Source == "none" and (.Endpoint.Trouble | test("does not answer"))'
	node_stop a aircrew
	since=$(now_ms)
	agent_start a default --local-endpoint-ip=
	[ $(($(now_ms) - since)) -lt 2500 ]
	node_exec tower nft delete table ip deaf
	node_stop a aircrew
	agent_start a default --local-endpoint-ip=
	wait_until 5 agent_status_is a '.Endpoint.Source == "stun" and .Endpoint.Public'
	wait_until 5 node_is_told_at a "$(node_ip a):51820"
}

@test "a public node that moves to another address asks again" {
	lab_start tower a b
	tower_start --stun-listen='[::]:3478'
	agent_start a default --local-endpoint-ip=
	agent_start b default
	node_is_told_at a "$(node_ip a):51820"
	node_reaches b "$(agent_address a)"
	node_exec a ip address del "$(node_ip a)/24" dev eth0
	node_exec a ip address add 192.0.2.77/24 dev eth0
	wait_until 5 node_is_told_at a 192.0.2.77:51820
	agent_status_is a '.Endpoint.Source == "stun" and .Endpoint.Public'
	node_reaches b "$(agent_address a)" 5
}

@test "without the right to open raw sockets the agent says what it lacks" {
	nat_lab to :40000-40999
	node_reaches n "$(agent_address a)"
	node_stop n aircrew
	node_spawn n aircrew setpriv --bounding-set=-net_raw --inh-caps=-net_raw \
		"$BIN/aircrew" --controller="$(tower_url)" --controller-pin="$TOWER_PIN" \
		--child-prefix=172.24.0.0/24 --hostname=n
	wait_until 15 agent_status_is n '.InSync and (.Endpoint.Trouble | test("CAP_NET_RAW"))'
	[[ "$(endpoint_of n)" == "$(node_ip router)":40??? ]]
	node_reaches a "$(agent_address n)"
	[ "$(node_log n aircrew | grep -c CAP_NET_RAW)" -eq 1 ]
}
