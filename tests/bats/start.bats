#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# How a tower starts, or says why it does not; what its listeners ask for.
# shellcheck disable=SC2154 # request and run set status, body, output
# shellcheck disable=SC2153,SC2030,SC2031 # PORT is the tower's; each test is a shell of its own

load tower

# ends STATUS TEXT OPTION…: the tower does not start, ends with this status and says this.
ends()
{
	run timeout 15 "$BIN/controltower" --listen="unix:$BATS_TEST_TMPDIR/sock" \
		--state-dir="$BATS_TEST_TMPDIR/other" --user="$(id -un)" "${@:3}"
	echo "status $status: $output"
	[ "$status" -eq "$1" ] && [[ "$output" == *"$2"* ]]
}

@test "says why it cannot start" {
	tower_start
	ends 1 "--listen" --listen="127.0.0.1:$PORT"
	ends 1 "$STATE_DIR" --state-dir="$STATE_DIR"
	ends 1 "--admin-token-file" --admin-token-file=/nowhere
	: >"$BATS_TEST_TMPDIR/empty"
	ends 1 "is empty" --admin-token-file="$BATS_TEST_TMPDIR/empty"
	ends 1 "certificate" --tls-listen="127.0.0.1:$(free_port)" \
		--tls-cert="$BATS_TEST_TMPDIR/empty" --tls-key="$BATS_TEST_TMPDIR/empty"
	get /healthz
	[ "$status" = 200 ]
}

@test "shows help and version and starts nothing" {
	run "$BIN/controltower" --help
	[ "$status" -eq 0 ]
	[[ "$output" == *--tls-listen* ]]
	[[ "$output" != *--streamer-address* ]]
	run "$BIN/controltower" --version
	[ "$status" -eq 0 ]
	run "$BIN/controltower" --check-config --state-dir="$BATS_TEST_TMPDIR/none"
	[ "$status" -eq 0 ]
	[ ! -e "$BATS_TEST_TMPDIR/none" ]
}

@test "serves on a Unix socket, also after being killed there" {
	local sock=$BATS_TEST_TMPDIR/tower.sock

	tower_start
	tower_stop TERM
	for signal in KILL TERM; do
		"$BIN/controltower" --listen="unix:$sock" --state-dir="$STATE_DIR" --user="$(id -un)" \
			2>>"$BATS_TEST_TMPDIR/tower.log" 3>&- &
		TOWER_PID=$!
		wait_until 15 curl -fsS --unix-socket "$sock" http://localhost/readyz
		request --unix-socket "$sock" http://localhost/zones
		[ "$status" = 200 ]
		tower_stop "$signal" || [ "$signal" = KILL ]
	done
}

@test "asks everybody for a credential on its TLS listener, and keeps its pin" {
	local port pin first url

	port=$(free_port)
	url=https://127.0.0.1:$port
	for _ in 1 2; do
		tower_start --tls-listen="127.0.0.1:$port"
		pin=$(grep -o 'sha256//[A-Za-z0-9+/=]*' "$BATS_TEST_TMPDIR/tower.log" | tail -n 1)
		[ "${first:=$pin}" = "$pin" ]
		request -k --pinnedpubkey "$pin" "$url/healthz"
		[ "$status" = 200 ]
		request -k --pinnedpubkey "$pin" "$url/zones"
		refused 401 E401-credential
		request -k --pinnedpubkey "$pin" "$url/challenge"
		[ "$status" = 200 ]
		request -k --pinnedpubkey "$pin" -X POST -H 'Content-Type: application/json' \
			-d "{\"PublicKey\":\"$(new_key)\",\"Instance\":\"aa\"}" "$url/zones/default/peers"
		[ "$status" = 401 ]
		get /zones
		[ "$status" = 200 ]
		tower_stop TERM
	done
	[[ $(stat -c %a "$STATE_DIR/secrets") == 700 ]]
}

@test "becomes another user when it was started as root" {
	[ "$(id -u)" -eq 0 ] || skip "needs root"
	STATE_DIR=$(mktemp -du /tmp/apex-tower-XXXXXX)
	tower_start --user=nobody
	[ "$(stat -c %U "/proc/$TOWER_PID")" = nobody ]
	[ "$(stat -c %U "$STATE_DIR" "$STATE_DIR/secrets" | sort -u)" = nobody ]
	send POST /zones '{"Name":"x","CIDR":"10.0.0.0/8"}'
	[ "$status" = 201 ]
	tower_stop TERM
	rm -rf "$STATE_DIR"
}
