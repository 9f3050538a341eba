#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# What the tower costs, each figure beside a yardstick that was measured a moment before on the
# same machine. Ratios are worth more than numbers: machines differ and are busy.
set -euo pipefail
cd "$(dirname "$0")/../.."
# shellcheck source=tests/bench/rows.bash
source tests/bench/rows.bash

tools=${BUILD:-build/plain}/tests/bench/bench
port=${BENCH_TOWER_PORT:-18480}
tls_port=$((port + 1))
second_port=$((port + 2)) # of a second tower on the same Redis
bare_port=$((port + 3))
streams_port=$((port + 4)) # of the bare sender
joins=${BENCH_JOINS:-$(size 10000 100)}
total=${BENCH_PEERS:-$(size 100000 300)} # peers, in the end
watchers=${BENCH_WATCHERS:-$(size 10000 10)}
nodes=${BENCH_NODES:-$(size 1000 10)}
rounds=${BENCH_ROUNDS:-$(size 20 3)}
seconds=${BENCH_SECONDS:-$(size 4 1)}
scratch=$(mktemp -d)
declare -a started=()

cleanup() {
	local pid
	for pid in "${started[@]}"; do kill "$pid" 2>/dev/null || true; done
	for pid in "${started[@]}"; do wait "$pid" 2>/dev/null || true; done
	rm -rf "$scratch"
}
trap cleanup EXIT

# tower_start [OPTION…]: a tower and its private redis-server, as a user starts it.
tower_start() {
	"${BIN:-bin}/controltower" --listen="127.0.0.1:$port" "$@" \
		--state-dir="$scratch/tower" --user=root --log-level=warn 2>>"$scratch/tower.log" &
	tower_pid=$!
	started+=("$tower_pid")
	wait_until 15 curl -fs -o "$scratch/readyz" "http://127.0.0.1:$port/readyz"
}

tower_stop() { # [SIGNAL]
	kill "-${1:-TERM}" "$tower_pid"
	wait "$tower_pid" 2>/dev/null || true
}

# That streams have gone is noticed a heartbeat later: who opens as many again wants a fresh tower.
tower_renew() {
	tower_stop
	tower_start --tls-listen="127.0.0.1:$tls_port"
}

api() { curl -fsS -H 'Content-Type: application/json' "http://127.0.0.1:$port$1" "${@:2}"; }

zone_with_token() { # NAME FILE
	api /zones -d "{\"Name\":\"$1\",\"CIDR\":\"10.0.0.0/8\"}" >"$scratch/zone"
	api "/zones/$1/tokens" -d '{"Uses":0}' | jq -r .Token >"$2"
}

bench_size() {
	strip -o "$scratch/stripped" "${BIN:-bin}/controltower"
	row "size, stripped" "$(($(stat -c %s "$scratch/stripped") / 1000))" kB "<= 800"
}

bench_idle() {
	row "idle: resident" "$(kib "$tower_pid" Rss)" KiB "<= 6144"
	row "idle: private dirty" "$(private_kib "$tower_pid")" KiB
	tower_renew
	row "idle, TLS too: resident" "$(kib "$tower_pid" Rss)" KiB
}

requests_per_second() {
	wrk -t1 -c32 -d"${seconds}s" --latency "$1" |
		awk '/Requests\/sec/ { r = $2 }
			/99%/ { p = $2 * ($2 ~ /us$/ ? 0.001 : $2 ~ /ms$/ ? 1 : 1000) }
			END { printf "%d %s", r, p }'
}

bench_get() {
	local bytes bare ours
	bytes=$(api /zones/default | wc -c)
	"${tools}_bare_http" "$bare_port" "$bytes" &
	started+=($!)
	wait_until 5 port_listens "$bare_port"
	bare=$(requests_per_second "http://127.0.0.1:$bare_port/")
	kill "${started[-1]}"
	ours=$(requests_per_second "http://127.0.0.1:$port/zones/default")
	row "GET /zones/default" "${ours% *}" "a second" ">= 25000"
	row "GET /zones/default beside the bare library" "${ours% *}" "a second" ">= 0.5 x" \
		"bare libmicrohttpd" "${bare% *}"
	row "GET /zones/default, p99" "${ours#* }" ms "<= 5"
}

# What Redis alone takes for the same work: the same bytes by a script, one under way.
redis_alone() {
	redis-benchmark -s "$scratch/tower/redis.sock" -c 1 -n "$(size 2000 50)" --csv \
		EVAL "redis.call('HMGET', 'x:m', 'a', 'b', 'c') redis.call('XADD', 'x:l', '*', 'c', ARGV[1])
			redis.call('HSET', 'x:t', '__rand_int__', ARGV[1]) redis.call('HSET', 'x:o', 'o', ARGV[1])
			redis.call('HSET', 'x:m', 'a', '1', 'b', '2') return {'ok'}" 0 "$(printf 'x%.0s' {1..400})" |
		awk -F '","' 'END { print $2 }'
}

