#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# The signpost: what towers write there, and what its password opens.
# shellcheck disable=SC2154 # request and run set status, body, output
# shellcheck disable=SC2153,SC2030,SC2031 # PORT is the tower's; each test is a shell of its own

load tower
load redis

# signpost_start [OPTION…]: a tower with a private Redis that listens.
signpost_start()
{
	DOOR=${DOOR:-$(free_port)}
	TLS_PORT=${TLS_PORT:-$(free_port)}
	tower_start --tls-listen="127.0.0.1:$TLS_PORT" --signpost-listen="127.0.0.1:$DOOR" "$@"
	wait_until 10 readyz signpost written
	PASSWORD=$(<"$STATE_DIR/signpost.password")
}

# readyz FIELD VALUE [URL]
readyz()
{
	[ "$(curl -fsS "${3:-$URL}/readyz" | jq -r ".$1")" = "$2" ]
}

# field N of this Redis's signpost, by the signpost's password.
signpost()
{
	as "$PASSWORD" "$DOOR" HGETALL apex:signpost
}

# signpost_field PATTERN: the value of the field whose name matches; Redis keeps no order.
signpost_field()
{
	signpost | sed -n "/^$1\$/{n;p;q}"
}

signpost_says()
{
	signpost | grep -q -- "$1"
}

# The redis-server that the tower started.
redis_of_tower()
{
	pgrep -P "$TOWER_PID" -x redis-server
}

restarted()
{
	local now

	now=$(redis_of_tower) && [ "$now" != "$1" ] && redis_answers "$DOOR"
}

@test "the signpost's password opens nothing but PING and HGETALL, also after restarts" {
	local log=$BATS_TEST_TMPDIR/tower.log before

	signpost_start
	[ "$(grep -cF "$PASSWORD" "$log")" -eq 1 ]
	[ "$(stat -c %a "$STATE_DIR/signpost.password" "$STATE_DIR/users.acl" | sort -u)" = 600 ]
	run ! grep -qF "$PASSWORD" "$STATE_DIR/users.acl"
	run ! grep -qzF "$PASSWORD" "/proc/$(redis_of_tower)/cmdline"
	redis_opens_signpost_alone "$DOOR" "$PASSWORD" filled

	send POST /zones '{"Name":"x","CIDR":"10.0.0.0/8"}'
	[ "$status" = 201 ]
	before=$(redis_of_tower)
	kill -KILL "$before"
	wait_until 10 restarted "$before"
	redis_opens_signpost_alone "$DOOR" "$PASSWORD" filled
	wait_until 10 readyz status ready

	tower_stop TERM
	signpost_start
	[ "$(grep -cF "$PASSWORD" "$log")" -eq 1 ]
	redis_opens_signpost_alone "$DOOR" "$PASSWORD" filled
	readyz signpostOpens signpost
	get /zones/x # what restarts must not take away
	[ "$status" = 200 ]
}

