#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# bats file_tags=kernel
# The tower and its Redis go and come back: nobody's packets care.

load net

@test "tower and Redis are killed and come back while a ping goes on" {
	local before

	lab_start tower a b late
	tower_start
	agent_start a default
	agent_start b default
	zone_token_file default
	before=$(tower_get /peers)
	ping_start a 10.200.0.2 ping
	node_exec tower pkill -KILL -x controltower
	node_wait tower controltower || :
	wait_until 10 not agent_status_is a '.Tower.State == "connected"'
	agent_spawn late default --daemon
	node_exec a wg show wg0 peers | grep -q .
	node_has_peers b 1
	node_exec tower pkill -KILL -x redis-server || :
	tower_start
	wait_until 15 agent_is_in_sync late
	node_reaches late 10.200.0.1
	[ "$(tower_get /peers | jq -c '[.[] | select(.Hostname != "late")]')" = "$(jq -c . <<<"$before")" ]
	wait_until 20 agent_is_in_sync a
	wait_until 20 agent_is_in_sync b
	node_has_peers a 2
	ping_stop a ping
}

@test "the tower outlives its Redis: reads go on, writes wait and then go through" {
	lab_start tower a b
	tower_start
	agent_start a default
	agent_start b default
	ping_start a 10.200.0.2 ping
	node_exec tower pkill -KILL -x redis-server
	[ "$(tower_get /peers | jq length)" -eq 2 ]
	wait_until 20 tower_is_ready
	zone_create after 10.61.0.0/24
	node_has_peers a 1
	ping_stop a ping
}

JOINS=1000

# Two hundred at a time; "<status> <file with the answer>" a line each.
join_many()
{
	join_requests default "$JOINS" >"$LAB_DIR/joins"
	node_spawn tower joins curl --silent --no-progress-meter --parallel --parallel-max 200 \
		--config "$LAB_DIR/joins"
}

acknowledged()
{
	node_log tower joins | sed -n 's/^20[01] //p'
}

some_are_acknowledged()
{
	[ "$(acknowledged | wc -l)" -ge 10 ]
}

@test "a tower killed under two hundred joins keeps every one that it acknowledged" {
	local peers

	lab_start tower
	tower_start
	join_many
	wait_until 10 some_are_acknowledged
	node_exec tower pkill -KILL -x controltower
	node_wait tower joins || :
	node_wait tower controltower || :
	tower_start
	peers=$(tower_get /peers)
	echo "acknowledged: $(acknowledged | wc -l), there: $(jq length <<<"$peers")"
	[ "$(acknowledged | wc -l)" -lt "$JOINS" ]
	(cd "$LAB_DIR" && acknowledged | xargs jq '.Peer | [.PublicKey, .NodeAddress]' | jq -sc .) \
		>"$LAB_DIR/acknowledged"
	jq -e --slurpfile told "$LAB_DIR/acknowledged" \
		'map([.PublicKey, .NodeAddress]) as $there | $told[0] - $there == []' <<<"$peers"
	jq -e 'map(.NodeAddress) | length == (unique | length)' <<<"$peers"
}
