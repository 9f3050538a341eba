#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Where a node's key comes from.

load net

@test "blank lines around a key in its file do no harm" {
	local private

	lab_start tower a b
	tower_start
	private=$(wg genkey)
	printf '\n\n  %s\n\n\n' "$private" >"$LAB_DIR/private.key"
	chmod 0600 "$LAB_DIR/private.key"
	agent_start a default --private-key-file="$LAB_DIR/private.key"
	agent_start b default
	[ "$(agent_key a)" = "$(wg pubkey <<<"$private")" ]
	node_reaches b 10.200.0.1
}

@test "a key is made on the first start and kept" {
	local key

	lab_start tower a
	tower_start
	agent_start a default --private-key-file=/etc/wireguard/private.key
	key=$(agent_key a)
	[ "$(node_exec a stat -c %a /etc/wireguard/private.key)" = 600 ]
	[ "$(node_exec a wg pubkey < <(node_exec a cat /etc/wireguard/private.key))" = "$key" ]
	node_stop a aircrew
	agent_start a default --private-key-file=/etc/wireguard/private.key
	[ "$(agent_key a)" = "$key" ]
	[ "$(tower_get /peers | jq length)" -eq 1 ]
}

@test "keys that do not belong together are refused before anything is touched" {
	local before other

	lab_start tower a
	tower_start
	other=$(wg genkey | wg pubkey)
	before=$(node_exec a ip address)
	agent_spawn a default --private-key="$(wg genkey)" --public-key="$other"
	agent_ends a 2 "does not belong to --private-key"
	[ "$(node_exec a ip address)" = "$before" ]
	[ -z "$(node_exec a find /var/lib/aircrew /run/aircrew /etc/wireguard -type f 2>/dev/null)" ]
	[ "$(tower_get /peers)" = "[]" ]
}
