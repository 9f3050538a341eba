#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Networks of containers as child prefixes, as the README has it: a Docker Engine on each node.

load containers
load ../net/readme

# What `docker pull busybox` would bring.
busybox_image()
{
	local tree=$BATS_FILE_TMPDIR/busybox name

	mkdir -p "$tree/bin" "$tree/tmp"
	cp "$(type -P busybox)" "$tree/bin/busybox"
	for name in sh sleep ping; do
		ln -s busybox "$tree/bin/$name"
	done
	tar -C "$tree" -cf "$BATS_FILE_TMPDIR/busybox.tar" .
}

setup_file()
{
	busybox_image
}

teardown_file()
{
	cgroup_remove
}

# docker_start_empty NODE: an engine with nothing but busybox.
docker_start_empty()
{
	CACHE=$LAB_DIR/$1 docker_start "$1" &&
		node_exec "$1" docker import "$BATS_FILE_TMPDIR/busybox.tar" busybox
}

# joins_with_network NODE NAME: the block makes a network and a container, and starts the agent.
joins_with_network()
{
	docker_start_empty "$1"
	key_there "$1" >"$LAB_DIR/$1.vars"
	joins "$1" "$2"
}

@test "scenario 3: containers on two nodes reach each other by their own addresses" {
	lab_start tower a b c
	readme_tower_start
	joins_with_network a docker-node1
	joins_with_network b docker-node2
	key_there c >"$LAB_DIR/c.vars"
	mapfile -t vars <"$LAB_DIR/c.vars"
	joins c node-stun "${vars[@]}"
	wait_until 10 here a docker-ping
	node_exec b docker exec second ping -c 1 -W 2 172.24.0.10
	node_reaches c 172.24.0.10
	node_reaches c 172.28.0.10
	# By the mesh, and not by a port that somebody published.
	node_exec c ip -4 route show 172.28.0.0/24 | grep -q 'dev wg0 proto 157'
}
