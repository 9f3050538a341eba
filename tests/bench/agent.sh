#!/bin/bash
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# What the agent costs: its size, memory, starts, one event, and its time while nothing happens.
# With LAB_WIREGUARD=kernel, in the guest (kernel.sh), only what the kernel's WireGuard changes.
set -euo pipefail
cd "$(dirname "$0")/../.."
# shellcheck source=tests/bench/nodes.bash
source tests/bench/nodes.bash

tools=${BUILD:-build/plain}/tests/bench/bench
some=${BENCH_PEERS:-$(size 1000 20)}
most=${BENCH_PEERS_MOST:-$(size 10000 50)}
rounds=${BENCH_ROUNDS:-$(size 7 1)}
idle_s=${BENCH_IDLE:-$(size 20 1)}
here=$PWD
by_hand="wireguard-go, wg"
[ "$LAB_WIREGUARD" != kernel ] || by_hand="ip link add, wg"

bench_size()
{
	strip -o "$LAB_DIR/aircrew" "$BIN/aircrew"
	row "program, stripped" "$(quotient "$(stat -c %s "$LAB_DIR/aircrew")" 1024)" KiB "<= 400"
}

# From the bytes of the stream to the plan that is applied, with the data plane in memory.
bench_events() # COUNT
{
	local name peers value unit

	while read -r name peers value unit; do
		case $name in
		snapshot) row "snapshot of $peers peers, planned" "$value" "$unit" ;;
		memory) row "memory a peer, $peers peers" "$value" bytes "<= 524" ;;
		prefix-p50) row "a child prefix moves (two events), $peers peers, p50" "$value" "$unit" "<= 100" ;;
		*-p50) row "one event (${name%-p50}), $peers peers, p50" "$value" "$unit" "<= 50" ;;
		esac
	done < <("${tools}_agent_event" "$1")
}

# Half a MiB more for each thousand peers.
bench_memory() # COUNT
{
	row "resident, $1 peers" "$(kib "$agent_pid" Rss)" KiB "<= $((15360 + $1 * 512 / 1000))"
	row "private dirty, $1 peers" "$(kib "$agent_pid" Private_Dirty)" KiB \
		"<= $((3072 + $1 * 512 / 1000))"
}

# The first figure of schedstat: nanoseconds on a core.
bench_idle() # COUNT
{
	local before after

	read -r before _ <"/proc/$agent_pid/schedstat"
	read -rt "$idle_s" <> <(:) || :
	read -r after _ <"/proc/$agent_pid/schedstat"
	row "idle, $1 peers: share of a core" \
		"$(quotient $((after - before)) $((idle_s * 10000000)))" %
}

# milliseconds COMMAND…: the median of its runs.
milliseconds()
{
	local took=() from i

	for ((i = 0; i < rounds; i++)); do
		from=${EPOCHREALTIME/./}
		"$@" >"$LAB_DIR/said"
		took+=($((${EPOCHREALTIME/./} - from)))
	done
	quotient "$(median "${took[@]}")" 1000
}

bench_status() # COUNT
{
	row "status --json, $1 peers" "$(milliseconds node_exec a "$BIN/aircrew" status --json)" ms "" \
		"wg show dump" "$(milliseconds node_exec a wg show wg0 dump)"
}

# bench_starts WHAT MODE GOAL YARDSTICK OPTION…: each start beside one by wg(8), by turns.
bench_starts()
{
	local ours bare ratios

	node_exec a bash "$here/tests/bench/starts.bash" "$2" "$rounds" "$LAB_DIR/wg.conf" \
		"$BIN/aircrew" --wireguard="$LAB_WIREGUARD" --local-endpoint-ip="$(node_ip a)" \
		"${@:5}" >"$LAB_DIR/starts"
	mapfile -t ours < <(awk '{ print $1 / 1000 }' "$LAB_DIR/starts")
	mapfile -t bare < <(awk '{ print $2 / 1000 }' "$LAB_DIR/starts")
	mapfile -t ratios < <(awk '{ print $1 / $2 }' "$LAB_DIR/starts")
	row "$1" "$(median "${ours[@]}")" ms "$3" "$4" "$(median "${bare[@]}")" \
		"$(median "${ratios[@]}")"
}

# The tower cannot be reached. The goal is that of a thousand peers; our routes, one a peer, come on
# top of what wg(8) does.
bench_cached_starts() # COUNT
{
	local goal="<= 1.3 x"

	[ "$1" -eq "$some" ] || goal=
	bench_starts "cold start from the cache, $1 peers, no tower" cold "$goal" \
		"$by_hand setconf" --zone="z$1" --controller=http://127.0.0.1:9
}

# The agent went and comes back; meanwhile a peer was taken away.
bench_restarts() # COUNT
{
	bench_starts "restart beside a running interface, $1 peers" again "" "wg syncconf" \
		--zone="z$1" --controller=http://127.0.0.1:9
}

bench_zone() # COUNT
{
	zone_of "$1"
	agent_join a "z$1" "$1"
	if [ "$LAB_WIREGUARD" != kernel ]; then
		bench_memory "$1"
		bench_status "$1"
		bench_idle "$1"
	fi
	node_exec a wg showconf wg0 >"$LAB_DIR/wg.conf"
	node_stop a aircrew || :
	bench_restarts "$1"
	node_exec a ip link del wg0
	# A wireguard-go ends a moment later, and holds the port until then.
	wait_until 10 node_exec a test ! -e /run/wireguard/wg0.sock
	bench_cached_starts "$1"
	node_exec a rm -rf /var/lib/aircrew
}

lab_start tower a
sink_new a
# shellcheck disable=SC2119 # no options
tower_start
if [ "$LAB_WIREGUARD" != kernel ]; then
	bench_size
	bench_events "$most"
	agent_join a default 0
	bench_memory 0
	agent_down a
	node_exec a rm -rf /var/lib/aircrew
	rounds=$(((rounds + 1) / 2)) bench_zone "$most"
fi
bench_zone "$some"
