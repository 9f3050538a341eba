#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Somebody else changes what the agent made, once or again and again: it is put back, said, and
# nothing else moves.

load net

# The number that the kernel gave the interface: another one is another interface.
interface_number()
{
	node_exec "$1" cat /sys/class/net/wg0/ifindex
}

agent_says() # NODE TEXT
{
	node_log "$1" aircrew | grep -qF -- "$2"
}

says_count() # NODE TEXT
{
	node_log "$1" aircrew | grep -cF -- "$2" || :
}

has_mtu() # NODE MTU
{
	[ "$(node_exec "$1" cat /sys/class/net/wg0/mtu)" = "$2" ]
}

# Kernels before 6.2 rename what is down alone.
link_rename() # NODE LINK NAME
{
	node_exec "$1" ip link set "$2" name "$3" 2>/dev/null ||
		node_exec "$1" bash -c "ip link set $2 down && ip link set $2 name $3"
}

pair_start()
{
	lab_start tower a b
	tower_start
	agent_start a default
	agent_start b default --child-prefix=172.24.0.0/24
	node_exec b ip address add 172.24.0.10/32 dev lo
	node_reaches a 10.200.0.2
	node_reaches a 172.24.0.10
}

@test "an interface that is renamed gets its name back and stays the same" {
	local number

	pair_start
	number=$(interface_number a)
	link_rename a wg0 wg9
	wait_until 5 interface_number a
	[ "$(interface_number a)" = "$number" ]
	node_reaches a 172.24.0.10 5
	node_reaches b 10.200.0.1 5
	wait_until 5 agent_is_in_sync a
	agent_says a renamed-back
	not node_exec a ip link show wg9
}

@test "an interface that is moved to another network namespace is made anew" {
	local number

	pair_start
	number=$(interface_number a)
	node_exec a ip netns add away
	node_exec a ip link set wg0 netns away
	if [ "${LAB_WIREGUARD:-userspace}" = kernel ]; then
		# Its port stays taken, here: only a person knows what the move was for.
		wait_until 10 agent_status_is a '.Trouble | contains("51820")'
		node_exec a ip -n away link del wg0
	fi
	node_reaches a 172.24.0.10
	node_reaches b 10.200.0.1
	wait_until 10 agent_is_in_sync a
	[ "$(interface_number a)" != "$number" ]
	if [ "${LAB_WIREGUARD:-userspace}" = userspace ]; then
		agent_says a "wg0 is not here any more"
		not node_exec a ip -n away link show wg0
		[ "$(node_exec a pgrep -cx wireguard-go)" -eq 1 ]
	fi
}

@test "MTU, addresses and state of the interface are put back" {
	local number mtu

	pair_start
	number=$(interface_number a)
	mtu=$(node_exec a cat /sys/class/net/wg0/mtu)
	node_exec a ip link set wg0 mtu 1300
	wait_until 5 has_mtu a "$mtu"
	node_exec a ip address flush dev wg0
	node_reaches a 172.24.0.10 5
	node_exec a ip link set wg0 down
	node_reaches a 172.24.0.10 5
	# shellcheck disable=SC2016 # expanded inside
	node_exec a bash -c 'for i in $(seq 20); do ip link set wg0 down; ip link set wg0 up; done'
	node_reaches a 172.24.0.10
	node_reaches b 10.200.0.1
	wait_until 5 agent_is_in_sync a
	[ "$(interface_number a)" = "$number" ]
}

# routes_go_until NODE COUNT: removes the agent's routes as another manager does, again and again;
# whether it was put back more than so many times within a minute.
routes_go_until()
{
	node_exec "$1" ip route flush proto 157
	agent_status_is "$1" ".Undone[0].What == \"routes\" and .Undone[0].LastMinute > $2"
}

@test "a manager that removes our routes again and again is said once, and outlived" {
	pair_start
	wait_until 30 routes_go_until a 5
	wait_until 60 routes_go_until a 12
	# Those before the quarrel, and what was asked for meanwhile.
	[ "$(says_count a routes-added)" -le 10 ]
	[ "$(says_count a "somebody undoes")" -eq 1 ]
	node_exec a "$BIN/aircrew" status | grep -q '^undone .*routes: put back'
	[ "$(node_peers a)" -eq 1 ]
	node_reaches a 172.24.0.10 5
}
