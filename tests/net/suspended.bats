#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# A machine sleeps, or the agent alone is stopped: when it goes on nothing is torn down, and the
# tower is not stormed.

load net

interface_number()
{
	node_exec "$1" cat /sys/class/net/wg0/ifindex
}

says_count() # NODE TEXT
{
	node_log "$1" aircrew | grep -cF -- "$2" || :
}

says_times() # NODE TEXT COUNT
{
	[ "$(says_count "$1" "$2")" -eq "$3" ]
}

# nsenter stops with what it started: to go on, both must.
agent_continue() # NODE
{
	kill -CONT "${LAB_SPAWNED[$1/aircrew]}"
}

# From now on: how many connections this node opens to the tower.
calls_count_start() # NODE
{
	node_exec "$1" nft -f - <<-'EOT'
		table ip calls {
			counter calls { }
			chain output {
				type filter hook output priority 0
				tcp dport 8443 tcp flags & (syn | ack) == syn counter name calls
			}
		}
	EOT
}

calls_count() # NODE
{
	node_exec "$1" nft -j list counter ip calls calls | jq '.nftables[] | .counter.packets // empty'
}

# The programs, with clocks that $LAB_DIR/jump sets ahead.
clocks_prepare()
{
	local program

	# The tower reads them as another user.
	chmod o+x "$BATS_RUN_TMPDIR" "$BATS_RUN_TMPDIR/test" "$LAB_DIR"
	gcc -shared -fPIC -o "$LAB_DIR/clock_jump.so" "$BATS_TEST_DIRNAME/clock_jump.c"
	echo 0 >"$LAB_DIR/jump"
	mkdir "$LAB_DIR/bin"
	for program in controltower aircrew; do
		printf '#!/bin/sh\nexport LD_PRELOAD=%s CLOCK_JUMP=%s\nexec %s "$@"\n' \
			"$LAB_DIR/clock_jump.so" "$LAB_DIR/jump" "$BIN/$program" \
			>"$LAB_DIR/bin/$program"
		chmod 0755 "$LAB_DIR/bin/$program"
	done
	BIN=$LAB_DIR/bin
}

@test "an agent that was stopped goes on where it was" {
	local number gone

	lab_start tower a b c
	tower_start
	agent_start a default
	agent_start b default
	agent_start c default
	gone=$(agent_key c)
	number=$(interface_number a)
	ping_start a 10.200.0.2 out
	ping_start b 10.200.0.1 in
	calls_count_start a
	node_signal a aircrew STOP
	node_stop c aircrew
	tower_delete "/peers/$gone"
	node_stop tower controltower
	tower_start
	[ "$(calls_count a)" -eq 0 ]
	agent_continue a
	wait_until 15 node_has_peers a 1
	wait_until 15 agent_is_in_sync a
	[ "$(calls_count a)" -le 4 ]
	ping_stop a out
	ping_stop b in
	[ "$(interface_number a)" = "$number" ]
}

@test "after an hour of sleep the ticket is renewed quietly, and no packet is lost" {
	local number joins

	clocks_prepare
	lab_start tower a b
	tower_start
	agent_start a default
	agent_start b default
	number=$(interface_number a)
	joins=$(says_count a "joined zone=")
	ping_start b 10.200.0.1 in
	calls_count_start a
	node_signal a aircrew STOP
	echo 3700 >"$LAB_DIR/jump"
	# The stream does not outlive an hour.
	node_stop tower controltower
	tower_start
	agent_continue a
	wait_until 15 says_times a "joined zone=" $((joins + 1))
	wait_until 15 agent_is_in_sync a
	[ "$(calls_count a)" -le 4 ]
	[ "$(says_count a "refused")" -eq 0 ]
	agent_status_is a '.Refusal == null'
	ping_stop b in
	[ "$(interface_number a)" = "$number" ]
	says_times a "joined zone=" $((joins + 1))
}
