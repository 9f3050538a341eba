#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# The tower's STUN server, with packets made by hand.

load tower

TXID=b7e7a701bc34d686fa87dfae

# A UDP port that nobody has.
free_udp_port()
{
	local port

	while :; do
		port=$((20000 + RANDOM % 10000))
		ss -Hlun "sport = :$port" | grep -q . || break
	done
	echo "$port"
}

stun_start() # ADDRESS
{
	STUN_PORT=$(free_udp_port)
	tower_start --stun-listen="$1:$STUN_PORT"
}

# say FD HEX: one datagram.
say()
{
	xxd -r -p <<<"$2" >&"$1"
}

# hear FD: the next datagram, as hex digits.
hear()
{
	timeout 3 dd bs=1500 count=1 status=none <&"$1" | xxd -p -c 1500
}

# header_of TYPE LENGTH [TXID]
header_of()
{
	echo "$1$2""2112a442${3:-$TXID}"
}

# hidden_port FD: the port of our end, xored with the cookie, as four hex digits.
hidden_port()
{
	local inode
	inode=$(readlink "/proc/$$/fd/$1" | tr -dc 0-9)
	printf '%04x' $((0x2112 ^ 0x$(awk -v inode="$inode" '$10 == inode { sub(/.*:/, "", $2); print $2 }' \
		/proc/net/udp /proc/net/udp6)))
}

@test "a node is told the address and port that its packets come from" {
	stun_start 127.0.0.1
	exec {ask}<>"/dev/udp/127.0.0.1/$STUN_PORT"
	say "$ask" "$(header_of 0001 0000)"
	# 127.0.0.1 xor 2112a442
	[ "$(hear "$ask")" = "$(header_of 0101 000c)002000080001$(hidden_port "$ask")5e12a443" ]
}

@test "one socket serves both families, and answers from the address that was asked" {
	stun_start '[::]'
	exec {v4}<>"/dev/udp/127.0.0.9/$STUN_PORT" {v6}<>"/dev/udp/::1/$STUN_PORT"
	# A connected socket hears nobody but whom it asked.
	say "$v4" "$(header_of 0001 0000)"
	[ "$(hear "$v4")" = "$(header_of 0101 000c)002000080001$(hidden_port "$v4")5e12a443" ]
	say "$v6" "$(header_of 0001 0000)"
	[ "$(hear "$v6")" = "$(header_of 0101 0018)002000140002$(hidden_port "$v6")2112a442b7e7a701bc34d686fa87dfaf" ]
}

@test "what must be understood and is not, is named" {
	stun_start 127.0.0.1
	exec {ask}<>"/dev/udp/127.0.0.1/$STUN_PORT"
	say "$ask" "$(header_of 0001 0008)002400046e0001ff"
	[ "$(hear "$ask")" = "$(header_of 0111 0010)0009000400000414000a000200240000" ]
}

@test "malformed packets, answers and indications are met with silence" {
	local packet last=000000000000000000000001

	stun_start 127.0.0.1
	exec {ask}<>"/dev/udp/127.0.0.1/$STUN_PORT"
	for packet in 00 0001 "$(header_of 0001 0004)" "$(header_of 0001 0000)00000000" \
		"$(header_of 0001 0003)000000" "00010000deadbeef$TXID" "$(header_of c001 0000)" \
		"$(header_of 0001 0004)00060001" "$(header_of 0001 0008)8028000400000000" \
		"$(header_of 0011 0000)" "$(header_of 0101 000c)002000080001a147e112a643" \
		"$(header_of 0111 0008)0009000400000414" "$(header_of 0003 0000)" \
		"$(header_of 0001 0410)$(head -c 1040 /dev/zero | xxd -p -c 1040)" \
		"$(head -c 1400 /dev/urandom | xxd -p -c 1400)"; do
		say "$ask" "$packet"
	done
	# In order, so that an answer to any of them would come first.
	say "$ask" "$(header_of 0001 0000 $last)"
	[[ "$(hear "$ask")" == "$(header_of 0101 000c $last)"* ]]
	get /readyz
	[ "$status" = 200 ]
}

@test "one address gets so many answers and no more" {
	local i requests=600 answers

	stun_start 127.0.0.1
	for ((i = 0; i < requests; i++)); do
		header_of 0001 0000 "$(printf '%024x' $i)"
	done | xxd -r -p >"$BATS_TEST_TMPDIR/requests"
	socat -b 20 -t 1 - "UDP:127.0.0.1:$STUN_PORT" <"$BATS_TEST_TMPDIR/requests" \
		>"$BATS_TEST_TMPDIR/answers"
	answers=$(($(wc -c <"$BATS_TEST_TMPDIR/answers") / 32))
	echo "$answers answers to $requests requests"
	[ "$answers" -ge 200 ] && [ "$answers" -lt 500 ]
	grep -q 'too many requests' "$BATS_TEST_TMPDIR/tower.log"
}

@test "the challenge says where to ask, and nothing when nobody answers" {
	stun_start 127.0.0.1
	get /challenge
	[ "$(json .Stun)" = ":$STUN_PORT" ]
	tower_stop
	tower_start
	get /challenge
	[ "$(json '.Stun == null and (has("Stun") | not)')" = true ]
	[ -z "$(ss -Hlun "sport = :$STUN_PORT")" ]
}

@test "an address that is none, or is taken, is refused by the option's name" {
	run "$BIN/controltower" --stun-listen=3478 --check-config
	[ "$status" -eq 2 ] && [[ "$output" == *--stun-listen* ]]
	stun_start 127.0.0.1
	run "$BIN/controltower" --listen="127.0.0.1:$(free_port)" --user="$(id -un)" \
		--state-dir="$BATS_TEST_TMPDIR/other" --stun-listen="127.0.0.1:$STUN_PORT"
	[ "$status" -eq 1 ] && [[ "$output" == *--stun-listen*"$STUN_PORT"* ]]
}
