#!/bin/bash
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# The data path: a TCP stream from node to node through the mesh, between two such streams through a
# WireGuard link made by hand on the same nodes with the same MTU, five times over.
set -euo pipefail
cd "$(dirname "$0")/../.."
# shellcheck source=tests/bench/nodes.bash
source tests/bench/nodes.bash

pairs=${BENCH_PAIRS:-$(size 5 1)}
seconds=${BENCH_SECONDS:-$(size 3 1)}

# by_hand NODE OTHER ADDRESS PEER-ADDRESS: wg9 on NODE, with OTHER as its one peer.
by_hand()
{
	local node=$1 other=$2 mtu

	mtu=$(node_exec "$node" cat /sys/class/net/wg0/mtu)
	if [ "$LAB_WIREGUARD" = kernel ]; then
		node_exec "$node" ip link add wg9 type wireguard
	else
		node_exec "$node" wireguard-go wg9 >"$LAB_DIR/wireguard-go" 2>&1
	fi
	node_exec "$node" bash -c "wg set wg9 listen-port 51829 private-key $LAB_DIR/$node.key \
		peer $(wg pubkey <"$LAB_DIR/$other.key") endpoint $(node_ip "$other"):51829 \
		allowed-ips $4/32 && ip address add $3/24 dev wg9 && ip link set wg9 mtu $mtu up"
}

# Megabits a second that b received from a.
stream() # ADDRESS
{
	node_exec a iperf3 --json -c "$1" -t "$seconds" >"$LAB_DIR/iperf3.json"
	jq '.end.sum_received.bits_per_second / 1e6' "$LAB_DIR/iperf3.json"
}

# Packets that were cut, or came in pieces, on both nodes.
fragments()
{
	local node

	for node in a b; do
		node_exec "$node" cat /proc/net/snmp
	done | awk '$1 == "Ip:" && $2 == "Forwarding" { for (i = 2; i <= NF; i++) name[i] = $i }
		$1 == "Ip:" && $2 != "Forwarding" { for (i = 2; i <= NF; i++)
			if (name[i] == "FragCreates" || name[i] == "ReasmReqds") sum += $i }
		END { print sum + 0 }'
}

# Rules of routing, and lines of nftables, that a packet may meet on a.
rules()
{
	node_exec a bash -c 'ip rule; ip -6 rule; nft list ruleset' | wc -l
}

bench_stream()
{
	local ours=() bare=() ratios=() address i before

	address=$(agent_address b)
	before=$(fragments)
	bare+=("$(stream 10.250.0.2)")
	for ((i = 0; i < pairs; i++)); do
		ours+=("$(stream "$address")")
		bare+=("$(stream 10.250.0.2)")
		ratios+=("$(awk -v a="${bare[i]}" -v us="${ours[i]}" -v b="${bare[i + 1]}" \
			'BEGIN { print us / ((a + b) / 2) }')")
	done
	row "stream from node to node" "$(median "${ours[@]}")" Mbit/s ">= 0.97 x" \
		"WireGuard link by hand" "$(median "${bare[@]}")" "$(median "${ratios[@]}")"
	row "fragments in all these streams" $(($(fragments) - before)) packets "<= 0"
}

lab_start tower a b
# shellcheck disable=SC2119 # no options
tower_start
rules_before=$(rules)
agent_start a default
agent_start b default
row "rules of ours that a packet meets" $(($(rules) - rules_before)) rules "<= 4"
for node in a b; do (umask 077 && wg genkey >"$LAB_DIR/$node.key"); done
by_hand a b 10.250.0.1 10.250.0.2
by_hand b a 10.250.0.2 10.250.0.1
node_spawn b iperf3 iperf3 -s
wait_until 5 node_exec b bash -c 'ss -Hltn "sport = :5201" | grep .'
node_reaches b "$(agent_address a)"
node_reaches a 10.250.0.2
bench_stream
