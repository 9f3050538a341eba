#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# The REST interface as people use it with curl, on an open listener.
# shellcheck disable=SC2154 # request sets status and body

load tower

zone_blue='{"Name":"zone-blue","Description":"Tenant - Zone Blue","CIDR":"10.140.0.0/20"}'

@test "has_the_zone_default_from_the_first_start" {
	tower_start
	get /zones
	[ "$status" = 200 ]
	[ "$(json '.[0] | [.Name,.IpCidr,.CIDR] | join(" ")')" = "default 10.200.1.0/20 10.200.0.0/20" ]
}

@test "makes_shows_changes_and_removes_a_zone" {
	tower_start
	send POST /zone "$zone_blue"
	[ "$status" = 201 ]
	[ "$(header Location)" = /zones/zone-blue ]
	[ "$(json 'keys_unsorted | .[0:4] | join(" ")')" = "Name Description IpCidr CIDR" ]
	get /zones/zone-blue
	[ "$status" = 200 ]
	[ "$(json .Description)" = "Tenant - Zone Blue" ]
	[ "$(header ETag)" = "\"$(json .Revision)\"" ]
	send PATCH /zones/zone-blue '{"Description":"new","PeerTTL":"15m"}'
	[ "$status" = 200 ]
	[ "$(json .PeerTTL)" = 900 ]
	send PATCH /zones/zone-blue '{"CIDR":"10.0.0.0/8"}'
	refused 400 E400-cidr
	request -X DELETE "$URL/zones/zone-blue"
	[ "$status" = 204 ]
	get /zones/zone-blue
	refused 404 E404-zone
}

@test "refuses_a_zone_twice_and_the_removal_of_one_in_use" {
	tower_start
	send POST /zones "$zone_blue"
	send POST /zones "$zone_blue"
	refused 409 E409-zone-exists
	send POST /zones/zone-blue/peers "{\"PublicKey\":\"$(new_key)\"}"
	[ "$status" = 201 ]
	request -X DELETE "$URL/zones/zone-blue"
	refused 409 E409-zone-in-use
	request -X DELETE "$URL/zones/zone-blue?force=true"
	[ "$status" = 204 ]
	get /peers
	[ "$body" = '[]' ]
}

@test "joins_once_however_often_it_is_asked" {
	local key before

	tower_start
	key=$(new_key)
	send POST /zones/default/peers "{\"PublicKey\":\"$key\",\"EndpointIP\":\"192.0.2.1:51820\"}"
	[ "$status" = 201 ]
	[ "$(json .Peer.AllowedIPs)" = 10.200.0.1/32 ]
	[ "$(json '.Peer | keys_unsorted | .[0:4] | join(" ")')" = "PublicKey EndpointIP AllowedIPs Zone" ]
	get /zones/default/peers
	before=$body
	send POST /zones/default/peers "{\"PublicKey\":\"$key\",\"EndpointIP\":\"192.0.2.1:51820\"}"
	[ "$status" = 200 ]
	get /zones/default/peers
	[ "$body" = "$before" ]
}

@test "finds_a_key_however_it_is_written" {
	local key=//79/Pv6+fj39vX08/Lx8O/u7ezr6uno5+bl5OPi4eA= text

	tower_start
	send POST /zones/default/peers "{\"PublicKey\":\"$key\"}"
	for text in "$key" "$(jq -rn --arg k "$key" '$k | @uri')" "$(tr '+/' '-_' <<<"${key%=}")"; do
		get "/peers/$text"
		[ "$status" = 200 ]
		[ "$(json .PublicKey)" = "$key" ]
		get "/peers/$text/status"
		[ "$status" = 200 ]
		[ "$(json .PublicKey)" = "$key" ]
	done
	request -X DELETE "$URL/peers/$key"
	[ "$status" = 204 ]
	get "/peers/$key"
	refused 404 E404-peer
	get /peers/nonsense
	refused 400 E400-key
}

@test "lists_leases_in_address_order_with_reserved_ones_marked" {
	tower_start
	send POST /zones '{"Name":"small","CIDR":"10.9.0.0/28"}'
	for _ in 1 2 3; do
		send POST /zones/small/peers "{\"PublicKey\":\"$(new_key)\"}"
	done
	send POST /zones/small/peers \
		"{\"PublicKey\":\"$(new_key)\",\"NodeAddress\":\"10.9.0.12\",\"ChildPrefixes\":[\"172.24.0.9/24\"]}"
	get /ipam/leases/small
	[ "$(jq -c . <<<"$body")" = '[{"Cidr":"10.9.0.0/28","IPs":{"10.9.0.0":true,"10.9.0.1":true,"10.9.0.2":true,"10.9.0.3":true,"10.9.0.12":true,"10.9.0.15":true}},{"Cidr":"172.24.0.0/24","IPs":{"172.24.0.0":true,"172.24.0.255":true}}]' ]
	get /ipam/leases/none
	refused 404 E404-zone
}

