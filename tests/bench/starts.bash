#!/bin/bash
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# starts.bash cold|again ROUNDS CONF AIRCREW…: run on a node of the lab. So many times by turns, the
# agent's start and the same by wg(8) from CONF (as `wg showconf` has it); prints "<microseconds of
# the agent> <of wg>" a line. cold: there is no interface; again: it is there and lacks one peer, as
# after a change while the agent was away. A start greets every peer by a keepalive, so wg(8) is
# given keepalives, too. The agent is through when it says what it has set: then exactly the peers
# of CONF must be there.
set -Eeuo pipefail
trap 'echo "bench: ${0##*/}: line $LINENO failed" >&2' ERR

mode=$1 rounds=$2 conf=$3
shift 3
victim=$(sed -n 's/^PublicKey = //p' "$conf" | sort | sed -n 1p)
peers=$(grep -c '^PublicKey' "$conf")

# with_keepalive SECONDS [KEY]: CONF with this keepalive for every peer, without the peer KEY.
with_keepalive()
{
	grep -v '^PersistentKeepalive' "$conf" | awk -v seconds="$1" -v but="${2:-none}" '
		function flush() { if (!skip) printf "%s", block; block = ""; skip = 0 }
		/^\[Peer\]/ { flush(); block = $0 "\nPersistentKeepalive = " seconds "\n"; next }
		$1 == "PublicKey" && $3 == but { skip = 1 }
		{ block = block $0 "\n" }
		END { flush() }'
}

with_keepalive 25 >"$conf.wanted"
with_keepalive off "$victim" >"$conf.before"

now_us()
{
	echo "${EPOCHREALTIME/./}"
}

has_all() # INTERFACE
{
	[ "$(wg show "$1" peers | wc -l)" -eq "$peers" ]
}

link_new() # INTERFACE
{
	if [ "$LAB_WIREGUARD" = kernel ]; then
		ip link add "$1" type wireguard
	else
		wireguard-go "$1" >/dev/null 2>&1
	fi
}

# Its wireguard-go ends a moment after it, and holds the port until then.
link_gone() # INTERFACE
{
	ip link del "$1"
	while [ -S "/run/wireguard/$1.sock" ]; do read -rt 0.01 <> <(:) || :; done
}

bare_start()
{
	if [ "$mode" = again ]; then
		wg syncconf wg0 "$conf.before"
		from=$(now_us)
		wg syncconf wg0 "$conf.wanted"
		bare=$(($(now_us) - from))
		has_all wg0
		return
	fi
	from=$(now_us)
	link_new wg1
	wg setconf wg1 "$conf.wanted"
	ip link set wg1 up
	bare=$(($(now_us) - from))
	has_all wg1
	link_gone wg1
}

# What it says comes by a pipe.
agent_start() # AIRCREW…
{
	local line agent said

	[ "$mode" = cold ] || wg syncconf wg0 "$conf.before"
	from=$(now_us)
	exec {said}< <(exec "$@" --log-level=info 2>&1)
	agent=$!
	while read -r -t 60 line <&"$said" && [[ $line != *" peers-set="* ]]; do :; done
	ours=$(($(now_us) - from))
	has_all wg0
	kill "$agent"
	cat <&"$said" >/dev/null
	exec {said}<&-
	[ "$mode" = again ] || link_gone wg0
}

for ((i = 0; i < rounds; i++)); do
	bare_start
	agent_start "$@"
	echo "$ours $bare"
done
