#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# The certificate of the TLS listener while the tower runs.
# shellcheck disable=SC2154 # request sets status, body

load tower

WATCHERS=50

# certificate NAME DAYS: NAME.crt and NAME.key, good for so many days from now; with DAYS 0 it
# ended yesterday.
certificate()
{
	local at=$BATS_TEST_TMPDIR/$1 until

	until=$(date -u -d "$2 days $([ "$2" -gt 0 ] || echo '- 1 day')" +%Y%m%d%H%M%SZ)
	[ -s "$at.key" ] || openssl ecparam -name prime256v1 -genkey -noout -out "$at.key"
	openssl req -new -key "$at.key" -subj "/CN=$1" -out "$at.csr"
	printf 'subjectAltName=IP:127.0.0.1\n' >"$at.ext"
	(
		cd "$BATS_TEST_TMPDIR" || exit
		mkdir -p "ca-$1" && : >"ca-$1/index" && echo 01 >"ca-$1/serial"
		openssl ca -batch -notext -selfsign -md sha256 -keyfile "$1.key" -in "$1.csr" \
			-out "$1.crt" -startdate 20200101000000Z -enddate "$until" -extfile "$1.ext" \
			-config <(printf '[ca]\ndefault_ca=a\n[a]\ndatabase=%s\nserial=%s\n' \
				"ca-$1/index" "ca-$1/serial" &&
				printf 'new_certs_dir=.\npolicy=p\n[p]\ncommonName=supplied\n')
	)
}

pin_of() # NAME
{
	echo "sha256//$(openssl pkey -in "$BATS_TEST_TMPDIR/$1.key" -pubout -outform DER |
		openssl dgst -sha256 -binary | base64)"
}

# use NAME: these are the files that the tower was told of.
use()
{
	cp "$BATS_TEST_TMPDIR/$1.key" "$BATS_TEST_TMPDIR/used.key"
	cp "$BATS_TEST_TMPDIR/$1.crt" "$BATS_TEST_TMPDIR/used.crt"
}

tls_tower_start()
{
	TLS_PORT=$(free_port)
	(umask 077 && echo "admin-of-this-test" >"$BATS_TEST_TMPDIR/admin.token")
	tower_start --tls-listen="127.0.0.1:$TLS_PORT" --tls-cert="$BATS_TEST_TMPDIR/used.crt" \
		--tls-key="$BATS_TEST_TMPDIR/used.key" \
		--admin-token-file="$BATS_TEST_TMPDIR/admin.token" "$@"
}

# tls PATH [CURL-OPTION…]: over TLS as an admin, whoever vouches for the tower.
tls()
{
	curl -sSk --max-time 60 -H 'Authorization: Bearer admin-of-this-test' \
		"https://127.0.0.1:$TLS_PORT$1" "${@:2}"
}

shows() # NAME: a new connection sees this key
{
	tls /healthz --pinnedpubkey "$(pin_of "$1")"
}

says()
{
	grep -q -- "$1" "$BATS_TEST_TMPDIR/tower.log"
}

watchers_start()
{
	local i

	WATCHER_PIDS=()
	for ((i = 0; i < WATCHERS; i++)); do
		tls /zones/default/events -N >"$BATS_TEST_TMPDIR/watcher.$i" 3>&- &
		WATCHER_PIDS+=($!)
	done
	wait_until 20 all_watchers_have snapshot-end
}

all_watchers_have() # TEXT
{
	[ "$(grep -l -- "$1" "$BATS_TEST_TMPDIR"/watcher.* | wc -l)" -eq "$WATCHERS" ]
}

watchers_stop()
{
	local pid

	for pid in "${WATCHER_PIDS[@]}"; do
		kill "$pid" || return # one that has ended was dropped
	done
	WATCHER_PIDS=()
}

@test "a certificate is replaced while fifty streams go on" {
	certificate old 400
	certificate new 400
	use old
	tls_tower_start
	shows old
	watchers_start
	use new
	kill -HUP "$TOWER_PID"
	wait_until 5 shows new
	run ! shows old
	says "its key is another one"
	tls /zones/default -X PATCH -H 'Content-Type: application/json' \
		-d '{"Description":"after the change"}'
	wait_until 10 all_watchers_have "after the change"
	watchers_stop
	# Without its watchers the old one is let go, and a second replacement works as the first.
	use old
	kill -HUP "$TOWER_PID"
	wait_until 5 shows old
}

@test "the pin of a replaced certificate stands in the signpost at once" {
	local door

	door=$(free_port)
	certificate old 400
	certificate new 400
	use old
	tls_tower_start --signpost-listen="127.0.0.1:$door"
	wait_until 5 signpost_tells "$door" old
	use new
	kill -HUP "$TOWER_PID"
	wait_until 5 signpost_tells "$door" new
}

signpost_tells() # PORT NAME
{
	REDISCLI_AUTH=$(cat "$STATE_DIR/signpost.password") redis-cli --user signpost -p "$1" \
		HGETALL apex:signpost | grep -qF "$(pin_of "$2")"
}

@test "a certificate that does not do is refused, and the old one stays" {
	certificate old 400
	certificate other 400
	use old
	tls_tower_start
	cp "$BATS_TEST_TMPDIR/other.crt" "$BATS_TEST_TMPDIR/used.crt"
	kill -HUP "$TOWER_PID"
	wait_until 5 says "of another key; the certificate in use stays"
	shows old
	echo nonsense >"$BATS_TEST_TMPDIR/used.crt"
	kill -HUP "$TOWER_PID"
	wait_until 5 says "no certificate in PEM"
	shows old
	rm "$BATS_TEST_TMPDIR/used.key"
	kill -HUP "$TOWER_PID"
	wait_until 5 says "used.key: No such file"
	shows old
}

@test "a certificate that ends soon or has ended is told in log and readyz" {
	certificate tired 7
	certificate dead 0
	use tired
	tls_tower_start
	says "expires in 6 days"
	use dead
	kill -HUP "$TOWER_PID"
	wait_until 5 says "the certificate has expired"
	request "$URL/readyz"
	[ "$(date -d "$(json .certificateExpires)" +%s)" -lt "$(date +%s)" ]
	certificate fresh 300
	use fresh
	kill -HUP "$TOWER_PID"
	wait_until 5 shows fresh
	request "$URL/readyz"
	[ "$(date -d "$(json .certificateExpires)" +%s)" -gt "$(date +%s)" ]
}

@test "streams of a certificate replaced too often are ended, not kept for ever" {
	local i pid

	certificate 0 400
	use 0
	tls_tower_start
	tls /zones/default/events -N >"$BATS_TEST_TMPDIR/first" 3>&- &
	pid=$!
	wait_until 10 grep -q snapshot-end "$BATS_TEST_TMPDIR/first"
	for i in 1 2 3 4 5 6 7 8 9 10; do
		certificate "$i" 400
		use "$i"
		tls /zones/default/events -N >"$BATS_TEST_TMPDIR/watcher.$i" 3>&- &
		kill -HUP "$TOWER_PID"
		wait_until 5 shows "$i"
	done
	wait_until 10 not kill -0 "$pid"
	tower_stop
	wait
}

@test "a hang-up without TLS is told, and ends nothing" {
	tower_start
	kill -HUP "$TOWER_PID"
	wait_until 5 says "there is no certificate to replace"
	get /healthz
	[ "$status" = 200 ]
}