@test "walks_a_long_list_page_by_page" {
	local path all pages=

	tower_start
	for _ in 1 2 3 4 5; do
		send POST /zones/default/peers "{\"PublicKey\":\"$(new_key)\"}"
	done
	get /peers
	all=$(json '[.[].PublicKey] | join(" ")')
	path='/peers?limit=2'
	while [ -n "$path" ]; do
		get "$path"
		[ "$(json length)" -le 2 ]
		pages="$pages $(json '[.[].PublicKey] | join(" ")')"
		path=$(header Link | sed 's/<\(.*\)>; rel="next"/\1/')
	done
	[ "$pages" = " $all" ]
	get '/peers?limit=x'
	refused 400 E400-query
}

@test "honours_if_match_and_if_none_match" {
	local etag

	tower_start
	get /zones/default
	etag=$(header ETag)
	get /zones/default -H "If-None-Match: $etag"
	[ "$status" = 304 ]
	send PATCH /zones/default '{"Description":"one"}' -H "If-Match: $etag"
	[ "$status" = 200 ]
	send PATCH /zones/default '{"Description":"two"}' -H "If-Match: $etag"
	refused 412 E412-revision
	get /zones/default
	[ "$(json .Description)" = one ]
}

@test "shows_a_join_token_once_and_lists_it_without_its_secret" {
	local token id

	tower_start
	send POST /zones/default/tokens '{"Uses":2,"TTL":"1h","Description":"for tests"}'
	[ "$status" = 201 ]
	token=$(json .Token)
	id=$(json .Id)
	get /zones/default/tokens
	[ "$(json '.[0].UsesMax')" = 2 ]
	run grep -q "${token##*.}" "$BATS_TEST_TMPDIR/body" "$BATS_TEST_TMPDIR/tower.log"
	[ "$status" = 1 ]
	request -X DELETE "$URL/zones/default/tokens/$id"
	[ "$status" = 204 ]
	request -X DELETE "$URL/zones/default/tokens/$id"
	refused 404 E404-token
}

@test "says_what_a_path_takes" {
	tower_start
	get /nothing
	refused 404 E404-route
	send PUT /zones/default '{}'
	refused 405 E405-method
	[ "$(header Allow)" = "GET, HEAD, PATCH, DELETE, OPTIONS" ]
}

@test "answers_only_to_its_own_names" {
	tower_start
	get /zones -H 'Host: evil.example'
	refused 421 E421-host
	get /zones -H "Host: localhost:$PORT"
	[ "$status" = 200 ]
	get /zones -H "Host: [::1]:$PORT"
	[ "$status" = 200 ]
}

@test "keeps_everything_over_a_restart" {
	local zones peers

	tower_start
	send POST /zones "$zone_blue"
	send POST /zones/zone-blue/peers "{\"PublicKey\":\"$(new_key)\",\"ChildPrefixes\":[\"172.24.0.0/24\"]}"
	get /zones
	zones=$body
	get /peers
	peers=$body
	tower_stop
	tower_start
	get /zones
	[ "$body" = "$zones" ]
	get /peers
	[ "$body" = "$peers" ]
}

@test "takes_over_from_a_killed_tower" {
	tower_start
	send POST /zones "$zone_blue"
	tower_stop KILL || :
	tower_start
	get /zones/zone-blue
	[ "$status" = 200 ]
}

@test "follows_a_foreign_redis_and_lives_through_its_end" {
	local redis=$BATS_TEST_TMPDIR/redis.sock

	redis-server --port 0 --unixsocket "$redis" --save '' --dir "$BATS_TEST_TMPDIR" \
		>"$BATS_TEST_TMPDIR/redis.log" 3>&- &
	REDIS_PID=$!
	wait_until 5 redis-cli -s "$redis" ping
	tower_start --redis="unix://$redis"
	get /readyz
	[ "$(json .durability)" = weak ]
	send POST /zones "$zone_blue"
	[ "$status" = 201 ]
	[ "$(redis-cli -s "$redis" hexists apex:zones zone-blue)" = 1 ]
	kill "$REDIS_PID"
	wait "$REDIS_PID" || :
	REDIS_PID=
	wait_until 10 not curl -fs "$URL/readyz"
	get /zones/zone-blue
	[ "$status" = 200 ]
	[ "$(header Apex-Stale)" = true ]
	send POST /zones '{"Name":"later","CIDR":"10.1.0.0/16"}'
	refused 503 E503-store
	[ -n "$(header Retry-After)" ]
}

