#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Agents that know the Redis and its password alone.

load net
load signpost

# A tower, a Redis with its signpost, and nodes.
signpost_start()
{
	lab_start tower redis "$@"
	tower_start
	redis_start
	signpost_write
}

joins_by_redis() # NODE [OPTION…]
{
	aircrew_spawn "$@" --join-token-file="$(zone_token_file default)"
	wait_until 15 agent_is_in_sync "$1"
}

@test "the documentation's command finds the tower by the Redis" {
	local private

	signpost_start a b
	private=$(wg genkey)
	joins_by_redis a --public-key="$(wg pubkey <<<"$private")" --private-key="$private" \
		--zone=default
	joins_by_redis b --controller="redis://$(node_ip redis):6379"
	node_reaches a "$(agent_address b)"
	agent_status_is a ".Tower.Url == \"$(tower_url)\" and
		.Tower.Signpost == \"redis://$(node_ip redis):6379\" and
		.Tower.Trust == \"the pin that the signpost tells\""
	# Its secrets are in no process list, and what crosses the wire is said once.
	node_exec a cat "/proc/$(cat "$LAB_DIR/a.aircrew.pid")/cmdline" >"$LAB_DIR/cmdline"
	run ! grep -aF "$REDIS_PASSWORD" "$LAB_DIR/cmdline" "$LAB_DIR/a.aircrew.log"
	[ "$(node_log a aircrew | grep -c 'as private as that network')" -eq 1 ]
	# The connection is not held.
	[ -z "$(node_exec a ss -Htn state established dst "$(node_ip redis)")" ]
}
