#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# An agent in a zone of ten thousand peers, its data plane in memory: real tower, real stream.

load tower

PEERS=10000
BURST=300

# add_peers FIRST COUNT: by the tower's own interface, so many at once.
add_peers()
{
	awk -v first="$1" -v count="$2" -v url="$URL/zones/blue/peers" 'BEGIN {
		for (i = first; i < first + count; i++) {
			print (i > first ? "next\n" : "") "fail\nsilent\nshow-error\noutput = /dev/null\nurl = \"" url "\""
			print "header = \"Content-Type: application/json\""
			printf "data = \"{\\\"PublicKey\\\":\\\"%08dAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\\\"}\"\n", i
		}
	}' >"$BATS_TEST_TMPDIR/peers"
	curl --parallel --parallel-max 64 -K "$BATS_TEST_TMPDIR/peers"
}

agent_start()
{
	"$BIN/aircrew" --controller="$URL" --zone=blue --join-token-file="$BATS_TEST_TMPDIR/token" \
		--state-dir="$BATS_TEST_TMPDIR/node" --run-dir="$BATS_TEST_TMPDIR/node" \
		--interface=wg-size --local-endpoint-ip=192.0.2.9 --dry-run --daemon \
		2>>"$BATS_TEST_TMPDIR/agent.log" 3>&- &
	AGENT_PID=$!
}

# Whether WireGuard holds that many peers, and all is as the zone says.
agent_has()
{
	"$BIN/aircrew" status --json --run-dir="$BATS_TEST_TMPDIR/node" |
		jq -e --argjson n "$1" '.InSync and ([.Peers[] | select(.InWireGuard)] | length) == $n'
}

# 3 MB of its own, and half a one for each thousand peers.
agent_is_small()
{
	[ "$(awk '/^Private_Dirty/ { print $2 }' "/proc/$AGENT_PID/smaps_rollup")" -le \
		$((3072 + PEERS * 512 / 1000)) ]
}

# How often a plan was carried out that set peers.
plans()
{
	grep -c 'reconcile info: .*peers-set=' "$BATS_TEST_TMPDIR/agent.log"
}

@test "ten thousand peers: within its memory, a burst is one plan, and up from the cache without a tower" {
	tower_start
	send POST /zones '{"Name":"blue","CIDR":"10.0.0.0/8"}'
	send POST /zones/blue/tokens '{}'
	json .Token >"$BATS_TEST_TMPDIR/token"
	mkdir -m 700 "$BATS_TEST_TMPDIR/node"
	add_peers 0 "$PEERS"
	agent_start
	wait_until 30 agent_has "$PEERS"

	# A sanitizer takes its own.
	ldd "$BIN/aircrew" | grep -q libasan || wait_until 15 agent_is_small

	# What waits in the connection is read at once.
	before=$(plans)
	kill -STOP "$AGENT_PID"
	add_peers "$PEERS" "$BURST"
	kill -CONT "$AGENT_PID"
	wait_until 10 agent_has $((PEERS + BURST))
	[ $(($(plans) - before)) -le $((BURST / 20)) ]

	kill "$AGENT_PID"
	wait "$AGENT_PID"
	tower_stop
	agent_start
	wait_until 30 agent_has $((PEERS + BURST))
	grep -q "started from the cache: zone=blue, $((PEERS + BURST + 1)) peers" \
		"$BATS_TEST_TMPDIR/agent.log"
}