@test "refuses_to_open_itself_to_others_by_accident" {
	run "$BIN/controltower" --listen=0.0.0.0:1 --state-dir="$BATS_TEST_TMPDIR/x"
	[ "$status" = 2 ]
	[[ $output == *admin-token-file* ]]
	run "$BIN/controltower" --streamer-address=x
	[ "$status" = 2 ]
	[[ $output == *--redis* ]]
	run "$BIN/controltower" --tls-cert=x --state-dir="$BATS_TEST_TMPDIR/x"
	[ "$status" = 2 ]
	[[ $output == *--tls-key* ]]
}

@test "asks_for_the_admin_token_once_there_is_one" {
	(umask 077 && echo open-sesame >"$BATS_TEST_TMPDIR/admin")
	tower_start --admin-token-file="$BATS_TEST_TMPDIR/admin"
	get /zones
	refused 401 E401-credential
	get /zones -H 'Authorization: Bearer wrong'
	refused 401 E401-credential
	get /zones -H 'Authorization: Bearer open-sesame'
	[ "$status" = 200 ]
	run grep -q open-sesame "$BATS_TEST_TMPDIR/tower.log" "/proc/$TOWER_PID/cmdline"
	[ "$status" = 1 ]
}

@test "writes_the_configuration_of_a_device_without_agent" {
	local key etag

	tower_start
	key=$(new_key)
	send POST /zones/default/peers "{\"PublicKey\":\"$key\",\"Agentless\":true,\"Hostname\":\"phone\"}"
	[ "$status" = 201 ]
	send POST /zones/default/peers "{\"PublicKey\":\"$(new_key)\",\"EndpointIP\":\"[2001:db8::1]:51820\"}"
	get "/peers/$key/config"
	[ "$status" = 200 ]
	[ "$(header Content-Type)" = 'text/plain; charset=utf-8' ]
	[ "$(header Apex-Revision)" = 3 ]
	[[ $body == *'Address = 10.200.0.1/32'*'Endpoint = [2001:db8::1]:51820'*'AllowedIPs = 10.200.0.2/32'* ]]
	etag=$(header ETag)
	get "/peers/$key/config" -H "If-None-Match: $etag"
	[ "$status" = 304 ]
	[ "$(header ETag)" = "$etag" ]
	send POST /zones/default/peers "{\"PublicKey\":\"$(new_key)\"}"
	get "/peers/$key/config" -H "If-None-Match: $etag"
	[ "$status" = 200 ]
	get "/peers/$(new_key)/config"
	refused 404 E404-peer
}

@test "lets_an_admin_alone_register_a_device_over_tls" {
	local dir=$BATS_TEST_TMPDIR tls key device token

	PORT=$(free_port)
	tls=https://127.0.0.1:$((PORT + 1))
	key=$(new_key)
	device="{\"PublicKey\":\"$key\",\"Agentless\":true}"

	(umask 077 && echo rule >"$dir/admin" && echo look >"$dir/viewer")
	tower_start --admin-token-file="$dir/admin" --viewer-token-file="$dir/viewer" \
		--tls-listen="127.0.0.1:$((PORT + 1))"
	send POST /zones/default/tokens '{}' -H 'Authorization: Bearer rule'
	token=$(json .Token)
	for token in look "$token" wrong; do
		request --insecure -H 'Content-Type: application/json' -d "$device" \
			-H "Authorization: Bearer $token" "$tls/zones/default/peers"
		[[ $status == 40[13] ]]
	done
	request --insecure -H 'Content-Type: application/json' -d "$device" \
		-H 'Authorization: Bearer rule' "$tls/zones/default/peers"
	[ "$status" = 201 ]
	request --insecure -H 'Authorization: Bearer look' "$tls/peers/$key/config"
	[ "$status" = 200 ]
	request --insecure "$tls/peers/$key/config"
	refused 401 E401-credential
}
