#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# bats file_tags=kernel
# The address that a node asks for: given as asked, or refused with the reason; never another one
# silently, and nobody loses the one it has without a new one.

load net

@test "a free address is given as asked for, and another one on the next join" {
	lab_start tower a b
	tower_start
	agent_start a default --request-ip=10.200.3.77
	agent_start b default
	[ "$(agent_address a)" = 10.200.3.77 ]
	node_reaches b 10.200.3.77
	node_stop a aircrew
	agent_start a default --request-ip=10.200.3.78
	[ "$(agent_address a)" = 10.200.3.78 ]
	node_reaches b 10.200.3.78
	[ -z "$(node_exec a ip -o address show to 10.200.3.77)" ]
}

@test "a leased address passes over and its holder keeps talking under a new one" {
	lab_start tower holder claimant third
	tower_start
	agent_start holder default --request-ip=10.200.0.50
	agent_start third default
	node_reaches third 10.200.0.50
	agent_start claimant default --request-ip=10.200.0.50
	[ "$(agent_address claimant)" = 10.200.0.50 ]
	wait_until 5 agent_status_is holder '.NodeAddress == "10.200.0.2"'
	node_reaches third 10.200.0.50
	node_reaches third 10.200.0.2
	node_reaches holder 10.200.0.50
	[ "$(tower_get /peers | jq -c 'map(.NodeAddress) | sort')" = \
		'["10.200.0.1","10.200.0.2","10.200.0.50"]' ]
}

@test "where take-over is not allowed the address stays with its holder" {
	local policy

	lab_start tower holder claimant
	tower_start
	for policy in never if-offline; do
		zone_create "$policy" 10.61.0.0/24 "\"AddressTakeover\":\"$policy\""
		agent_start holder "$policy" --request-ip=10.61.0.50
		agent_spawn claimant "$policy" --request-ip=10.61.0.50
		agent_ends claimant 3 E409-address
		[ "$(agent_address holder)" = 10.61.0.50 ]
		node_stop holder aircrew
	done
}

@test "addresses outside the zone, reserved, or from a full pool are refused" {
	lab_start tower a b
	tower_start
	zone_create tiny 10.62.0.0/30
	agent_spawn a tiny --request-ip=10.63.0.1
	agent_ends a 3 E422-address
	agent_spawn a tiny --request-ip=10.62.0.0
	agent_ends a 3 E409-reserved
	agent_spawn a tiny --request-ip=10.62.0.3
	agent_ends a 3 E409-reserved
	tower_send POST /zones/tiny/peers "{\"PublicKey\":\"$(wg genkey | wg pubkey)\",\"Agentless\":true}"
	agent_start a tiny
	[ "$(agent_address a)" = 10.62.0.2 ]
	agent_spawn b tiny
	agent_ends b 3 E409-pool-full
	agent_spawn b tiny --request-ip=10.62.0.1
	agent_ends b 3 E409-fixed
}
