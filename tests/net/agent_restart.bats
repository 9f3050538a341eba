#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# bats file_tags=kernel
# The agent goes and comes back: the tunnels do not notice.

load net

# The cache is written a moment after a change.
cache_knows()
{
	node_exec "$1" grep -qF "$2" /var/lib/aircrew/cache.json
}

# The number that the kernel gave the interface: another one is another interface.
interface_number()
{
	node_exec "$1" cat /sys/class/net/wg0/ifindex
}

@test "an agent that is killed and started again loses no packet" {
	local number

	lab_start tower a b
	tower_start
	agent_start a default
	agent_start b default
	ping_start b 10.200.0.1 in
	ping_start a 10.200.0.2 out
	number=$(interface_number a)
	node_exec a pkill -KILL -x aircrew
	node_wait a aircrew || :
	agent_start a default
	[ "$(agent_address a)" = 10.200.0.1 ]
	ping_stop a out
	ping_stop b in
	[ "$(interface_number a)" = "$number" ]
}

@test "an agent starts from its cache while the tower is down" {
	local number

	lab_start tower a b
	tower_start
	agent_start a default
	agent_start b default
	ping_start b 10.200.0.1 in
	node_stop tower controltower
	number=$(interface_number a)
	node_stop a aircrew
	agent_spawn a default
	wait_until 10 agent_status_is a '.InSync and .NodeAddress == "10.200.0.1" and (.Peers | length) == 1'
	ping_stop b in
	[ "$(interface_number a)" = "$number" ]
	node_reaches a 10.200.0.2
}

@test "after a restart of the machine everything is up from the cache with the tower down" {
	lab_start tower a b
	tower_start
	agent_start a default
	agent_start b default
	wait_until 5 cache_knows a "$(agent_key b)"
	node_stop tower controltower
	node_exec a pkill -KILL -x aircrew
	node_wait a aircrew || :
	node_lose_wireguard a
	wait_until 5 not node_exec a ip link show wg0
	agent_spawn a default
	node_reaches a 10.200.0.2
	node_reaches b 10.200.0.1
}
