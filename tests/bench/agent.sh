#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# What the agent costs, in a lab of nodes (tests/lab.bash): memory, size, starts.
set -euo pipefail
cd "$(dirname "$0")/../.."
# shellcheck source=tests/bench/rows.bash
source tests/bench/rows.bash
# shellcheck source=tests/lab.bash
source tests/lab.bash

BIN=$(realpath "${BIN:-bin}")
tools=$(realpath "${BUILD:-build/plain}")/tests/bench/bench
many=${BENCH_PEERS:-$(size 1000 20)}
rounds=${BENCH_ROUNDS:-$(size 7 2)}
LAB_DIR=$(mktemp -d)

cleanup()
{
	local status=$?

	[ "$status" -eq 0 ] || tail -n 5 "$LAB_DIR"/*.log >&2
	[ -z "${LAB_FOREVER:-}" ] || lab_stop
	rm -rf "$LAB_DIR"
}
trap cleanup EXIT

agent_has_peers() # NODE COUNT
{
	node_has_peers "$1" "$2" && agent_is_in_sync "$1"
}

# Where the peers of zone_of would be: swallowed at once. An address that nobody has would make
# wireguard-go wait for ARP, three seconds for every 250 packets.
sink_new()
{
	node_exec a bash -c 'ip link add sink type veth peer name drain &&
		ip link set drain up && ip link set sink arp off up &&
		ip route add 192.0.2.1/32 dev sink'
}

# zone_of COUNT: a zone of so many peers that nobody runs.
zone_of()
{
	zone_create "z$1" 10.64.0.0/10
	node_exec tower "${tools}_joins" 8080 "z$1" "$(cat "$(zone_token_file "z$1")")" "$1" 32 \
		>"$LAB_DIR/joins"
}

# agent_join ZONE COUNT: the node a, until it has so many peers and has put them into its cache.
agent_join()
{
	agent_spawn a "$1" --log-level=warn
	wait_until 60 agent_has_peers a "$2"
	agent_pid=$(pgrep -P "${LAB_SPAWNED[a/aircrew]}")
}

# It, and what it made, goes; the cache stays.
agent_down()
{
	node_exec a "$BIN/aircrew" down
	node_wait a aircrew || :
}

bench_size()
{
	cp "$BIN/aircrew" "$LAB_DIR/aircrew" && strip "$LAB_DIR/aircrew"
	row "program, stripped" "$(($(stat -c %s "$LAB_DIR/aircrew") / 1024))" KiB "<= 400"
}

bench_memory() # COUNT
{
	row "resident with $1 peers" "$(kib "$agent_pid" Rss)" KiB "<= $((15360 + $1 * 512 / 1000))"
	row "private dirty with $1 peers" "$(private_kib "$agent_pid")" KiB "<= $((3072 + $1 * 512 / 1000))"
}

# Runs on the node: cold_start and bare_start, by turns; "<ms of ours> <ms of wg setconf>" a line.
# Ours is through when it says what it has set; that line goes into a pipe.
# shellcheck disable=SC2016 # expanded inside
START_SCRIPT='
set -euo pipefail
now_us() { echo "${EPOCHREALTIME/./}"; }
for ((i = 0; i < $2; i++)); do
	from=$(now_us)
	wireguard-go wg1 >/dev/null 2>&1
	wg setconf wg1 "$3"
	ip link set wg1 up
	bare=$(($(now_us) - from))
	ip link del wg1
	from=$(now_us)
	exec {said}< <(exec "$1" --controller=http://127.0.0.1:9 --zone="$4" \
		--local-endpoint-ip=192.0.2.99 2>&1)
	agent=$!
	while read -r -t 60 line <&"$said"; do
		[[ $line != *" peers-set="* ]] || break
	done
	ours=$(($(now_us) - from))
	[ "$(wg show wg0 peers | wc -l)" -eq "$5" ]
	kill "$agent"
	cat <&"$said" >/dev/null
	exec {said}<&-
	ip link del wg0
	echo "$ours $bare"
done'

bench_cold_start() # ZONE COUNT
{
	local ours bare

	node_exec a wg showconf wg0 >"$LAB_DIR/wg.conf"
	agent_down
	node_exec a bash -c "$START_SCRIPT" start "$BIN/aircrew" "$rounds" "$LAB_DIR/wg.conf" \
		"$1" "$2" >"$LAB_DIR/starts"
	mapfile -t ours < <(cut -d ' ' -f 1 "$LAB_DIR/starts")
	mapfile -t bare < <(cut -d ' ' -f 2 "$LAB_DIR/starts")
	row "cold start from the cache, $2 peers, no tower" "$(quotient "$(median "${ours[@]}")" 1000)" ms \
		"<= 1.3 x" "wireguard-go, wg setconf" "$(quotient "$(median "${bare[@]}")" 1000)"
}

bench_size
lab_start tower a
sink_new
# shellcheck disable=SC2119 # no options
tower_start
agent_join default 0
bench_memory 0
agent_down
node_exec a rm -rf /var/lib/aircrew
zone_of "$many"
agent_join "z$many" "$many"
bench_memory "$many"
bench_cold_start "z$many" "$many"
