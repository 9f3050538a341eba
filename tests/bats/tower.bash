# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# shellcheck shell=bash
# A tower of its own for a process test: real redis-server, real HTTP, on loopback.

# shellcheck source=tests/wait.bash
source "${BASH_SOURCE[0]%/*}/../wait.bash"

bats_require_minimum_version 1.5.0
BIN=${BIN:-$(realpath -m "${BASH_SOURCE[0]%/*}/../../bin")}

# A port that nobody listens on, below those that the kernel gives to clients.
free_port()
{
	local port

	while :; do
		port=$((20000 + RANDOM % 10000))
		ss -Hltn "sport = :$port" | grep -q . || break
	done
	echo "$port"
}

# tower_start [OPTION…]: and waits until it is ready. The state stays in $STATE_DIR.
tower_start()
{
	STATE_DIR=${STATE_DIR:-$BATS_TEST_TMPDIR/state}
	PORT=${PORT:-$(free_port)}
	URL=http://127.0.0.1:$PORT
	"$BIN/controltower" --listen="127.0.0.1:$PORT" --state-dir="$STATE_DIR" --user="$(id -un)" \
		"$@" 2>>"$BATS_TEST_TMPDIR/tower.log" 3>&- &
	TOWER_PID=$!
	wait_until 15 curl -fs "$URL/readyz"
}

# tower_stop [SIGNAL]: returns its exit status.
tower_stop()
{
	local status=0

	kill "-${1:-TERM}" "$TOWER_PID"
	wait "$TOWER_PID" || status=$?
	TOWER_PID=
	return "$status"
}

# Shows the logs of a test that failed; a sanitizer's report fails any test.
teardown()
{
	[ -z "${TOWER_PID:-}" ] || tower_stop TERM || :
	[ -z "${REDIS_PID:-}" ] || kill "$REDIS_PID" || :
	[ -z "${AGENT_PID:-}" ] || { kill -KILL "$AGENT_PID" && wait "$AGENT_PID"; } 2>/dev/null || :
	[ -n "${BATS_TEST_COMPLETED:-}" ] || tail -n 40 "$BATS_TEST_TMPDIR"/*.log
	! grep -sE 'ERROR: [A-Za-z]+Sanitizer|runtime error:' "$BATS_TEST_TMPDIR"/*.log
}

# request CURL-OPTION…: status into $status, body into $body.
request()
{
	status=$(curl -sS --max-time 20 -o "$BATS_TEST_TMPDIR/body" -D "$BATS_TEST_TMPDIR/headers" \
		-w '%{http_code}' "$@")
	body=$(tr -d '\0' <"$BATS_TEST_TMPDIR/body")
}

# get PATH [CURL-OPTION…]
get()
{
	request "$URL$1" "${@:2}"
}

# send METHOD PATH JSON [CURL-OPTION…]
send()
{
	request -X "$1" -H 'Content-Type: application/json' --data-binary "$3" "$URL$2" "${@:4}"
}

header()
{
	sed -n "s/^$1: \(.*\)\r$/\1/Ip" "$BATS_TEST_TMPDIR/headers"
}

# json FILTER: of the last body.
json()
{
	jq -er "$1" <<<"$body"
}

# refused STATUS CODE: the last answer is a refusal as RFC 9457 wants it, and says what to do.
refused()
{
	echo "answer: $status $body"
	[ "$status" = "$1" ] && [ "$(json .code)" = "$2" ] && [ "$(json .status)" = "$1" ] &&
		[ -n "$(json .detail)" ] && [ -n "$(json .hint)" ] &&
		[ "$(header Content-Type)" = application/problem+json ]
}

new_key()
{
	wg genkey | wg pubkey
}
