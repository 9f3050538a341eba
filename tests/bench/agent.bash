#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# The agent's rows of the table, inside a mount namespace of its own (wireguard-go keeps its sockets
# under /var/run): agent.sh CONTROLLER ZONE TOKEN-FILE DIR PEERS. Started by table.sh.
set -euo pipefail

controller=$1 zone=$2 token=$3 dir=$4 peers=$5
mount -t tmpfs none /run
mkdir -p /run/wireguard /run/aircrew
ip link set lo up
agent=

wait_until() {
	local deadline=$((SECONDS + $1))
	shift
	until "$@" >/dev/null 2>&1; do
		((SECONDS < deadline)) || { echo "bench: still not: $*" >&2; return 1; }
		read -rt 0.005 <> <(:) || true
	done
}
now_ms() { echo $((${EPOCHREALTIME/./} / 1000)); }
trap 'echo "bench: line $LINENO failed" >&2; tail -n 5 "$dir/agent.log" >&2' ERR
row() { printf '%-46s %14s   %-34s %s\n' "$1" "$2" "$3" "$4"; }
kib() { awk -v f="$2:" '$1 == f { print $2 }' "/proc/$1/smaps_rollup"; }
has_peers() { [ "$(wg show "$1" peers | wc -l)" = "$peers" ]; }
# The kernel's interface is up and the last peer (in the order of keys) is there.
is_up() { [ -e "/sys/class/net/$1" ] && has_peers "$1"; }

agent_start() {
	"${BIN:-bin}/aircrew" --controller="$controller" --zone="$zone" --join-token-file="$token" \
		--state-dir="$dir/state" --run-dir=/run/aircrew --interface=wg0 --daemon \
		--local-endpoint-ip=192.0.2.9 --log-level=warn 2>>"$dir/agent.log" &
	agent=$!
}
agent_stop() {
	kill "$agent"
	wait "$agent" 2>/dev/null || true
}

agent_start
wait_until 30 is_up wg0
# The snapshot is written a moment after the last change.
wait_until 10 test -s "$dir/state/cache.json"
wait_until 10 grep -q "\"$(wg show wg0 peers | sort | tail -1)\"" "$dir/state/cache.json"
row "agent with $peers peers: resident" "$(kib "$agent" Rss) KiB" "goal 15360 KiB" \
	"private $(($(kib "$agent" Private_Dirty) + $(kib "$agent" Private_Clean))) KiB (goal 3072 + 512)"
wg showconf wg0 >"$dir/wg.conf"
agent_stop
"${BIN:-bin}/aircrew" down --interface=wg0 --run-dir=/run/aircrew --state-dir="$dir/state" 2>>"$dir/agent.log"

# The yardstick: the same peers by wg(8) on the same user-space WireGuard.
from=$(now_ms)
wireguard-go -f wg1 </dev/null >/dev/null 2>&1 &
wait_until 5 test -S /var/run/wireguard/wg1.sock
timeout 20 wg setconf wg1 "$dir/wg.conf"
ip link set wg1 up
wait_until 10 is_up wg1
bare=$(($(now_ms) - from))
ip link del wg1

# Cold start from the cache, with the tower not to be reached.
controller=http://127.0.0.1:9
from=$(now_ms)
agent_start
wait_until 30 is_up wg0
ours=$(($(now_ms) - from))
row "agent, cold start from cache, $peers peers" "$ours ms" "wireguard-go + wg setconf $bare ms" \
	"x $(awk -v a="$ours" -v b="$bare" 'BEGIN { printf "%.2f", a / b }') (goal 1.30)"
agent_stop
"${BIN:-bin}/aircrew" down --interface=wg0 --run-dir=/run/aircrew --state-dir="$dir/state" 2>>"$dir/agent.log"
