#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Agent, wireguard-go and tower die, in every order: packets are lost while wireguard-go itself is
# away, and at no other time.

load net

# Three kills a round, the first six in every order there is. The same seed gives the same kills.
ROUNDS=${KILL_ROUNDS:-17}
SEED=${KILL_SEED:-$((RANDOM * 32768 + RANDOM))}

ORDERS=('agent wg tower' 'agent tower wg' 'wg agent tower' 'wg tower agent' 'tower agent wg'
	'tower wg agent')

# now: seconds since 1970, as ping -D writes them.
now()
{
	echo "${EPOCHREALTIME/,/.}"
}

agent_is_up()
{
	[ -e "$LAB_DIR/a.aircrew.pid" ]
}

tower_is_up()
{
	[ -e "$LAB_DIR/tower.controltower.pid" ]
}

kill_agent()
{
	agent_is_up || return 0
	node_stop a aircrew KILL || :
}

kill_tower()
{
	tower_is_up || return 0
	node_stop tower controltower KILL || :
}

# What is away from here on may lose packets; a wireguard-go that is on its way back dies, too.
kill_wg()
{
	[ "$LAB_WIREGUARD" = userspace ] || return 0
	[ -n "$AWAY_SINCE" ] || AWAY_SINCE=$(now)
	BACK_SINCE=$(now_ms)
	node_exec a pkill -KILL -x wireguard-go || :
}

flood_has()
{
	[ "$(node_log b flood | grep -c 'bytes from')" -ge "$1" ]
}

# More than could still be on their way from before.
flood_passes()
{
	wait_until 30 flood_has $(($(node_log b flood | grep -c 'bytes from') + 5))
}

# Starts what is dead, as whoever supervises them does, and waits until packets pass again.
settle()
{
	local took

	tower_is_up || tower_start || return
	if ! agent_is_up; then
		agent_spawn a default || return
		BACK_SINCE=$(now_ms)
	fi
	flood_passes || return
	wait_until 10 agent_status a || return
	[ -n "$AWAY_SINCE" ] || return 0
	took=$(($(now_ms) - BACK_SINCE))
	echo "$AWAY_SINCE $(now) $took" >>"$LAB_DIR/away"
	AWAY_SINCE=
}

keeps_nobody_alive()
{
	[ "$(node_exec a wg show wg0 persistent-keepalive | cut -f 2)" = off ]
}

round() # ORDER
{
	local what

	echo "kills: $1 $(now)"
	for what in $1; do
		"kill_$what" || return
		[ $((RANDOM % 2)) -eq 0 ] || settle || return
	done
	settle
}

# Of each packet that did not come back: sent between the line before and its own. Prints those that
# were sent while nothing was away.
lost_for_no_reason()
{
	awk -v CONVFMT=%.6f '
		FILENAME == ARGV[1] { from[++aways] = $1; to[aways] = $2; next }
		{ at = substr($1, 2) + 0 }
		/bytes from/ { match($0, /icmp_seq=[0-9]+/); delete lost[substr($0, RSTART + 9, RLENGTH - 9)] }
		/no answer yet|nreachable/ {
			match($0, /icmp_seq=[0-9]+/)
			lost[substr($0, RSTART + 9, RLENGTH - 9)] = before " " at
		}
		{ before = at }
		END {
			for (seq in lost) {
				split(lost[seq], sent, " ")
				excused = 0
				for (i = 1; i <= aways; i++)
					excused = excused || sent[1] <= to[i] && sent[2] >= from[i]
				if (!excused)
					print seq, lost[seq]
			}
		}' "$LAB_DIR/away" <(node_log b flood | grep icmp_seq)
}

# Mostly within two seconds, and never by a time-out of WireGuard (15 s): no more can be asked of a
# machine that does much else.
come_back_fast()
{
	local took

	readarray -t took < <(cut -d ' ' -f 3 "$LAB_DIR/away" | sort -n)
	echo "# back within ms: ${took[*]}" >&3
	[ ${#took[@]} -gt 0 ] || return 0
	[ "${took[${#took[@]} / 2]}" -le 2000 ] && [ "${took[-1]}" -le 10000 ]
}

@test "agent, wireguard-go and tower are killed in every order under a flood of pings" {
	local i order lost

	AWAY_SINCE=
	RANDOM=$SEED
	echo "KILL_SEED=$SEED"
	: >"$LAB_DIR/away"
	lab_start tower a b
	tower_start
	agent_start a default
	agent_start b default
	node_spawn b flood ping -n -D -O -i 0.01 10.200.0.1
	flood_passes
	# All peers were greeted when their agents started: now nobody hears of this node by itself.
	wait_until 10 keeps_nobody_alive
	kill_wg
	settle
	for ((i = 0; i < ROUNDS; i++)); do
		order=$i
		[ "$i" -lt 6 ] || order=$((RANDOM % 6))
		round "${ORDERS[$order]}"
	done
	wait_until 20 agent_is_in_sync a
	node_stop b flood INT || :
	node_log b flood | tail -n 3
	lost=$(lost_for_no_reason)
	echo "lost while nothing was away: $lost"
	[ -z "$lost" ]
	come_back_fast
}
