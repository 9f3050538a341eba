#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# The same events that agents follow, by curl.

load net

watch_start() # LABEL [Last-Event-ID]
{
	node_spawn tower "$1" curl -sN ${2:+-H "Last-Event-ID: $2"} "$TOWER_URL/zones/default/events"
}

# The kinds of events in a watcher's log, in order, heartbeats left out.
kinds_seen()
{
	node_log tower "$1" | sed -n 's/^event: //p' | paste -sd ' '
}

has_seen()
{
	[ "$(kinds_seen "$1")" = "$2" ]
}

last_id()
{
	node_log tower "$1" | sed -n 's/^id: //p' | tail -n 1
}

join_by_curl() # KEY NAME
{
	tower_send POST /zones/default/peers "{\"PublicKey\":\"$1\",\"Hostname\":\"$2\"}"
}

@test "a watcher sees joins and leaves, and one that resumes misses and repeats nothing" {
	local first second third

	lab_start tower
	tower_start
	first=$(wg genkey | wg pubkey)
	second=$(wg genkey | wg pubkey)
	third=$(wg genkey | wg pubkey)
	join_by_curl "$first" first
	watch_start one
	wait_until 5 has_seen one 'snapshot-begin zone peer snapshot-end'
	join_by_curl "$second" second
	tower_delete "/peers/$first"
	wait_until 5 has_seen one 'snapshot-begin zone peer snapshot-end peer peer-removed'

	node_stop tower one KILL || :
	join_by_curl "$third" third
	tower_delete "/peers/$second"
	watch_start two "$(last_id one)"
	wait_until 5 has_seen two 'peer peer-removed'
	node_log tower two | grep -qF "$third"

	# With nothing new since, nothing comes; then exactly the next change.
	node_stop tower two KILL || :
	watch_start three "$(last_id two)"
	tower_delete "/peers/$third"
	wait_until 5 has_seen three 'peer-removed'
}

@test "an unknown id gets a complete snapshot that says so" {
	lab_start tower
	tower_start
	join_by_curl "$(wg genkey | wg pubkey)" only
	watch_start stranger 4711-00000000deadbeef
	wait_until 5 has_seen stranger 'snapshot-begin zone peer snapshot-end'
	node_log tower stranger | grep -A 1 '^event: snapshot-begin' | grep -qF '"reset":true'
}
