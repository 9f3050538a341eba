#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# docs/from-the-original.md keeps its word: what it calls kept is there, what it calls refused is
# refused by name, and no option of the original is left out.
# shellcheck disable=SC2154 # request and run set status, body, output

load tower

TABLE=$BATS_TEST_DIRNAME/../../docs/from-the-original.md

AGENT_FLAGS=(public-key:AIRCREW_PUB_KEY private-key:AIRCREW_PRIVATE_KEY
	private-key-file:AIRCREW_PRIVATE_KEY_FILE listen-port:AIRCREW_LISTEN_PORT
	controller:AIRCREW_CONTROLLER controller-password:AIRCREW_CONTROLLER_PASSWD
	zone:AIRCREW_ZONE request-ip:AIRCREW_REQUESTED_IP
	local-endpoint-ip:AIRCREW_LOCAL_ENDPOINT_IP child-prefix:AIRCREW_REQUESTED_CHILD_PREFIX
	internal-network:AIRCREW_INTERNAL_NETWORK hub-router:AIRCREW_HUB_ROUTER)

@test "every option of the agent is kept under its name and its variable" {
	local flag help

	help=$("$BIN/aircrew" --help)
	for flag in "${AGENT_FLAGS[@]}"; do
		grep -q -- "^  --${flag%:*}\b" <<<"$help"
		grep -q -- "\[${flag#*:}\]" <<<"$help"
		grep -q -- "^| \`--${flag%:*}\`, \`${flag#*:}\`.* | kept" "$TABLE"
	done
	# One dash, a space for the equals sign, the later name of an option.
	run "$BIN/aircrew" -controller 192.0.2.1 -controller-password secret --network-internal \
		--state-dir="$BATS_TEST_TMPDIR/state" --run-dir="$BATS_TEST_TMPDIR/run" --check-config
	echo "$output"
	[ "$status" -eq 0 ]
}

@test "what is gone is refused by its name, with the next step" {
	local flag

	for flag in config agent-mode; do
		run "$BIN/aircrew" "--$flag=x" --controller=192.0.2.1
		[ "$status" -eq 2 ] && [[ "$output" == *"--$flag"* ]]
		grep -q -- "^| \`--$flag\`.* | refused" "$TABLE"
	done
	for flag in streamer-address streamer-password streamer-passwd db-address db-password; do
		run "$BIN/controltower" "-$flag" x
		[ "$status" -eq 2 ] && [[ "$output" == *"$flag"*Redis* ]]
		grep -q -- "-$flag\`.* | refused" "$TABLE"
	done
}

@test "the original's requests get what the table says" {
	tower_start
	send POST /zone '{"name":"zone-red","description":"Tenant - Zone Red","cidr":"10.20.1.0/20","hub-zone":true}'
	[ "$status" = 201 ]
	[ "$(json '[.Name, .IpCidr, .CIDR, .HubZone] | map(tostring) | join(" ")')" = \
		"zone-red 10.20.1.0/20 10.20.0.0/20 true" ]
	send POST /zone '{"Name":"zone-red","CIDR":"10.20.1.0/20"}'
	[ "$status" = 409 ] && [ "$(json .code)" = E409-zone-exists ]
	send POST /zone '{"CIDR":"10.20.1.0/20"}'
	[ "$status" = 400 ] && [ "$(json .code)" = E400-field ]
	send POST /zone '{"Name":"zone-blue"}'
	[ "$status" = 400 ] && [ "$(json .code)" = E400-field ]
	send POST /zones '{"Name":"zone-blue","CIDR":"10.20.1.0/20"}'
	[ "$status" = 201 ]
	get /zones
	[ "$(json 'map(.Name) | join(" ")')" = "default zone-blue zone-red" ]
	send POST /zones/zone-blue/peers \
		'{"PublicKey":"xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=","ChildPrefixes":"172.24.0.0/24,172.28.0.0/24"}'
	[ "$status" = 201 ]
	get /peers
	[ "$(json '.[0].AllowedIPs')" = "10.20.0.1/32,172.24.0.0/24,172.28.0.0/24" ]
	get /peers/xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=
	[ "$(json .Zone)" = zone-blue ]
	get /ipam/leases/nowhere
	[ "$status" = 404 ] && [ "$(json .code)" = E404-zone ]
	get /ipam/leases/zone-blue
	[ "$(json 'map(.Cidr) | join(" ")')" = "10.20.0.0/20 172.24.0.0/24 172.28.0.0/24" ]
	get /zones -H 'Origin: http://example.org'
	[ -z "$(header Access-Control-Allow-Origin)$(header X-Total-Count)" ]
}
