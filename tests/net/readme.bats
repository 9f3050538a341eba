#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# The README's scenarios, with the commands that stand there.

load net
load readme

# scenario_1 WAY
scenario_1()
{
	local node vars

	lab_start tower a b
	readme_tower_start
	for node in a b; do
		node_exec "$node" ip route add default dev eth0
		mapfile -t vars < <(key_there "$node")
		joins "$node" "$1" "${vars[@]}"
	done
	[ "$(agent_address a)" = 10.200.0.1 ]
	[ "$(agent_address b)" = 10.200.0.2 ]
	[ "$(tower_get /peers | jq -r 'map(.EndpointIP) | sort | join(" ")')" = \
		"$(node_ip a):51820 $(node_ip b):51820" ]
	here b node-ping
}

@test "scenario 1: two nodes in the default zone, endpoints by STUN" {
	scenario_1 node-stun
}

@test "scenario 1: two nodes in the default zone, endpoints of the default route" {
	scenario_1 node-internal
}

@test "scenario 1: two nodes in the default zone, endpoints given by hand" {
	scenario_1 node-given
}

@test "scenario 2: two tenants, one by the signpost and one by a token" {
	local node

	lab_start tower a b c
	readme_tower_start
	here tower zones-create
	for node in a b c; do
		key_there "$node" >"$LAB_DIR/$node.vars"
		joins "$node" node-zone
	done
	[ "$(agent_address a)" = 10.140.0.1 ]
	node_reaches b 10.140.0.1
	node_reaches c 10.140.0.1
	here tower zone-token >"$LAB_DIR/answers"
	node_stop c aircrew
	jq -er 'select(.Token).Token' "$LAB_DIR/answers" |
		node_exec c bash -c 'umask 077 && cat >/etc/wireguard/join.token'
	joins c node-token
	[ "$(agent_address c)" = 100.64.0.1 ]
	node_misses c 10.140.0.1
	wait_until 5 node_has_peers a 1
	# The signpost password alone does not open the red zone any more.
	node_stop b aircrew
	node_spawn b aircrew "$BIN/aircrew" --private-key-file=/etc/wireguard/private.key \
		--controller="$(node_ip tower)" --controller-password="$PASSWORD" --zone=zone-red
	agent_ends b 3 zone-red
}

@test "scenario 3: child prefixes are reached from every node of the zone" {
	local node

	lab_start tower a b c
	readme_tower_start
	here tower prefix-zone
	for node in a b c; do
		key_there "$node" >"$LAB_DIR/$node.vars"
	done
	joins a prefix-node1
	joins b prefix-node2
	joins c prefix-node3
	[ "$(agent_address a)" = 192.168.200.100 ]
	[ "$(agent_address b)" = 192.168.200.200 ]
	here c prefix-ping
	node_reaches a 172.20.3.1
	node_reaches b 172.20.1.1
}

@test "how to see that it works, and how to remove it" {
	lab_start tower a b
	readme_tower_start
	for node in a b; do
		key_there "$node" >"$LAB_DIR/$node.vars"
		mapfile -t vars <"$LAB_DIR/$node.vars"
		joins "$node" node-stun "${vars[@]}"
	done
	here tower look-tower >"$LAB_DIR/look"
	grep -q '"ready":true' "$LAB_DIR/look"
	grep -q '"Name":"default"' "$LAB_DIR/look"
	grep -q '"10.200.0.2":true' "$LAB_DIR/look"
	stays tower events look-events
	wait_until 5 grep -q snapshot-end "$LAB_DIR/tower.events.log"
	here b look-node >"$LAB_DIR/look"
	grep -q "$(agent_key a)" "$LAB_DIR/look"
	here b down
	run ! node_exec b ip link show wg0
	[ "$(tower_get /peers | jq length)" -eq 2 ]
	here a leave
	run ! node_exec a ip link show wg0
	[ "$(tower_get /peers | jq length)" -eq 1 ]
	wait_until 5 grep -q 'event: peer-removed' "$LAB_DIR/tower.events.log"
	node_stop tower events || :
	here tower zones-create
	here tower remove-tower KEY="$(tower_get /peers | jq -r '.[0].PublicKey')"
	[ "$(tower_get /peers)" = "[]" ]
	[ "$(tower_get /zones | jq -r 'map(.Name) | join(" ")')" = "default zone-red" ]
}

@test "a device without an agent is registered and given its configuration" {
	local key

	lab_start tower a
	readme_tower_start
	key_there a >"$LAB_DIR/a.vars"
	mapfile -t vars <"$LAB_DIR/a.vars"
	joins a node-stun "${vars[@]}"
	key=$(wg genkey | wg pubkey)
	here tower device-register KEY="$key" >"$LAB_DIR/device"
	grep -q '^Address = 10.200.0.2/32' "$LAB_DIR/device"
	grep -q "^PublicKey = $(agent_key a)" "$LAB_DIR/device"
	wait_until 5 node_has_peers a 1
}

@test "from another machine: plain HTTP is closed, TLS takes a token" {
	lab_start tower a
	node_spawn tower controltower env PATH="$BIN:$PATH" bash -eu -c "$(readme_block tower-admin)"
	wait_until 15 tower_curl --fail http://127.0.0.1:8080/readyz
	tower_pin_read
	run ! node_exec a curl -sS --max-time 5 "http://$(node_ip tower):8080/zones"
	node_exec tower cat /etc/wireguard/admin.token |
		node_exec a bash -c 'umask 077 && cat >/etc/wireguard/admin.token'
	here a remote-curl | jq -e '.[0].Name == "default"'
	# Without the token it says what is missing.
	node_exec a curl -sk "https://$(node_ip tower):8443/zones" | grep -q 'Authorization: Bearer'
}

@test "the two commands of the first screen are those that CI and the demo run" {
	grep -qxF 'apt-get install -y make && make demo' <(readme_block two-commands | sed 's/ *#.*//')
	grep -qxF 'apt-get install -y make && make check' <(readme_block two-commands | sed 's/ *#.*//')
	grep -qF 'apt-get install -y make && make check' "${README%/*}/.ci/run"
	TMPDIR=$LAB_DIR "${README%/*}/scripts/demo.sh"
}

@test "every block of commands in the README is run by a test" {
	local name

	[ "$(readme_names | sort | uniq -d)" = "" ]
	for name in $(readme_names); do
		readme_block "$name" >"$LAB_DIR/block"
		grep -rqE "(here|stays|joins|joins_with_network|scenario_1|readme_block) .*\b$name\b" tests/net tests/containers ||
			{ echo "no test runs the block '$name'" && return 1; }
	done
	# A block of shell without a name would never be run.
	run ! grep -nE '^ *```(shell|sh|bash|console)? *$' <(awk '/^ *```/ { n++; if (n % 2) print }' README.md)
}
