#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# A machine that lacks what WireGuard needs, or where something else has the name: a sentence that
# names the thing, the reason and what to do, in the log and in the status; and as soon as it is
# done, the node is in its zone. What was asked for is never replaced by something else.

load net

teardown_file()
{
	! in_guest || allow_module
}

in_guest()
{
	[ "${LAB_WIREGUARD:-userspace}" = kernel ]
}

# The kernel has no WireGuard from now on. Only the guest's is ours to change.
forbid_module()
{
	if in_guest; then
		echo /bin/false >/proc/sys/kernel/modprobe
		[ ! -e /sys/module/wireguard ] || wait_until 10 modprobe -r wireguard
	elif ip link add apex-probe type wireguard 2>/dev/null; then
		ip link del apex-probe
		skip "this machine's kernel has WireGuard"
	fi
}

allow_module()
{
	echo /sbin/modprobe >/proc/sys/kernel/modprobe
}

# As if the module was there: a file of its name is enough, for nobody loads it.
fake_module() # NODE
{
	# shellcheck disable=SC2016 # expanded inside
	node_exec "$1" bash -c 'lib=$(realpath /lib) && mkdir /run/upper /run/work &&
		mount -t overlay lab -o "lowerdir=$lib,upperdir=/run/upper,workdir=/run/work" "$lib" &&
		folder=/lib/modules/$(uname -r)/kernel/drivers/net/wireguard &&
		mkdir -p "$folder" && echo >"$folder/wireguard.ko"'
}

# agent_under NODE WRAPPER [OPTION…]: an agent that a wrapper starts: "$@" is the agent.
agent_under()
{
	local folder=$LAB_DIR/$1.bin

	mkdir -p "$folder"
	printf '#!/bin/bash\nset -- "%s/aircrew" "$@"\n%s\n' "$BIN" "$2" >"$folder/aircrew"
	chmod +x "$folder/aircrew"
	BIN=$folder LAB_WIREGUARD=auto agent_spawn "$1" default "${@:3}"
}

# says NODE SENTENCE: wherever a person looks.
says()
{
	wait_until 10 agent_status_is "$1" ".Trouble | contains(\"$2\")" || return
	agent_status_is "$1" '.InSync | not' || return
	node_log "$1" aircrew | grep -qF "$2" || return
	node_exec "$1" "$BIN/aircrew" status | grep -qF "$2"
}

has_no_wg0()
{
	not node_exec "$1" ip link show wg0 && not node_exec "$1" pgrep -x wireguard-go
}

@test "a kernel without WireGuard is named, and wireguard-go is not taken instead" {
	forbid_module
	lab_start tower a
	tower_start
	agent_under a 'exec "$@"' --wireguard=kernel
	if ! in_guest; then
		says a "the kernel has no WireGuard, and its module is not installed here: 'modprobe wireguard' on the machine itself loads it"
		fake_module a
	fi
	says a "the kernel does not load its module wireguard, though it is installed: 'modprobe wireguard' says what forbids it"
	agent_status_is a '.Backend == "kernel" and .BackendWhy == "--wireguard=kernel asks for it"'
	has_no_wg0 a
	if in_guest; then
		allow_module
		wait_until 15 agent_is_in_sync a
	fi
}

@test "wireguard-go that is missing is named beside the kernel's reason, and taken when it comes" {
	local nowhere='PATH=/run/bin exec "$@"'

	forbid_module
	lab_start tower a b
	tower_start
	agent_under a "$nowhere"
	agent_under b "$nowhere" --wireguard=userspace
	says a "the kernel "
	says a "; wireguard-go is not installed: apt-get install wireguard-go"
	says b "wireguard-go is not installed: apt-get install wireguard-go"
	agent_status_is b '.Trouble | contains("the kernel") | not'
	has_no_wg0 a
	node_exec a bash -c "mkdir /run/bin && ln -s $(command -v wireguard-go) /run/bin"
	wait_until 15 agent_is_in_sync a
	agent_status_is a '.Backend == "userspace" and (.BackendWhy | startswith("the kernel "))'
	[ "$(node_log a aircrew | grep -c "wireguard info: wg0: wireguard-go: the kernel ")" -eq 1 ]
}

@test "a missing /dev/net/tun is named" {
	lab_start tower a
	tower_start
	node_exec a mount -t tmpfs lab /dev/net
	agent_under a 'exec "$@"' --wireguard=userspace
	says a "/dev/net/tun is missing, and wireguard-go needs it: modprobe tun; give a container --device=/dev/net/tun"
	has_no_wg0 a
	node_exec a umount /dev/net
	wait_until 15 agent_is_in_sync a
}

@test "without CAP_NET_ADMIN the agent says so" {
	lab_start tower a
	tower_start
	agent_under a 'exec setpriv --bounding-set=-net_admin --inh-caps=-net_admin "$@"'
	says a "this process may not change the machine's network, for it lacks CAP_NET_ADMIN: run aircrew as root, in a container with --cap-add=NET_ADMIN"
	has_no_wg0 a
	# So does a person without it, and nothing is half removed.
	node_stop a aircrew
	agent_start a default
	assert_refused "lacks CAP_NET_ADMIN" node_exec a setpriv --bounding-set=-net_admin \
		--inh-caps=-net_admin "$BIN/aircrew" down
	node_exec a ip link show wg0
}

@test "an interface of another kind that has the name is left alone, and named" {
	local node

	lab_start tower a b c
	tower_start
	node_exec a ip link add wg0 type bridge
	node_exec b ip link add wg0 type veth peer name other
	node_exec c ip tuntap add wg0 mode tun
	for node in a b c; do
		agent_spawn "$node" default
	done
	says a "wg0 exists and is no WireGuard interface of ours, but one of kind bridge: remove it (ip link del wg0) or choose another --interface"
	says b "but one of kind veth: remove it (ip link del wg0)"
	says c "but one of kind tun: remove it (ip link del wg0)"
	for node in a b c; do
		assert_refused "wg0 is no WireGuard interface of ours: left as it is" \
			node_exec "$node" "$BIN/aircrew" down
		node_exec "$node" ip link show wg0
		node_wait "$node" aircrew || :
	done
	agent_spawn a default
	node_exec a ip link del wg0
	wait_until 15 agent_is_in_sync a
}

@test "auto keeps the back end that the interface has; the other one is refused by name" {
	local other=kernel

	! in_guest || other=userspace
	lab_start tower a b
	tower_start
	agent_start a default
	agent_start b default
	node_reaches a "$(agent_address b)"
	ping_start a "$(agent_address b)" tunnel
	node_stop a aircrew
	LAB_WIREGUARD=auto agent_start a default
	agent_status_is a '.BackendWhy == "wg0 is its already"'
	node_stop a aircrew
	agent_under a 'exec "$@"' --wireguard="$other"
	says a "wg0 is driven by "
	says a ", and --wireguard=$other asks for another: 'aircrew down' removes it, with its tunnels; --wireguard=auto keeps it"
	ping_stop a tunnel
}
