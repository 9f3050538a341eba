#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# A node that comes back unchanged is nobody's news.

load net

# What WireGuard was told on a node, without what moves by itself.
configuration_of()
{
	node_exec "$1" wg show wg0 dump | cut -f 1-4
}

@test "a rejoin with unchanged data makes no revision and no other node stir" {
	local revision configuration applied

	lab_start tower a b
	tower_start
	agent_start a default --child-prefix=172.24.0.0/24
	agent_start b default
	node_reaches b 10.200.0.1
	revision=$(tower_revision default)
	configuration=$(configuration_of b)
	applied=$(agent_status b | jq .Revision)
	node_spawn b monitor ip monitor link address route rule
	node_exec b ip link set lo up mtu 65535
	wait_until 5 grep -q 'mtu 65535' "$LAB_DIR/b.monitor.log"
	: >"$LAB_DIR/b.monitor.log"

	node_stop a aircrew
	agent_start a default --child-prefix=172.24.0.0/24
	node_reaches b 10.200.0.1

	node_exec b ip link set lo mtu 65536
	wait_until 5 grep -q 'mtu 65536' "$LAB_DIR/b.monitor.log"
	node_stop b monitor || :
	[ "$(node_log b monitor | grep -cv -e ' lo: ' -e link/loopback)" -eq 0 ]
	[ "$(tower_revision default)" = "$revision" ]
	[ "$(agent_status b | jq .Revision)" = "$applied" ]
	[ "$(configuration_of b)" = "$configuration" ]
}
