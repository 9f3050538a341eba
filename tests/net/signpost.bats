#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Agents that know the Redis and its password alone.

load net
load signpost

# A tower, a Redis with its signpost, and nodes.
signpost_start()
{
	lab_start tower redis "$@"
	tower_start
	redis_start
	signpost_write
}

joins_by_redis() # NODE [OPTION…]
{
	aircrew_spawn "$@" --join-token-file="$(zone_token_file default)"
	wait_until 15 agent_is_in_sync "$1"
}

@test "the documentation's command finds the tower by the Redis" {
	local private

	signpost_start a b
	private=$(wg genkey)
	joins_by_redis a --public-key="$(wg pubkey <<<"$private")" --private-key="$private" \
		--zone=default
	SIGNPOST=redis://$(node_ip redis):6379 joins_by_redis b
	node_reaches a "$(agent_address b)"
	agent_status_is a ".Tower.Url == \"$(tower_url)\" and
		.Tower.Signpost == \"redis://$(node_ip redis):6379\" and
		.Tower.Trust == \"the pin that the signpost tells\""
	# Its secrets are in no process list, and what crosses the wire is said once.
	node_exec a cat "/proc/$(cat "$LAB_DIR/a.aircrew.pid")/cmdline" >"$LAB_DIR/cmdline"
	run ! grep -aF "$REDIS_PASSWORD" "$LAB_DIR/cmdline" "$LAB_DIR/a.aircrew.log"
	[ "$(node_log a aircrew | grep -c 'as private as that network')" -eq 1 ]
	# The connection is not held.
	[ -z "$(node_exec a ss -Htn state established dst "$(node_ip redis)")" ]
}

@test "after the first contact a node needs neither Redis nor tower to start again" {
	local address

	signpost_start a b
	joins_by_redis a
	joins_by_redis b
	address=$(agent_address b)
	[ "$(node_exec a stat -c %a /var/lib/aircrew/signpost.json)" = 600 ]
	node_stop redis redis-server
	# The tower is there: found by the cache, which has its pin.
	node_stop a aircrew
	aircrew_spawn a
	wait_until 15 agent_is_in_sync a
	agent_status_is a '.Tower.Trust == "the pin that is kept in the state dir"'
	# And with the tower gone too.
	node_stop tower controltower
	node_stop a aircrew
	node_exec a ip link del wg0
	aircrew_spawn a
	wait_until 10 agent_status_is a '.InSync and (.Peers | length) == 1'
	node_reaches a "$address"
	# What another signpost told is not believed.
	node_stop a aircrew
	SIGNPOST=$(node_ip b) aircrew_spawn a
	wait_until 10 agent_status_is a '.Tower.Url == "no tower yet"'
}

@test "a tower that moved is found again by the signpost" {
	signpost_start a
	joins_by_redis a
	node_stop tower controltower
	tower_start --tls-listen='[::]:8444'
	signpost_write "$TOWER_PIN" "https://$(node_ip tower):8444"
	wait_until 20 agent_status_is a \
		".Tower.State == \"connected\" and .Tower.Url == \"https://$(node_ip tower):8444\""
}

@test "what is wrong with the Redis or its signpost is said, with what to do" {
	local key=apex:signpost

	lab_start tower redis a
	tower_start
	aircrew_spawn a
	agent_ends a 4 "redis://$(node_ip redis):6379" "Connection refused" "does Redis run there"
	redis_start
	aircrew_spawn a --controller-password=wrong-horse
	agent_ends a 3 E-signpost WRONGPASS --controller-password-file
	aircrew_spawn a --controller-password=
	agent_ends a 3 E-signpost "wants a password" --controller-password-file
	aircrew_spawn a
	agent_ends a 4 "no tower has a signpost in it ($key)" --tls-listen
	redis_says ACL SETUSER guest on '>pw' '~other:*' +@all
	SIGNPOST=redis://guest@$(node_ip redis) aircrew_spawn a --controller-password=pw
	agent_ends a 3 E-signpost NOPERM redis-acl
	redis_says SET $key x
	aircrew_spawn a
	agent_ends a 3 E-signpost "something else than a signpost" "right Redis"
	redis_says DEL $key
	redis_says HSET $key tower:00000000000000a1 '{"url":"http://192.0.2.1:80"}' tower:00000000000000a2 '[' \
		tower:x x other y
	aircrew_spawn a
	agent_ends a 3 E-signpost "names no tower that can be read" "another version"
	redis_says EVAL "redis.call('HSET', KEYS[1], 'more', string.rep('x', 10e6))" 1 $key
	aircrew_spawn a
	agent_ends a 3 E-signpost "more than 262144 bytes" "right Redis"
	[ "$(tower_get /peers)" = "[]" ]
}

@test "a signpost whose tower is gone is called stale, with when it was there last" {
	lab_start tower redis a
	redis_start
	signpost_write "" "https://$(node_ip tower):8443" 1769860860000
	aircrew_spawn a
	agent_ends a 4 "signpost redis://$(node_ip redis):6379 is stale" \
		"https://$(node_ip tower):8443 said last at 2026-01-31T12:00:00Z" "start the tower"
}

@test "a daemon waits until the signpost is good" {
	lab_start tower redis a
	tower_start
	redis_start
	redis_says SET apex:signpost x
	aircrew_spawn a --daemon --join-token-file="$(zone_token_file default)"
	wait_until 10 agent_status_is a \
		'.Tower.State == "refused" and .Refusal.Code == "E-signpost" and (.Refusal.Hint | length > 0)'
	redis_says DEL apex:signpost
	signpost_write
	wait_until 20 agent_is_in_sync a
}

@test "a known key needs no good join secret, a new one does" {
	signpost_start a
	joins_by_redis a
	node_stop a aircrew
	# Known by its proof: the secret of long ago that it was told does no harm.
	signpost_join aps.1.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA
	node_exec a rm /var/lib/aircrew/signpost.json
	aircrew_spawn a
	wait_until 20 agent_is_in_sync a
	node_stop a aircrew
	# A new key is refused by name.
	node_exec a rm -r /var/lib/aircrew
	aircrew_spawn a
	agent_ends a 3 E401-token
}
