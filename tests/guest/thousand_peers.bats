#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# bats file_tags=kernel
# A thousand peers on kernel WireGuard, with every message that the agent sends to it traced.

load ../net/net

PEERS=1000

# The agent is traced from its first call on: what it sends, undecoded (that takes 45 ms a message).
traced_agent_start()
{
	mkdir "$LAB_DIR/traced"
	cat >"$LAB_DIR/traced/aircrew" <<-EOT
		#!/bin/bash
		[ "\$1" != status ] || exec $BIN/aircrew "\$@"
		exec strace -D -f --seccomp-bpf -qq -e trace=sendto,sendmsg -e raw=all -e write=all \
			-o $LAB_DIR/trace $BIN/aircrew "\$@"
	EOT
	chmod +x "$LAB_DIR/traced/aircrew"
	BIN=$LAB_DIR/traced agent_start "$@"
}

# What was sent so far, in hexadecimal, a line each time.
sent()
{
	awk '/^ \| / { bytes = substr($0, 11, 49); gsub(/ /, "", bytes); printf "%s", bytes; next }
		NR > 1 { print "" }
		END { print "" }' "$LAB_DIR/trace"
}

# key_bytes: of base64 into what `sent` has.
key_bytes()
{
	base64 -d | xxd -p -c 32
}

# The key of a peer, each time that it was sent, from a line of `sent` on.
sent_keys() # LINE
{
	sent | tail -n "+$1" | grep -oFf "$LAB_DIR/keys" || :
}

@test "a thousand peers are set in a few messages, and a change of one sends nothing of others" {
	local key messages before

	lab_start tower a
	tower_start
	join_requests default "$PEERS" >"$LAB_DIR/joins"
	node_exec tower curl --silent --no-progress-meter --parallel --config "$LAB_DIR/joins" \
		>"$LAB_DIR/joined"
	[ "$(grep -c '^201 ' "$LAB_DIR/joined")" -eq "$PEERS" ]
	tower_get /zones/default/peers | jq -r '.[].PublicKey' | key_bytes >"$LAB_DIR/keys"

	traced_agent_start a default
	wait_until 30 node_is_quiet a
	[ "$(sent_keys 1 | sort -u | wc -l)" -eq "$PEERS" ]
	# Greeted by keepalives off, on, off; and a node ends them two seconds after its first join.
	[ "$(sent_keys 1 | wc -l)" -le $((PEERS * 4)) ]
	messages=$(sent | grep -cFf "$LAB_DIR/keys")
	echo "# $PEERS peers in $messages messages" >&3
	[ "$messages" -le 40 ]

	key=$(tower_get /zones/default/peers | jq -r '.[500].PublicKey')
	before=$(sent | wc -l)
	tower_send PATCH "/peers/$key" '{"ChildPrefixes":["172.24.0.0/24"]}' >"$LAB_DIR/changed.json"
	wait_until 10 node_has_route a 172.24.0.0/24
	echo "keys sent: $(sent_keys $((before + 1)) | wc -l)"
	[ "$(sent_keys $((before + 1)) | sort -u)" = "$(key_bytes <<<"$key")" ]
	node_exec a wg show wg0 allowed-ips | grep -F "$key" | grep -qF 172.24.0.0/24
	node_has_peers a "$PEERS"
}

# All peers are there, and none is sent keepalives any more.
node_is_quiet()
{
	[ "$(node_exec "$1" wg show wg0 persistent-keepalive | grep -c 'off$')" -eq "$PEERS" ]
}

node_has_route()
{
	[ -n "$(node_exec "$1" ip route show "$2")" ]
}
