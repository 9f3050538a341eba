#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# A node gets a new key while everything runs.

load net

rotate() # NODE
{
	node_exec "$1" "$BIN/aircrew" rotate-key
}

peer_of_host() # NODE FILTER
{
	tower_get /peers | jq -cr --arg node "$1" ".[] | select(.Hostname == \$node) | $2"
}

# The files of the node's key, and what they hold.
key_files()
{
	node_exec "$1" bash -c 'ls /var/lib/aircrew | grep private.key | tr "\n" " "'
}

public_of_file()
{
	node_exec "$1" cat /var/lib/aircrew/private.key | wg pubkey
}

knows() # NODE KEY
{
	node_exec "$1" wg show wg0 peers | grep -qxF "$2"
}

@test "rotate-key during a transfer: the transfer goes on, and all is the new key's" {
	local old new began

	lab_start tower a b
	tower_start
	agent_start a default --child-prefix=172.24.0.0/24
	agent_start b default
	node_exec a ip address add 172.24.0.10/32 dev lo
	node_reaches b 10.200.0.1
	old=$(agent_key a)
	# One connection that says how many lines it got; a line a pause.
	node_spawn a sink socat -u TCP-LISTEN:7000,bind=172.24.0.10 "OPEN:$LAB_DIR/sunk,creat,append"
	wait_until 5 node_exec a ss -Hltn 'sport = :7000'
	# shellcheck disable=SC2016 # expanded inside
	node_spawn b source bash -c 'for ((i = 1; i <= 4000; i++)); do
			echo "$i"; read -rt 0.001 <> <(:) || :
		done | socat -u - TCP:172.24.0.10:7000'
	wait_until 10 test -s "$LAB_DIR/sunk"
	ping_start b 10.200.0.1 through

	rotate a
	began=$(now_ms)
	new=$(agent_key a)
	[ "$new" != "$old" ]
	wait_until 2 knows b "$new"
	wait_until 2 not knows b "$old"
	node_reaches b 10.200.0.1 2
	node_reaches a 10.200.0.2 2
	echo "reached again within $(($(now_ms) - began)) ms" >&3
	wait_until 30 node_has_ended b source
	node_wait b source
	wait_until 5 node_has_ended a sink
	[ "$(tail -n 1 "$LAB_DIR/sunk")" = 4000 ]
	[ "$(wc -l <"$LAB_DIR/sunk")" -eq 4000 ]
	node_stop b through INT || :
	node_log b through | tail -n 2 >&3

	[ "$(peer_of_host a '[.PublicKey,.NodeAddress,.Generation] + .ChildPrefixes')" = \
		"[\"$new\",\"10.200.0.1\",1,\"172.24.0.0/24\"]" ]
	[ "$(tower_get /peers | jq length)" -eq 2 ]
	[ "$(public_of_file a)" = "$new" ]
	[ "$(key_files a)" = "private.key " ]
	wait_until 5 node_exec a grep -qF "$(node_exec a cat /var/lib/aircrew/private.key)" \
		/etc/wireguard/wg0.conf
	wait_until 15 agent_is_in_sync a

	# The old key is nobody's, and a restart is that of the new one.
	tower_curl "$TOWER_URL/peers/$(tr +/ -_ <<<"${old%=}")" | grep -qF E404-peer
	node_stop a aircrew
	agent_start a default --child-prefix=172.24.0.0/24
	[ "$(agent_key a)" = "$new" ]
	node_reaches b 172.24.0.10
}

@test "rotate-key says why it cannot" {
	lab_start tower a b
	tower_start
	run rotate a
	[ "$status" -eq 6 ]
	agent_start a default --private-key="$(wg genkey)"
	run rotate a
	[ "$status" -eq 1 ]
	[[ "$output" == *"--private-key-file"* ]]
	agent_start b default
	node_stop b aircrew
	agent_start b default --public-key="$(public_of_file b)"
	run rotate b
	[ "$status" -eq 1 ]
	[[ "$output" == *"--public-key"* ]]
	node_stop b aircrew
	agent_start b default --private-key-file=/etc/wireguard/private.key
	node_exec b mount -o bind,ro /etc/wireguard /etc/wireguard
	run rotate b
	[ "$status" -eq 1 ]
	[[ "$output" == *"/etc/wireguard/private.key"*"Read-only"* ]]
	agent_is_in_sync b
	[ "$(tower_get /peers | jq length)" -eq 3 ]
}

# The node and the tower agree on one key, whatever was cut off.
is_consistent()
{
	agent_is_in_sync a && [ "$(key_files a)" = "private.key " ] &&
		[ "$(agent_key a)" = "$(public_of_file a)" ] &&
		[ "$(peer_of_host a '[.PublicKey,.NodeAddress]')" = "[\"$(agent_key a)\",\"10.200.0.1\"]" ] &&
		[ "$(tower_get /peers | jq length)" -eq 2 ]
}

@test "a rotation that is cut off anywhere ends with one key" {
	local round old

	lab_start tower a b
	tower_start
	agent_start a default
	agent_start b default
	for round in {1..8}; do
		old=$(agent_key a)
		node_spawn a rotation "$BIN/aircrew" rotate-key
		# The agent, or the tower, at some moment of it.
		pause_ms $((round * 5))
		if [ $((round % 2)) -eq 0 ]; then
			node_exec tower pkill -KILL -x controltower
			node_wait tower controltower || :
			tower_start
			wait_until 30 node_has_ended a rotation
		else
			node_exec a pkill -KILL -x aircrew
			node_wait a aircrew || :
			agent_spawn a default
		fi
		wait_until 30 is_consistent
		node_reaches b 10.200.0.1
		[ "$(agent_key a)" = "$old" ] && echo "round $round: the old key" >&3
		[ "$(agent_key a)" = "$old" ] || echo "round $round: the new key" >&3
	done
}

@test "what was begun with no tower is brought to its end when one is there" {
	local old

	lab_start tower a b
	tower_start
	agent_start a default
	agent_start b default
	old=$(agent_key a)
	node_stop tower controltower
	run rotate a
	[ "$status" -eq 1 ]
	[[ "$output" == *"as soon as a tower answers"* ]]
	[ "$(key_files a)" = "private.key private.key.new " ]
	node_reaches b 10.200.0.1
	node_stop a aircrew
	agent_spawn a default
	tower_start
	wait_until 30 is_consistent
	[ "$(agent_key a)" != "$old" ]
	node_reaches b 10.200.0.1
}

pause_ms()
{
	local until=$(($(now_ms) + $1))

	while [ "$(now_ms)" -lt "$until" ]; do :; done
}
