#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# bats file_tags=kernel
# A child prefix goes from one node to another while a third one sends to it.

load net

PREFIX=172.24.0.0/24
ADDRESS=172.24.0.10
[ "$LAB_WIREGUARD" = kernel ] && MOVES=4 || MOVES=10

listens()
{
	node_exec "$1" ss -Hlun | grep -qF "$ADDRESS:9000"
}

# The network stands at both nodes; what arrives is noted, a number a line.
receiver_start() # NODE
{
	node_exec "$1" ip address add "$ADDRESS/32" dev lo
	node_spawn "$1" receiver socat -u "UDP4-RECV:9000,bind=$ADDRESS" \
		"OPEN:$LAB_DIR/at.$1,creat,append"
	wait_until 5 listens "$1"
}

# A datagram a millisecond, numbered; on stderr what the kernel refused to send, and why.
sender_start() # NODE
{
	# shellcheck disable=SC2016 # expanded inside
	node_spawn "$1" sender bash -c '
		exec 4<>"/dev/udp/$1/9000" 5<>"$2"
		for ((i = 1; ; i++)); do
			printf "%s\n" "$i" >&4
			read -rt 0.001 -u 5 || :
		done' sender "$ADDRESS" "$LAB_DIR/forever"
}

received() # NODE
{
	wc -l <"$LAB_DIR/at.$1"
}

has_received() # NODE COUNT
{
	[ "$(received "$1")" -ge "$2" ]
}

# The prefix is NODE's from now on, and hundred datagrams have come there.
move_to()
{
	local so_far

	so_far=$(received "$1")
	tower_send PATCH "/peers/${KEY[$1]}?take=true" "{\"ChildPrefixes\":[\"$PREFIX\"]}" \
		>"$LAB_DIR/moved.json" || return
	wait_until 15 has_received "$1" $((so_far + 100))
}

# "NODE FIRST LAST" a line: which node got which numbers, as they were sent.
stretches()
{
	(cd "$LAB_DIR" && sed 's/$/ a/' at.a && sed 's/$/ b/' at.b) | sort -n |
		awk '$2 != node { if (node) print node, first, last; node = $2; first = $1 }
			{ last = $1 }
			END { print node, first, last }'
}

# Numbers up to the highest one that came nowhere.
lost()
{
	sort -n "$LAB_DIR/at.a" "$LAB_DIR/at.b" |
		awk '$1 != last + 1 { print last + 1 "-" $1 - 1 } { last = $1 }'
}

@test "a prefix moves while a third node sends to it: nothing is refused or goes astray" {
	local i
	declare -A KEY

	lab_start tower a b c
	tower_start
	agent_start a default --child-prefix="$PREFIX"
	agent_start b default
	agent_start c default
	KEY=([a]=$(agent_key a) [b]=$(agent_key b))
	assert_refused E409-prefix-overlap \
		tower_send PATCH "/peers/${KEY[b]}" "{\"ChildPrefixes\":[\"$PREFIX\"]}"
	assert_refused E400-query tower_send PATCH "/peers/${KEY[b]}?take=perhaps" '{}'
	receiver_start a
	receiver_start b
	node_reaches c "$ADDRESS"
	node_reaches c 10.200.0.2
	sender_start c
	wait_until 10 has_received a 100
	for ((i = 1; i <= MOVES; i++)); do
		[ $((i % 2)) -eq 0 ] && move_to a || move_to b
	done
	node_stop c sender || :

	stretches
	[ "$(stretches | wc -l)" -eq $((MOVES + 1)) ]
	echo "refused: $(node_log c sender)"
	[ -z "$(node_log c sender)" ]
	echo "lost: $(lost)"
	[ -z "$(lost)" ]
	[ "$(tower_get /peers | jq -cS 'map({(.Hostname): .ChildPrefixes}) | add')" = \
		"{\"a\":[\"$PREFIX\"],\"b\":[],\"c\":[]}" ]
}
