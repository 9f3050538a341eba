#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# What cannot work is said: what, why, and what to do; with an exit status of its own, or, as a
# daemon, tried again.

load net

# A zone whose two addresses are taken; the keys of those who have them.
full_zone_create()
{
	local key

	zone_create "$1" 10.61.0.0/30 '"Quarantine":0'
	for key in "$(wg genkey | wg pubkey)" "$(wg genkey | wg pubkey)"; do
		tower_send POST "/zones/$1/peers" "{\"PublicKey\":\"$key\"}" >"$LAB_DIR/joined"
		echo "$key"
	done
}

@test "an unknown zone, a full one and a wrong token are named" {
	lab_start tower a
	tower_start
	assert_refused E404-zone tower_send POST /zones/nowhere/peers \
		"{\"PublicKey\":\"$(wg genkey | wg pubkey)\"}"
	agent_spawn a default --zone=nowhere
	agent_ends a 3 E403-zone nowhere default
	full_zone_create full >"$LAB_DIR/keys"
	agent_spawn a full
	agent_ends a 3 E409-pool-full full
	echo apx.unknown.secret >"$LAB_DIR/wrong.token"
	agent_spawn a default --join-token-file="$LAB_DIR/wrong.token"
	agent_ends a 3 E401-token
	tower_send POST /zones/default/tokens '{"Uses":1}' | jq -r .Token >"$LAB_DIR/once.token"
	zone_create other 10.62.0.0/24
	agent_spawn a other --join-token-file="$LAB_DIR/once.token"
	agent_ends a 3 E403-zone default
	[ "$(tower_get /peers | jq length)" -eq 2 ]
}

@test "a bad CIDR is refused with the reason" {
	local cidr

	lab_start tower
	tower_start
	for cidr in 10.0.0.0 10.0.0.0/33 ten/8 10.0.0.0/8,10.1.0.0/16 ''; do
		assert_refused E400 tower_send POST /zones "{\"Name\":\"bad\",\"CIDR\":\"$cidr\"}"
	done
	assert_refused E409-zone-exists tower_send POST /zones '{"Name":"default","CIDR":"10.0.0.0/8"}'
	[ "$(tower_get /zones | jq length)" -eq 1 ]
}

@test "a wrong pin is never trusted, and both pins are named" {
	local wrong=sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=

	lab_start tower a
	tower_start
	agent_spawn a default --controller-pin="$wrong"
	agent_ends a 5 E-pin "$wrong" "$TOWER_PIN"
	agent_spawn a default --controller-pin=
	agent_ends a 5 controller-pin
	[ "$(tower_get /peers)" = "[]" ]
}

@test "plain HTTP to another machine needs a word of consent" {
	lab_start tower a
	tower_start
	agent_spawn a default --controller=http://192.0.2.2:8080
	agent_ends a 2 --insecure
}

@test "a tower that is not there ends the agent, but not the daemon" {
	lab_start tower a
	TOWER_PIN=sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=
	echo apx.unknown.secret >"$LAB_DIR/default.token"
	agent_spawn a default
	agent_ends a 4 "$(tower_url)"

	rm "$LAB_DIR/default.token"
	tower_start
	zone_token_file default
	node_stop tower controltower
	agent_spawn a default --daemon
	wait_until 5 agent_status_is a '.Tower.State == "connecting"'
	tower_start
	wait_until 15 agent_is_in_sync a
}

@test "a refused daemon shows the refusal, tries again more and more rarely, and gets in" {
	lab_start tower a
	tower_start
	full_zone_create full >"$LAB_DIR/keys"
	agent_spawn a full --daemon
	wait_until 10 agent_status_is a \
		'.Refusal.Code == "E409-pool-full" and .Tower.State == "refused"'
	tower_delete "/peers/$(tail -n 1 "$LAB_DIR/keys")"
	wait_until 15 agent_is_in_sync a
	[ "$(agent_address a)" = 10.61.0.2 ]
}
