#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# What tower and agent cost, each figure beside a yardstick that was measured a moment before on the
# same machine. Ratios are worth more than numbers: machines differ and are busy.
set -euo pipefail
cd "$(dirname "$0")/../.."

tools=${BUILD:-build/plain}/tests/bench/bench
tower_port=${BENCH_TOWER_PORT:-18480}
bare_port=${BENCH_BARE_PORT:-18481}
sender_port=$((bare_port + 1))
relay_port=$((bare_port + 2))
joins=${BENCH_JOINS:-10000}
watchers=${BENCH_WATCHERS:-1000}
peers=${BENCH_PEERS:-1000}
seconds=${BENCH_SECONDS:-4}
scratch=$(mktemp -d)
net=apexbench$$
declare -a started=()

cleanup() {
	local pid
	for pid in "${started[@]}"; do kill "$pid" 2>/dev/null || true; done
	for pid in "${started[@]}"; do wait "$pid" 2>/dev/null || true; done
	if ip netns list 2>/dev/null | grep -w "$net" >/dev/null; then
		ip netns pids "$net" | xargs -r kill 2>/dev/null || true
		ip netns del "$net"
	fi
	rm -rf "$scratch"
}
trap cleanup EXIT

# wait_until SECONDS COMMAND…: until the command succeeds.
wait_until() {
	local deadline=$((SECONDS + $1))
	shift
	until "$@" >/dev/null 2>&1; do
		((SECONDS < deadline)) || { echo "bench: still not: $*" >&2; return 1; }
		read -rt 0.02 <> <(:) || true
	done
}

row() { printf '%-46s %14s   %-34s %s\n' "$1" "$2" "$3" "$4"; }
ratio() { awk -v a="$1" -v b="$2" 'BEGIN { if (b > 0) printf "%.2f", a / b; else print "-" }'; }
kib() { awk -v f="$2:" '$1 == f { print $2 }' "/proc/$1/smaps_rollup"; }
port_listens() { ss -Hltn "sport = :$1" | grep . >/dev/null; }

tower_start() {
	"${BIN:-bin}/controltower" --listen="127.0.0.1:$tower_port" --state-dir="$scratch/tower" --user=root --log-level=warn 2>>"$scratch/tower.log" &
	tower_pid=$!
	started+=("$tower_pid")
	wait_until 15 curl -fs "http://127.0.0.1:$tower_port/readyz"
}

api() { curl -fsS -H 'Content-Type: application/json' "http://127.0.0.1:$tower_port$1" "${@:2}"; }

bench_idle() {
	row "tower, idle: resident" "$(kib "$tower_pid" Rss) KiB" "goal 6144 KiB" \
		"private $(($(kib "$tower_pid" Private_Dirty) + $(kib "$tower_pid" Private_Clean))) KiB"
}

requests_per_second() {
	wrk -t1 -c32 -d"${seconds}s" --latency "$1" |
		awk '/Requests\/sec/ { r = $2 } /99%/ { p = $2 } END { printf "%d %s", r, p }'
}

bench_get() {
	local bytes bare ours
	bytes=$(api /zones/default | wc -c)
	"${tools}_bare_http" "$bare_port" "$bytes" &
	started+=($!)
	wait_until 5 port_listens "$bare_port"
	bare=$(requests_per_second "http://127.0.0.1:$bare_port/")
	ours=$(requests_per_second "http://127.0.0.1:$tower_port/zones/default")
	row "GET /zones/default, a second" "${ours% *}" "bare libmicrohttpd ${bare% *}" \
		"x $(ratio "${ours% *}" "${bare% *}") (goal 0.50), p99 ${ours#* }"
}

bench_joins() {
	local token disk many one
	token=$(api /zones/bench/tokens -d '{"Uses":0}' | jq -r .Token)
	disk=$("${tools}_bare_fdatasync" "$scratch/disk" 2000)
	many=$("${tools}_joins" "$tower_port" bench "$token" "$joins" 64)
	one=$("${tools}_joins" "$tower_port" bench "$token" 1000 1)
	# shellcheck disable=SC2086 # the programs print words
	set -- $many
	row "durable joins, 64 at once, a second" "$1" "goal 5000" "p50 $2 ms, p99 $3 ms"
	# shellcheck disable=SC2086
	set -- $one
	row "durable joins, one at a time, a second" "$1" "fdatasync $disk a second" \
		"x $(ratio "$1" "$disk") (goal 0.60)"
}

bench_fanout() {
	local bare ours
	"${tools}_bare_send" "$sender_port" 330 "$scratch/disk" &
	started+=($!)
	wait_until 5 port_listens "$sender_port"
	bare=$("${tools}_fanout" "$sender_port" - "$watchers" 50)
	ours=$("${tools}_fanout" "$tower_port" fan "$watchers" 50)
	row "one join seen by $watchers watchers, p50" "${ours% *} ms" "fdatasync, bare send loop ${bare% *} ms" \
		"x $(ratio "${ours% *}" "${bare% *}") (goal 1.30 at 10000)"
	row "tower with $joins peers, $watchers seen: resident" "$(kib "$tower_pid" Rss) KiB" "" ""
}

# The agent joins through the tower's loopback, then lives alone in a mount namespace: wireguard-go's
# sockets stand under /var/run. The kernel's names of its links are the namespace's own as well.
bench_agent() {
	local dir="$scratch/agent" relay=$relay_port
	mkdir -p "$dir"
	api /zones -d '{"Name":"agent","CIDR":"10.77.0.0/16"}' >/dev/null
	api /zones/agent/tokens -d '{"Uses":0}' | jq -r .Token >"$dir/token"
	"${tools}_joins" "$tower_port" agent "$(cat "$dir/token")" "$peers" 32 >/dev/null
	ip netns add "$net"
	ip -n "$net" link set lo up
	# Loopback of one namespace to loopback of the other, through a socket in the file system.
	socat "UNIX-LISTEN:$dir/tower.sock,fork" "TCP:127.0.0.1:$tower_port" &
	started+=($!)
	ip netns exec "$net" socat "TCP-LISTEN:$relay,bind=127.0.0.1,fork,reuseaddr" "UNIX:$dir/tower.sock" &
	started+=($!)
	wait_until 5 ip netns exec "$net" bash -c ": <>/dev/tcp/127.0.0.1/$relay"
	ip netns exec "$net" unshare -m --propagation private tests/bench/agent.bash \
		"http://127.0.0.1:$relay" agent "$dir/token" "$dir" "$peers"
}

printf '%-46s %14s   %-34s %s\n' what figure yardstick ratio
tower_start
bench_idle
bench_get
api /zones -d '{"Name":"bench","CIDR":"10.0.0.0/8"}' >/dev/null
api /zones -d '{"Name":"fan","CIDR":"10.0.0.0/8"}' >/dev/null
bench_joins
bench_fanout
bench_agent
