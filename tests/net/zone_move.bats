#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# A node goes from one zone to another, whatever ends in that moment.

load net

OLD=10.61.0
NEW=10.62.0

start_two_zones()
{
	lab_start tower a b c
	tower_start
	# Addresses do not rest: leases say at once what is held.
	zone_create one "$OLD.0/24" '"Quarantine":0'
	zone_create two "$NEW.0/24" '"Quarantine":0'
	agent_start b one
	agent_start c two
}

move_to() # ZONE: the agent of a is started for it
{
	agent_spawn a "$1" --child-prefix=172.24.0.0/24
}

# Everything that a keeps of its zone, in the kernel and on disk.
traces_of_a()
{
	node_exec a bash -c 'ip address show dev wg0; ip route; wg show wg0 allowed-ips
		cat /etc/wireguard/*.conf /var/lib/aircrew/cache.json'
}

# has_moved FROM-NET FROM-PEER FROM-ZONE TO-NET TO-PEER TO-ZONE: here, there and on a itself.
has_moved()
{
	agent_is_in_sync a || return
	[ "$(agent_address a)" = "$4.2" ] || return
	[ "$(tower_get "/zones/$3/peers" | jq length)" -eq 1 ] || return
	[ "$(tower_get "/ipam/leases/$3" | jq -c 'map(.Cidr)')" = "[\"$1.0/24\"]" ] || return
	tower_get "/ipam/leases/$3" | jq -e --arg ip "$1.2" '.[0].IPs[$ip] | not' || return
	[ "$(tower_get "/zones/$6/peers" | jq length)" -eq 2 ] || return
	node_has_peers "$2" 0 || return
	not node_exec "$2" ip route get 172.24.0.10 || return
	not grep -qF "$1." <<<"$(traces_of_a)" || return
	grep -qF "$4.1/32" <<<"$(traces_of_a)"
}

there() # the move from one to two
{
	has_moved "$OLD" b one "$NEW" c two
}

back()
{
	has_moved "$NEW" c two "$OLD" b one
}

@test "a move is one change, and leaves nothing behind on the node or in the zone" {
	local before

	start_two_zones
	move_to one
	wait_until 15 agent_is_in_sync a
	node_reaches b "$OLD.2"
	zone_token_file two >/dev/null
	before=$(node_exec tower redis-cli -s /var/lib/controltower/redis.sock XLEN apex:log)
	node_stop a aircrew
	move_to two
	wait_until 15 there
	[ "$(node_exec tower redis-cli -s /var/lib/controltower/redis.sock XLEN apex:log)" -eq \
		$((before + 1)) ]
	node_reaches c "$NEW.2"
	node_misses b "$OLD.2"
}

pause_ms()
{
	local until=$(($(now_ms) + $1))

	while [ "$(now_ms)" -lt "$until" ]; do :; done
}

@test "a move during which tower or agent is killed ends in one zone" {
	local round zone check

	start_two_zones
	zone_token_file one >/dev/null
	zone_token_file two >/dev/null
	move_to one
	wait_until 15 agent_is_in_sync a
	for round in {1..6}; do
		zone=two check=there
		[ $((round % 2)) -eq 1 ] || { zone=one check=back; }
		node_stop a aircrew
		move_to "$zone"
		pause_ms $((RANDOM % 120))
		if [ $((round % 3)) -eq 0 ]; then
			node_exec a pkill -KILL -x aircrew || :
			node_wait a aircrew || :
			move_to "$zone"
		else
			node_exec tower pkill -KILL -x controltower
			node_wait tower controltower || :
			tower_start
		fi
		wait_until 30 "$check"
	done
}
