#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# What the tower costs, each figure beside a yardstick that was measured a moment before on the
# same machine. Ratios are worth more than numbers: machines differ and are busy.
set -euo pipefail
cd "$(dirname "$0")/../.."
# shellcheck source=tests/bench/rows.bash
source tests/bench/rows.bash

tools=${BUILD:-build/plain}/tests/bench/bench
tower_port=${BENCH_TOWER_PORT:-18480}
bare_port=${BENCH_BARE_PORT:-18481}
sender_port=$((bare_port + 1))
joins=${BENCH_JOINS:-$(size 10000 100)}
watchers=${BENCH_WATCHERS:-$(size 1000 10)}
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

tower_start() {
	"${BIN:-bin}/controltower" --listen="127.0.0.1:$tower_port" \
		--state-dir="$scratch/tower" --user=root --log-level=warn 2>>"$scratch/tower.log" &
	tower_pid=$!
	started+=("$tower_pid")
	wait_until 15 curl -fs -o "$scratch/readyz" "http://127.0.0.1:$tower_port/readyz"
}

api() { curl -fsS -H 'Content-Type: application/json' "http://127.0.0.1:$tower_port$1" "${@:2}"; }

bench_idle() {
	row "idle: resident" "$(kib "$tower_pid" Rss)" KiB "<= 6144"
	row "idle: private dirty" "$(private_kib "$tower_pid")" KiB
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
	ours=$(requests_per_second "http://127.0.0.1:$tower_port/zones/default")
	row "GET /zones/default" "${ours% *}" "a second" ">= 25000"
	row "GET /zones/default beside the bare library" "${ours% *}" "a second" ">= 0.5 x" \
		"bare libmicrohttpd" "${bare% *}"
	row "GET /zones/default, p99" "${ours#* }" ms "<= 5"
}

bench_joins() {
	local token disk many one
	token=$(api /zones/bench/tokens -d '{"Uses":0}' | jq -r .Token)
	disk=$("${tools}_bare_fdatasync" "$scratch/disk" "$(size 2000 50)")
	many=$("${tools}_joins" "$tower_port" bench "$token" "$joins" 64)
	one=$("${tools}_joins" "$tower_port" bench "$token" "$(size 1000 20)" 1)
	# shellcheck disable=SC2086 # the programs print words
	set -- $many
	row "durable joins, 64 at once" "$1" "a second" ">= 5000"
	row "durable joins, 64 at once, p99" "$3" ms "<= 20"
	# shellcheck disable=SC2086
	set -- $one
	row "durable joins, one at a time" "$1" "a second" ">= 0.6 x" fdatasync "$disk"
}

bench_fanout() {
	local bare ours
	"${tools}_bare_send" "$sender_port" 330 "$scratch/disk" &
	started+=($!)
	wait_until 5 port_listens "$sender_port"
	bare=$("${tools}_fanout" "$sender_port" - "$watchers" "$(size 50 3)")
	ours=$("${tools}_fanout" "$tower_port" fan "$watchers" "$(size 50 3)")
	row "one join seen by $watchers watchers, p50" "${ours% *}" ms "<= 1.3 x" \
		"fdatasync, bare send loop" "${bare% *}"
	row "resident with $joins peers" "$(kib "$tower_pid" Rss)" KiB
}

tower_start
bench_idle
bench_get
api /zones -d '{"Name":"bench","CIDR":"10.0.0.0/8"}' >/dev/null
api /zones -d '{"Name":"fan","CIDR":"10.0.0.0/8"}' >/dev/null
bench_joins
bench_fanout
