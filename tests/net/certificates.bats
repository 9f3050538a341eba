#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Whom an agent takes for its tower, and what it does when somebody else is there.

load net
load signpost
load certificates

# agent_trusts NODE OPTION…: without the lab's own --controller-pin.
agent_trusts()
{
	agent_spawn "$1" default --controller-pin= "${@:2}"
}

# The tower comes back with another key, as somebody else's would have.
tower_changes_key()
{
	node_stop tower controltower
	node_exec tower rm /var/lib/controltower/secrets/tls.key
	tower_start
}

@test "a certificate that is given is checked: issuer, host, time, each with its sentence" {
	lab_start tower a
	certificate_authority
	certificate_make right "IP:$(node_ip tower)"
	certificate_make elsewhere DNS:tower.example,IP:192.0.2.99
	certificate_make over "IP:$(node_ip tower)" -1
	tower_start_with right
	agent_trusts a
	agent_ends a 5 E-certificate "self-made, or made by somebody" "openssl s_client"
	agent_trusts a --controller-ca="$LAB_DIR/ca.crt"
	wait_until 15 agent_is_in_sync a
	agent_status_is a '.Tower.Trust == "the certificates of --controller-ca"'
	node_stop a aircrew
	node_exec a rm -r /var/lib/aircrew
	node_stop tower controltower
	tower_start_with elsewhere
	agent_trusts a --controller-ca="$LAB_DIR/ca.crt"
	agent_ends a 5 E-certificate "other hosts than $(node_ip tower)" --tls-name
	node_stop tower controltower
	tower_start_with over
	agent_trusts a --controller-ca="$LAB_DIR/ca.crt"
	agent_ends a 5 E-certificate "has expired" clock
	# With its pin the key alone decides.
	agent_trusts a --controller-pin="$TOWER_PIN"
	wait_until 15 agent_is_in_sync a
}

@test "a self-made certificate is refused with the command that prints its pin, and that works" {
	local command pin

	lab_start tower a
	tower_start
	agent_trusts a
	agent_ends a 5 E-certificate --controller-pin "openssl s_client -connect $(node_ip tower):8443"
	command=$(node_log a aircrew | grep -o 'openssl s_client.*base64' | tail -n 1)
	pin=$(node_exec tower bash -c "$command")
	[ "sha256//$pin" = "$TOWER_PIN" ]
	agent_trusts a --controller-pin="$pin"
	wait_until 15 agent_is_in_sync a
	agent_status_is a '.Tower.Trust == "the pin of --controller-pin"'
}

@test "a tower with another key is refused as E-pin, and the tunnels stay" {
	local old

	lab_start tower a b
	tower_start
	agent_start a default
	agent_start b default
	ping_start a "$(agent_address b)" ping
	old=$TOWER_PIN
	tower_changes_key
	[ "$TOWER_PIN" != "$old" ]
	wait_until 20 agent_status_is a ".Tower.State == \"untrusted\" and .Refusal.Code == \"E-pin\" and
		(.Refusal.Detail | contains(\"$old\") and contains(\"$TOWER_PIN\"))"
	agent_status_is a '.InSync and (.Peers | length) == 1'
	ping_stop a ping
	# Nor after a start: it comes up from its cache, and trusts no other.
	node_stop a aircrew
	TOWER_PIN=$old agent_spawn a default
	wait_until 20 agent_status_is a '.Tower.State == "untrusted" and .InSync'
	node_stop a aircrew
	agent_start a default
}

@test "a pin that the signpost tells is held to, and another one is taken from it alone" {
	local old

	lab_start tower redis a b
	tower_start
	redis_start
	signpost_write
	for node in a b; do
		aircrew_spawn "$node" --join-token-file="$(zone_token_file default)"
		wait_until 15 agent_is_in_sync "$node"
	done
	ping_start a "$(agent_address b)" ping
	old=$TOWER_PIN
	tower_changes_key
	wait_until 20 agent_status_is a ".Refusal.Code == \"E-pin\" and
		(.Refusal.Detail | contains(\"$old\") and contains(\"$TOWER_PIN\"))"
	agent_status_is a '.Tower.State != "connected" and .InSync'
	signpost_write
	wait_until 30 agent_is_in_sync a
	node_log a aircrew | grep -F "tells another pin of $(tower_url): $TOWER_PIN, before $old"
	ping_stop a ping
	# A pin that is given wins over what the signpost tells.
	node_stop a aircrew
	aircrew_spawn a --controller-pin="$old"
	wait_until 20 agent_status_is a ".Tower.State == \"untrusted\" and
		(.Refusal.Detail | contains(\"the pin of --controller-pin is $old\"))"
}

@test "a wrong pin in the signpost ends a first contact" {
	local wrong=sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=

	lab_start tower redis a
	tower_start
	redis_start
	signpost_write "$wrong"
	aircrew_spawn a --join-token-file="$(zone_token_file default)"
	agent_ends a 5 E-pin "the pin that the signpost tells is $wrong" "$TOWER_PIN"
	[ -z "$(node_exec a find /var/lib/aircrew -name signpost.json)" ]
	signpost_write ""
	aircrew_spawn a --join-token-file="$(zone_token_file default)"
	agent_ends a 5 E-certificate "openssl s_client"
	[ "$(tower_get /peers)" = "[]" ]
}