@test "tells a tower's URL, its pin and its STUN port, and the join secret of the day" {
	local pin day entry

	signpost_start --stun-listen="127.0.0.1:$(free_port)" --advertise-url=https://tower.example:443
	pin=$(grep -o 'sha256//[A-Za-z0-9+/=]*' "$BATS_TEST_TMPDIR/tower.log" | tail -n 1)
	entry=$(signpost_field 'tower:[0-9a-f]*')
	[ "$(jq -r .url <<<"$entry")" = https://tower.example:443 ]
	[ "$(jq -r .pin <<<"$entry")" = "$pin" ]
	[[ "$(jq -r .stun <<<"$entry")" =~ ^:[0-9]+$ ]]
	[ "$(jq -r .until <<<"$entry")" -gt "$(now_ms)" ]
	[ "$(jq -r .until <<<"$entry")" -le $(($(now_ms) + 60000)) ]
	day=$(($(now_ms) / 86400000))
	[[ "$(signpost_field join)" =~ ^aps\.($day|$((day - 1)))\.[A-Za-z0-9_-]{43}$ ]]
}

@test "opens no port unless asked, and none but with TLS to tell of" {
	tower_start
	[ "$(ss -Hltnp | grep -c "pid=$(redis_of_tower),")" -eq 0 ]
	readyz signpost off
	tower_stop TERM
	DOOR=$(free_port)
	tower_start --signpost-listen="127.0.0.1:$DOOR"
	PASSWORD=$(<"$STATE_DIR/signpost.password")
	grep -q 'signpost stays empty.*--tls-listen' "$BATS_TEST_TMPDIR/tower.log"
	[ -z "$(signpost)" ]
}

# second_start [OPTION…]: another tower on the same Redis and with the same secrets.
second_start()
{
	SECOND_PORT=${SECOND_PORT:-$(free_port)}
	SECOND_TLS=${SECOND_TLS:-$(free_port)}
	"$BIN/controltower" --listen="127.0.0.1:$SECOND_PORT" --state-dir="$BATS_TEST_TMPDIR/second" \
		--secret-dir="$STATE_DIR/secrets" --user="$(id -un)" --tls-listen="127.0.0.1:$SECOND_TLS" \
		--signpost "$@" 2>>"$BATS_TEST_TMPDIR/second.log" 3>&- &
	SECOND_PID=$!
	wait_until 15 readyz signpost written "http://127.0.0.1:$SECOND_PORT"
}

@test "two towers stand in one signpost; one that stops takes its entry away, a killed one finds it again" {
	local dir=$BATS_TEST_TMPDIR/acl redis secret

	"$BIN/controltower" redis-acl --dir="$dir"
	redis_start --aclfile "$dir/users.acl"
	redis=(--redis="redis://tower@127.0.0.1:$REDIS_PORT" --redis-password-file="$dir/tower.password")
	DOOR=$REDIS_PORT PASSWORD=$(<"$dir/signpost.password") TLS_PORT=$(free_port)
	# One that has been gone for two days, one that has for an hour, one of a later version.
	REDISCLI_AUTH=$(<"$dir/tower.password") redis-cli --no-auth-warning --user tower -p "$DOOR" \
		HSET apex:signpost tower:00000000000000aa \
		"{\"url\":\"https://old:1\",\"pin\":\"\",\"stun\":\"\",\"until\":$(($(now_ms) - 172800000))}" \
		tower:00000000000000bb \
		"{\"url\":\"https://late:1\",\"pin\":\"\",\"stun\":\"\",\"until\":$(($(now_ms) - 3600000))}" \
		tower:00000000000000cc '{"later":1}' later x
	tower_start --tls-listen="127.0.0.1:$TLS_PORT" --signpost "${redis[@]}"
	wait_until 10 readyz signpost written
	wait_until 10 not signpost_says //old:1
	signpost_says //late:1
	signpost_says '"later"'
	secret=$(signpost | grep '^aps\.')
	second_start "${redis[@]}"
	signpost_says "https://:$TLS_PORT"
	signpost_says "https://:$SECOND_TLS"
	[ "$(signpost | grep '^aps\.')" = "$secret" ]

	kill -KILL "$SECOND_PID"
	wait "$SECOND_PID" || :
	signpost_says "https://:$SECOND_TLS"
	second_start "${redis[@]}"
	[ "$(signpost | grep -c "https://:$SECOND_TLS")" -eq 1 ]
	kill "$SECOND_PID"
	wait "$SECOND_PID"
	run ! signpost_says "https://:$SECOND_TLS"
	signpost_says "https://:$TLS_PORT"
	readyz signpostOpens signpost
	redis_opens_signpost_alone "$DOOR" "$PASSWORD" filled
}

@test "says when the signpost's password opens more than it should, or nothing" {
	redis_start
	tower_start --redis="redis://127.0.0.1:$REDIS_PORT" --tls-listen="127.0.0.1:$(free_port)" --signpost
	wait_until 10 readyz signpost written
	readyz signpostOpens "no more than anybody has: user 'default' has no password"
	grep -q "signpost's password opens no more than anybody has: .*redis-acl" \
		"$BATS_TEST_TMPDIR/tower.log"
	tower_stop TERM
	redis-cli -p "$REDIS_PORT" ACL SETUSER tower on '>pass' '~*' '&*' +@all
	redis-cli -p "$REDIS_PORT" ACL SETUSER default reset on '>other'
	redis-cli -p "$REDIS_PORT" --user tower --pass pass ACL SETUSER signpost on '>shown' +@read '~*'
	tower_start --redis="redis://tower:pass@127.0.0.1:$REDIS_PORT" \
		--tls-listen="127.0.0.1:$(free_port)" --signpost
	wait_until 10 readyz signpost written
	grep -q "opens more than the signpost: user 'signpost' has +@read" "$BATS_TEST_TMPDIR/tower.log"
	redis-cli -p "$REDIS_PORT" --user tower --pass pass ACL DELUSER signpost
	tower_stop TERM
	tower_start --redis="redis://tower:pass@127.0.0.1:$REDIS_PORT" \
		--tls-listen="127.0.0.1:$(free_port)" --signpost
	wait_until 10 readyz signpost written
	grep -q "opens nothing: user 'default' may not" "$BATS_TEST_TMPDIR/tower.log"
}