bench_joins() {
	local disk crowd one
	zone_with_token bench "$scratch/token"
	disk=$("${tools}_bare_fdatasync" "$scratch/disk" "$(size 2000 50)")
	read -r -a crowd < <("${tools}_joins" "$port" bench "$(cat "$scratch/token")" "$joins" 64 "$scratch/tickets")
	read -r -a one < <("${tools}_joins" "$port" bench "$(cat "$scratch/token")" "$(size 1000 20)" 1)
	row "durable joins, 64 at once" "${crowd[0]}" "a second" ">= 5000"
	row "durable joins, 64 at once, p99" "${crowd[2]}" ms "<= 20"
	row "durable joins, one at a time" "${one[0]}" "a second" ">= 0.6 x" fdatasync "$disk"
	row "durable joins, one at a time, beside Redis alone" "${one[0]}" "a second" "" \
		"redis-server, the same writes" "$(redis_alone)"
}

bench_list() {
	local took=() i
	for ((i = 0; i < 9; i++)); do
		took+=("$(curl -fs -o "$scratch/list" -w '%{time_total}\n' "http://127.0.0.1:$port/zones/bench/peers" |
			awk '{ print $1 * 1000 }')")
	done
	row "list of $(jq length "$scratch/list") peers" "$(median "${took[@]}")" ms "<= 50"
}

# A second tower on the first one's Redis: what it takes until it answers.
bench_start() { # PEERS GOAL-MS
	local took=() i
	for ((i = 0; i < 5; i++)); do
		took+=("$("${tools}_start" "$second_port" /zones/default "${BIN:-bin}/controltower" \
			--redis="unix://$scratch/tower/redis.sock" --listen="127.0.0.1:$second_port" \
			--secret-dir="$scratch/tower/secrets" --state-dir="$scratch/second" --user=root \
			--log-level=error)")
	done
	row "start with $1 peers in Redis" "$(median "${took[@]}")" ms "<= $2"
}

# bench_fanout plain|tls MEMORY-GOAL-KIB
bench_fanout() {
	tower_renew
	local bare ours stream=$port yardstick="fdatasync, bare send loop" certificate=()
	if [ "$1" = tls ]; then
		stream=$tls_port yardstick="fdatasync, bare GnuTLS loop"
		certificate=("$scratch/bare.crt" "$scratch/bare.key")
	fi
	"${tools}_bare_send" "$bare_port" "$streams_port" 330 "$scratch/disk" "${certificate[@]}" &
	started+=($!)
	wait_until 5 port_listens "$bare_port"
	read -r -a bare < <("${tools}_fanout" "$bare_port" "$streams_port" - "$watchers" "$rounds" "$1" - 0)
	read -r -a ours < <("${tools}_fanout" "$port" "$stream" bench "$watchers" "$rounds" "$1" "$scratch/tickets" "$tower_pid")
	row "one join seen by $watchers watchers, $1, p50" "${ours[0]}" ms "<= 1.3 x" "$yardstick" "${bare[0]}"
	row "$joins peers, $watchers watchers, $1: resident" "${ours[2]}" KiB "<= $2"
}

bench_zone() {
	local took
	zone_with_token thousand "$scratch/thousand"
	read -r -a took < <("${tools}_zone" "$port" thousand "$nodes" "$(cat "$scratch/thousand")" "$(size 100 3)")
	row "zone of $nodes nodes: one join known to all, p99" "${took[1]}" ms "<= 100"
	row "zone of $nodes nodes: $nodes join at once, known to all" "${took[2]}" ms "<= 3000"
}

# bench_resume plain|tls GOAL-MS: the tower is killed and started again; all its nodes come back.
bench_resume() {
	tower_renew
	local stream=$port took
	if [ "$1" = tls ]; then stream=$tls_port; fi
	"${tools}_resume" "$port" "$stream" bench "$watchers" "$scratch/tickets" "$1" >"$scratch/resume" &
	started+=($!)
	wait_until 120 grep attached "$scratch/resume"
	tower_stop KILL
	tower_start --tls-listen="127.0.0.1:$tls_port"
	wait "${started[-2]}"
	read -r -a took < <(tail -n 1 "$scratch/resume")
	row "tower killed: $watchers nodes resumed by revision, $1" "${took[0]}" ms "<= $2"
	row "tower killed: the tower was ready again, $1" "${took[1]}" ms
	row "tower killed: most bytes to a node, $1" "${took[2]}" bytes "<= 2048"
}

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=localhost \
	-keyout "$scratch/bare.key" -out "$scratch/bare.crt" 2>"$scratch/openssl.log"
bench_size
tower_start
bench_idle
bench_get
bench_joins
bench_list
bench_start "$joins" 300
bench_fanout plain 40960
bench_resume plain 5000
bench_fanout tls 256000
bench_resume tls 30000
bench_zone
"${tools}_joins" "$port" bench - "$((total - joins))" 64 >"$scratch/joined"
bench_start "$total" 3000
