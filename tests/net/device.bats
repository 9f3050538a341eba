#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# A device without an agent: plain WireGuard, with the configuration that the tower writes.

load net

DEVICE_SH=$BATS_TEST_DIRNAME/../../scripts/device.sh

# device_new NODE [JSON members]: its key pair on the node; the public key is registered.
device_new()
{
	# shellcheck disable=SC2016 # expanded inside
	DEVICE_KEY=$(node_exec "$1" bash -c 'umask 077 && cd /etc/wireguard && wg genkey >wg0.key &&
		wg pubkey <wg0.key')
	tower_send POST /zones/default/peers \
		"{\"PublicKey\":\"$DEVICE_KEY\",\"Agentless\":true,\"Hostname\":\"$1\"${2:+,$2}}"
}

# As the device does it, from cron: over TLS, by the pin, with the viewer token.
device_refresh() # NODE
{
	node_exec "$1" "$DEVICE_SH" wg0 "$(tower_url)/peers/$DEVICE_KEY/config" \
		-H "@$LAB_DIR/auth" --insecure --pinnedpubkey "$TOWER_PIN"
}

start_tower_with_tokens()
{
	(umask 077 && echo look >"$LAB_DIR/viewer" && echo rule >"$LAB_DIR/admin" &&
		echo 'Authorization: Bearer look' >"$LAB_DIR/auth")
	tower_start --viewer-token-file="$LAB_DIR/viewer"
}

etag()
{
	tower_curl --head "$TOWER_URL/peers/$DEVICE_KEY/config" | sed -n 's/^ETag: //Ip'
}

@test "a device without an agent pings the nodes, and learns of a newcomer" {
	local before port

	lab_start tower node1 node2 node3 phone
	start_tower_with_tokens
	agent_start node1 default
	agent_start node2 default --child-prefix=172.24.0.0/24
	node_exec node2 ip addr add 172.24.0.10/32 dev lo
	device_new phone
	before=$(etag)
	device_refresh phone
	node_reaches phone "$(agent_address node1)"
	node_reaches phone 172.24.0.10
	# It roamed in: they answer to where its handshake came from.
	node_reaches node2 10.200.0.3

	port=$(node_exec phone wg show wg0 listen-port)
	agent_start node3 default
	[ "$(etag)" != "$before" ]
	device_refresh phone
	node_reaches phone "$(agent_address node3)"
	node_reaches node3 10.200.0.3
	[ "$(node_exec phone wg show wg0 listen-port)" = "$port" ]
}

@test "a refresh without a change touches nothing" {
	local before

	lab_start tower node1 phone
	start_tower_with_tokens
	agent_start node1 default
	device_new phone
	device_refresh phone
	node_reaches phone "$(agent_address node1)"
	# Where the node was last heard, as roaming leaves it, is kept.
	node_exec phone wg set wg0 peer "$(agent_key node1)" endpoint 192.0.2.99:1
	before=$(etag)
	tower_send POST /zones '{"Name":"elsewhere","CIDR":"10.77.0.0/24"}'
	[ "$(etag)" = "$before" ]
	device_refresh phone
	[[ "$(node_exec phone wg show wg0 endpoints)" == *192.0.2.99:1 ]]
	# An interface that went is made again all the same.
	node_exec phone wg-quick down wg0
	device_refresh phone
	node_reaches phone "$(agent_address node1)"
}

@test "nothing starts with the placeholder for the private key" {
	lab_start tower phone
	tower_start
	device_new phone
	tower_get "/peers/$DEVICE_KEY/config" >"$LAB_DIR/wg0.conf"
	run node_exec phone wg-quick up "$LAB_DIR/wg0.conf"
	[ "$status" -ne 0 ]
	[[ "$output" == *THE-PRIVATE-KEY-OF-THIS-DEVICE* ]]
}
