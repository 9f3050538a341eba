#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# A peer that is deleted is gone at once, everywhere.

load net

@test "a deleted peer is gone from every node within a second and its agent idles" {
	local key

	lab_start tower a b c later
	tower_start
	agent_start a default
	agent_start b default
	agent_start c default
	key=$(agent_key a)
	node_reaches b 10.200.0.1
	tower_delete "/peers/$key"
	wait_until 1 node_has_peers b 1
	wait_until 1 node_has_peers c 1
	[ -z "$(node_exec b ip route show 10.200.0.1)" ]
	node_misses b 10.200.0.1
	node_reaches b 10.200.0.3

	wait_until 5 agent_status_is a '.Tower.State == "removed"'
	[ -z "$(node_exec a ip -o link show dev wg0 up 2>/dev/null)" ]

	# Its address rests: the next node gets another one, and may not ask for it.
	agent_start later default
	[ "$(agent_address later)" = 10.200.0.4 ]
	assert_refused E409-address tower_send PATCH "/peers/$(agent_key later)" \
		'{"NodeAddress":"10.200.0.1"}'
	[ "$(tower_get /peers | jq length)" -eq 3 ]
}
