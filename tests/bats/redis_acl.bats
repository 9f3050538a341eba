#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# A Redis that the tower does not start by itself, with the users that redis-acl prints.
# shellcheck disable=SC2154 # request and run set status, body, output
# shellcheck disable=SC2153,SC2030,SC2031 # PORT is the tower's; each test is a shell of its own

load tower
load redis

@test "keeps an aclfile with its passwords, and shows the signpost's once" {
	local dir=$BATS_TEST_TMPDIR/acl before

	run "$BIN/controltower" redis-acl --dir="$dir"
	[ "$status" -eq 0 ]
	[[ "$output" == *"$(<"$dir/signpost.password")"* ]]
	[[ "$output" != *"$(<"$dir/tower.password")"* ]]
	[ "$(stat -c %a "$dir"/* | sort -u)" = 600 ]
	run ! grep -qFf "$dir/signpost.password" "$dir/users.acl"
	run ! grep -qFf "$dir/tower.password" "$dir/users.acl"
	before=$(stat -c %y%i "$dir"/*)
	run "$BIN/controltower" redis-acl --dir="$dir"
	[ "$status" -eq 0 ]
	[ -z "$output" ]
	[ "$(stat -c %y%i "$dir"/*)" = "$before" ]
	# A new password takes the place of one that was removed; the other one stays.
	rm "$dir/signpost.password"
	before=$(<"$dir/tower.password")
	run "$BIN/controltower" redis-acl --dir="$dir"
	[[ "$output" == *"$(<"$dir/signpost.password")"* ]]
	[ "$(<"$dir/tower.password")" = "$before" ]
	run "$BIN/controltower" redis-acl --redis-password-file="$dir/tower.password" \
		--signpost-password-file="$dir/signpost.password"
	[ "$status" -eq 0 ]
	[ "$output" = "$(<"$dir/users.acl")" ]
}

@test "refuses one password for both users" {
	echo same-password-for-both >"$BATS_TEST_TMPDIR/password"
	run "$BIN/controltower" redis-acl --redis-password-file="$BATS_TEST_TMPDIR/password" \
		--signpost-password-file="$BATS_TEST_TMPDIR/password"
	[ "$status" -eq 1 ]
	[[ "$output" == *"the same"* ]]
}

@test "the tower's user can do all that a tower does, and the signpost's nothing else" {
	local dir=$BATS_TEST_TMPDIR/acl

	"$BIN/controltower" redis-acl --dir="$dir"
	redis_start --aclfile "$dir/users.acl"
	tower_start --redis="redis://tower@127.0.0.1:$REDIS_PORT" \
		--redis-password-file="$dir/tower.password"
	send POST /zones '{"Name":"x","CIDR":"10.0.0.0/8"}'
	[ "$status" = 201 ]
	get /readyz
	[ "$(json .durability)" = strong ]
	run ! grep -i noperm "$BATS_TEST_TMPDIR/tower.log"
	redis_opens_signpost_alone "$REDIS_PORT" "$(<"$dir/signpost.password")"
	# Redis reads its file as user default, who must be able to do in it what the tower did.
	tower_stop TERM
	kill "$REDIS_PID"
	wait "$REDIS_PID"
	redis_start --aclfile "$dir/users.acl"
	tower_start --redis="redis://tower@127.0.0.1:$REDIS_PORT" \
		--redis-password-file="$dir/tower.password"
	get /zones/x
	[ "$status" = 200 ]
}
