#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# What is too much is refused by name; what was there before goes on.
# shellcheck disable=SC2154 # request sets status and body

load tower

# Opens a connection that asks for nothing; its descriptor is in $FD.
open_idle()
{
	exec {FD}<>"/dev/tcp/127.0.0.1/$PORT"
}

# An answer on the connection $1 that is open already: its first line.
ask_on()
{
	printf 'GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n' >&"$1"
	read -rt 10 -u "$1"
	echo "$REPLY"
}

is_answered()
{
	curl -fsS "$URL/healthz"
}

@test "refuses_a_connection_too_many_and_serves_those_before" {
	local first

	tower_start --max-connections=2
	open_idle
	first=$FD
	open_idle
	get /healthz
	refused 503 E503-connections
	[ -n "$(header Retry-After)" ]
	[ "$(header Connection)" = close ]
	[[ $(ask_on "$first") == *" 200 "* ]]
	exec {FD}>&-
	wait_until 5 is_answered
}

@test "bounds_the_connections_of_one_address" {
	tower_start --max-connections-per-address=1
	open_idle
	get /healthz
	refused 503 E503-connections
	[[ $(json .detail) == 127.0.0.1* ]]
	exec {FD}>&-
	wait_until 5 is_answered
}

@test "refuses_a_watcher_too_many" {
	local watcher

	tower_start --max-watchers=1
	curl -sN "$URL/zones/default/events" >"$BATS_TEST_TMPDIR/events" 3>&- &
	watcher=$!
	wait_until 5 grep -q snapshot-end "$BATS_TEST_TMPDIR/events"
	get /zones/default/events
	refused 503 E503-watchers
	[ -n "$(header Retry-After)" ]
	kill "$watcher"
	wait "$watcher" || :
}

@test "refuses_headers_that_leave_no_room_for_an_answer" {
	tower_start
	get /zones -H "X-Long: $(printf '%01400d' 0)"
	refused 431 E431-headers
	get /zones -H "X-Long: $(printf '%09000d' 0)"
	[ "$status" = 431 ]
	get /zones -H "X-Long: $(printf '%01000d' 0)"
	[ "$status" = 200 ]
}

@test "refuses_an_enormous_body_unread_and_closes_an_endless_one" {
	tower_start
	truncate -s 5M "$BATS_TEST_TMPDIR/enormous"
	send POST /zones "@$BATS_TEST_TMPDIR/enormous"
	refused 413 E413-body
	run curl -sS --max-time 20 -H 'Transfer-Encoding: chunked' -H 'Content-Type: application/json' \
		-T - -X POST "$URL/zones" <"$BATS_TEST_TMPDIR/enormous"
	[ "$status" -ne 0 ]
	[ "$status" -ne 28 ]
	get /healthz
	[ "$status" = 200 ]
}

@test "lets_go_of_a_client_that_takes_too_long_to_ask" {
	# A byte now and then keeps any idle timeout from ending it: before the end of its request line,
	# of its headers, of its body.
	local beginnings=('GET /zo' 'GET /zones HTTP/1.1\r\nHost: localhost\r\nX: '
		'POST /zones HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 9999\r\n\r\n')
	local beginning

	has_ended()
	{
		{ printf 'x' >&"$FD"; } 2>/dev/null || return 0
		! ss -Htn state established "( dport = :$PORT )" | grep -q .
	}
	tower_start --request-timeout=1s
	for beginning in "${beginnings[@]}"; do
		open_idle
		# shellcheck disable=SC2059 # the escapes are wanted
		printf "$beginning" >&"$FD"
		wait_until 10 has_ended
		exec {FD}>&-
	done
	get /healthz
	[ "$status" = 200 ]
}

@test "ends_every_stream_and_answers_every_call_when_it_stops" {
	local watcher

	tower_start
	curl -sSN "$URL/zones/default/events" >"$BATS_TEST_TMPDIR/events" 3>&- &
	watcher=$!
	wait_until 5 grep -q snapshot-end "$BATS_TEST_TMPDIR/events"
	tower_stop
	# Ended as it should be, not cut off.
	wait "$watcher"
}
