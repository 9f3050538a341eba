#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Two hundred agents of one zone, their data plane replaced, so that one machine can hold them.

load net

AGENTS=200

agents_spawn()
{
	local token

	token=$(zone_token_file default)
	# shellcheck disable=SC2016 # expanded inside
	node_spawn tower agents bash -c '
		for ((i = 1; i <= $1; i++)); do
			"$2" --dry-run --controller=https://127.0.0.1:8443 --controller-pin="$3" \
				--join-token-file="$4" --state-dir="/var/lib/agents/$i" \
				--run-dir="/run/agents/$i" --hostname="agent$i" \
				--local-endpoint-ip=192.0.2.2 --interface="wg$i" &
		done
		wait' agents "$AGENTS" "$BIN/aircrew" "$TOWER_PIN" "$token"
}

# "<revision> <number of peers> <checksum of their keys and addresses, the agent itself included>"
views()
{
	# shellcheck disable=SC2016 # expanded inside
	node_exec tower bash -c '
		for ((i = 1; i <= $1; i++)); do
			"$2" status --json --run-dir="/run/agents/$i" || exit
		done' views "$AGENTS" "$BIN/aircrew" |
		jq -r '"\(.Revision) \(.Peers | length) \([.Peers[], .] |
			map("\(.PublicKey) \(.NodeAddress)") | sort | join(","))"' |
		sort | uniq -c | awk '{ print $1, $2, $3 }'
}

have_converged()
{
	local seen

	seen=$(views) || return
	echo "$seen"
	[[ "$seen" =~ ^$AGENTS\ [0-9]+\ $((AGENTS - 1))$ ]]
}

all_have_joined()
{
	[ "$(tower_get /peers | jq length)" -eq "$AGENTS" ]
}

@test "two hundred agents converge on one revision and equal peer sets" {
	lab_start tower
	tower_start
	agents_spawn
	wait_until 30 all_have_joined
	wait_until 20 have_converged
	jq -e 'map(.NodeAddress) | unique | length == 200' < <(tower_get /peers)
	node_exec tower pkill -TERM -x aircrew
	node_wait tower agents || :
}
