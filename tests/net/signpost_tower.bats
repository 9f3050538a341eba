#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# The tower's own Redis as the only thing that agents know: nobody made a join token.

load net
load signpost

start()
{
	lab_start tower "$@"
	export REDIS_PASSWORD SIGNPOST # for aircrew_spawn
	tower_start --signpost-listen="$(node_ip tower):6379"
	REDIS_PASSWORD=$(node_exec tower cat /var/lib/controltower/signpost.password)
	SIGNPOST=$(node_ip tower)
	wait_until 10 signpost_is_written
}

signpost_is_written()
{
	[ "$(tower_get /readyz | jq -r .signpost)" = written ]
}

@test "agents join by the tower's own Redis and its password alone" {
	start a b
	aircrew_spawn a
	aircrew_spawn b --zone=default
	wait_until 15 agent_is_in_sync a
	wait_until 15 agent_is_in_sync b
	node_reaches a "$(agent_address b)"
}

@test "a zone that takes no joins by the signpost says so" {
	start a
	zone_create closed 10.60.0.0/24 '"SignpostJoin":false'
	aircrew_spawn a --zone=closed
	agent_ends a 3 E403-zone SignpostJoin --join-token-file
}
