#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# bats file_tags=kernel
# A thousand peers on kernel WireGuard, with every message that the agent sends to it traced.

load ../net/net

PEERS=1000

# The agent is traced from its first call on: what it sends, in hexadecimal.
traced_agent_start()
{
	mkdir "$LAB_DIR/traced"
	cat >"$LAB_DIR/traced/aircrew" <<-EOT
		#!/bin/bash
		[ "\$1" != status ] || exec $BIN/aircrew "\$@"
		exec strace -D -qq -xx -s 1000000 -e trace=sendto,sendmsg -o $LAB_DIR/trace \
			$BIN/aircrew "\$@"
	EOT
	chmod +x "$LAB_DIR/traced/aircrew"
	BIN=$LAB_DIR/traced agent_start "$@"
}

# The keys of all peers, as strace writes them, a line each.
traced_keys()
{
	tower_get "/zones/default/peers" | jq -r '.[].PublicKey' | key_bytes
}

key_bytes()
{
	base64 -d | xxd -p -c 32 | sed 's/../\\x&/g'
}

# The key of a peer, each time that it was sent, from a line of the trace on.
sent_keys() # LINE
{
	tail -n "+$1" "$LAB_DIR/trace" | grep -oFf "$LAB_DIR/keys" || :
}

@test "a thousand peers are set in a few messages, and a change of one sends nothing of others" {
	local key messages before

	lab_start tower a
	tower_start
	join_requests default "$PEERS" >"$LAB_DIR/joins"
	node_exec tower curl --silent --no-progress-meter --parallel --config "$LAB_DIR/joins" \
		>"$LAB_DIR/joined"
	[ "$(grep -c '^201 ' "$LAB_DIR/joined")" -eq "$PEERS" ]
	traced_keys >"$LAB_DIR/keys"

	traced_agent_start a default
	wait_until 30 node_has_peers a "$PEERS"
	[ "$(sent_keys 1 | sort -u | wc -l)" -eq "$PEERS" ]
	# A peer that is greeted is named three times: keepalive off, on, off.
	[ "$(sent_keys 1 | wc -l)" -le $((PEERS * 3)) ]
	messages=$(grep -cFf "$LAB_DIR/keys" "$LAB_DIR/trace")
	echo "# $PEERS peers in $messages messages" >&3
	[ "$messages" -le 60 ]

	key=$(tower_get /zones/default/peers | jq -r '.[500].PublicKey')
	before=$(wc -l <"$LAB_DIR/trace")
	tower_send PATCH "/peers/$key" '{"ChildPrefixes":["172.24.0.0/24"]}'
	wait_until 10 node_has_route a 172.24.0.0/24
	[ "$(sent_keys $((before + 1)) | sort -u)" = "$(key_bytes <<<"$key")" ]
	node_exec a wg show wg0 allowed-ips | grep -F "$key" | grep -qF 172.24.0.0/24
	node_has_peers a "$PEERS"
}

node_has_route()
{
	[ -n "$(node_exec "$1" ip route show "$2")" ]
}
