#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# bats file_tags=kernel
# Two nodes transfer data while others join: their connection does not notice.

load net

# What passes in each part of the test, and how many join; less on kernel WireGuard, which runs in an
# emulated machine.
MEGABYTES=100
JOINS=500
[ "$LAB_WIREGUARD" != kernel ] || MEGABYTES=3 JOINS=60

# One connection without an end, from b to c, at a pace (SO_MAX_PACING_RATE, bytes a second) that
# leaves the machine some air: what is lost then has a reason.
stream_start()
{
	node_spawn c sink socat -u TCP-LISTEN:7000,bind=10.200.0.2 OPEN:/dev/null
	wait_until 5 node_exec c ss -Hltn 'sport = :7000'
	node_spawn b source socat -u OPEN:/dev/zero TCP:10.200.0.2:7000,setsockopt-int=1:47:12500000
}

passed_bytes()
{
	node_exec c cat /sys/class/net/wg0/statistics/rx_bytes
}

has_passed() # BYTES
{
	[ "$(passed_bytes)" -ge "$1" ]
}

retransmits()
{
	# shellcheck disable=SC2016 # awk's
	node_exec b awk '$1 == "Tcp:" && $2 ~ /^[0-9]/ { print $13 }' /proc/net/snmp
}

interfaces()
{
	node_exec b cat /sys/class/net/wg0/ifindex
	node_exec c cat /sys/class/net/wg0/ifindex
}

# When b and c shook hands: what each of them says.
handshakes()
{
	node_exec b wg show wg0 latest-handshakes | grep -F "$KEY_C" | cut -f 2
	node_exec c wg show wg0 latest-handshakes | grep -F "$KEY_B" | cut -f 2
}

# No new handshake but the one that WireGuard makes after two minutes by itself.
same_session() # BEFORE NOW
{
	paste <(echo "$1") <(echo "$2") | awk '$1 != $2 && $2 - $1 < 115 { exit 1 }'
}

# during MEGABYTES COMMAND…: runs it while at least so much passes; sets RETRANSMITS to the segments
# that were sent again, per hundred megabytes.
during()
{
	local bytes segments

	bytes=$(passed_bytes)
	segments=$(retransmits)
	"${@:2}" || return
	wait_until 120 has_passed $((bytes + $1 * 1000000)) || return
	bytes=$(($(passed_bytes) - bytes))
	segments=$(($(retransmits) - segments))
	RETRANSMITS=$((segments * 100000000 / bytes))
	echo "# $2: $((bytes / 1000000)) MB, $segments segments sent again" >&3
}

# A connection loses some by itself, on a machine with much to do.
no_burst() # ALONE
{
	echo "sent again per 100 MB: $RETRANSMITS, undisturbed $1"
	[ "$RETRANSMITS" -le $((2 * $1 + 1000)) ]
}

nothing()
{
	:
}

one_join()
{
	agent_start a default && node_reaches a 10.200.0.1
}

# Devices that an admin registers: every node hears of each.
many_joins()
{
	local i=0 key

	while read -r key; do
		[ "$((i++))" -eq 0 ] || echo next
		printf 'url = "%s/zones/default/peers"\n' "$TOWER_URL"
		printf 'header = "Content-Type: application/json"\n'
		printf 'data = "{\\"PublicKey\\":\\"%s\\",\\"Agentless\\":true}"\n' "$key"
		printf 'output = "%s/join.%s"\nfail\n' "$LAB_DIR" "$i"
	done < <(head -c $((JOINS * 32)) /dev/urandom | base64 -w 42 | sed 's/$/A=/' |
		head -n "$JOINS") >"$LAB_DIR/joins"
	node_exec tower curl --silent --show-error --fail-early --rate 200/s \
		--config "$LAB_DIR/joins" || return
	wait_until 20 node_has_peers b $((JOINS + 2)) || return
	wait_until 20 node_has_peers c $((JOINS + 2))
}

@test "a transfer goes on unharmed while one node joins, and while hundreds do" {
	local before shaken alone

	lab_start tower b c a
	tower_start
	agent_start b default
	agent_start c default
	zone_token_file default
	KEY_B=$(agent_key b) KEY_C=$(agent_key c)
	node_reaches b 10.200.0.2
	stream_start
	wait_until 10 has_passed 1000000
	node_spawn b flood ping -n -i 0.01 10.200.0.2
	before=$(interfaces)
	shaken=$(handshakes)
	during $((MEGABYTES / 2)) nothing
	alone=$RETRANSMITS
	during "$MEGABYTES" one_join
	no_burst "$alone"
	same_session "$shaken" "$(handshakes)"
	during "$MEGABYTES" many_joins
	no_burst "$alone"
	same_session "$shaken" "$(handshakes)"
	[ "$(interfaces)" = "$before" ]
	node_stop b flood INT || :
	node_stop b source || :
	# Some are lost on a machine with much to do, but none for want of a way.
	not grep -E 'nreachable|not permitted|key' "$LAB_DIR/b.flood.log"
}
