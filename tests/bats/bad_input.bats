#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Whatever comes in, the answer is a refusal that names the thing, and the tower is as before.
# shellcheck disable=SC2154 # request sets status and body

load tower

# Every route that takes a body: method, path, and its fields with their types.
routes()
{
	cat <<-END
		POST /zones Name:text,Description:text,CIDR:text,HubZone:bool,PeerTTL:time,AddressTakeover:word,Quarantine:time,SignpostJoin:bool
		PATCH /zones/default Description:text,HubZone:bool,PeerTTL:time,AddressTakeover:word,Quarantine:time,SignpostJoin:bool
		POST /zones/default/peers PublicKey:word,EndpointIP:word,Endpoints:list,NodeAddress:word,ChildPrefixes:list,Hostname:text,HubRouter:bool,Instance:text,NodeUID:text,Agentless:bool
		PATCH /peers/$KEY EndpointIP:word,Endpoints:list,NodeAddress:word,ChildPrefixes:list,Hostname:text,HubRouter:bool
		POST /zones/default/tokens Uses:number,TTL:time,EphemeralTTL:time,NodeAddress:word,PrefixRanges:list,Description:text
	END
}

# wrong_values TYPE: JSON values that a field of this type cannot have, a line each.
wrong_values()
{
	local long

	long=$(printf '%0600d' 0)
	case $1 in
	text) printf '%s\n' 7 '[]' '{}' true "\"$long\"" '"a\u0007b"' ;;
	word) printf '%s\n' 7 '[]' '{}' true "\"$long\"" '"nonsense"' ;;
	number) printf '%s\n' '"x"' -1 1.5 '[]' ;;
	time) printf '%s\n' '"x"' -1 '"9999999999d"' '[]' ;;
	bool) printf '%s\n' '"yes"' 1 '[]' ;;
	list) printf '%s\n' 7 '[7]' '["x"]' '{}' "[\"$long\"]" ;;
	esac
	printf '"\xff\xfe"\n'
}

# bodies FIELD TYPE: JSON objects in which this field is wrong, or there twice, a line each.
bodies()
{
	local value

	while IFS= read -r value; do
		printf '{"%s":%s}\n' "$1" "$value"
	done < <(wrong_values "$2")
	printf '{"%s":null,"%s":null}\n' "$1" "$1"
	printf '{"%s":1,"%s":1}\n' "$1" "${1,,}"
}

resident_kib()
{
	awk '/^Rss:/ { print $2 }' "/proc/$TOWER_PID/smaps_rollup"
}

@test "refuses_every_wrong_field_of_every_route" {
	local method path fields field line tried=0

	tower_start
	KEY=$(new_key)
	send POST /zones/default/peers "{\"PublicKey\":\"$KEY\"}"
	[ "$status" = 201 ]
	while read -r method path fields; do
		for field in ${fields//,/ }; do
			while IFS= read -r line; do
				send "$method" "$path" "$line"
				echo "$method $path $line: $status $body"
				[ "$status" = 400 ]
				[ -n "$(json .code)" ]
				[ -n "$(json .detail)" ]
				[ -n "$(json .hint)" ]
				tried=$((tried + 1))
			done < <(bodies "${field%:*}" "${field#*:}")
		done
	done < <(routes)
	[ "$tried" -gt 200 ]
}

@test "names_the_field_that_is_missing" {
	tower_start
	send POST /zones '{"CIDR":"10.0.0.0/8"}'
	refused 400 E400-field
	[[ $body == *Name* ]]
	send POST /zones '{"Name":"x"}'
	refused 400 E400-field
	[[ $body == *CIDR* ]]
	send POST /zones/default/peers '{}'
	refused 400 E400-field
	[[ $body == *PublicKey* ]]
}

@test "ignores_unknown_fields" {
	tower_start
	send POST /zones '{"Name":"x","CIDR":"10.0.0.0/8","Colour":{"deep":["red"]}}'
	[ "$status" = 201 ]
}

@test "refuses_what_is_no_json_object" {
	local text

	tower_start
	for text in '' '{' '[]' '7' 'null' '{"a":1}x' '{"a":0000001}'; do
		send POST /zones "$text"
		refused 400 E400-json
	done
	request -X POST -H 'Content-Type: text/plain' -d '{}' "$URL/zones"
	refused 415 E415-content-type
}

@test "refuses_json_nested_ten_thousand_deep" {
	tower_start
	head -c 10000 /dev/zero | tr '\0' '[' >"$BATS_TEST_TMPDIR/deep"
	send POST /zones "@$BATS_TEST_TMPDIR/deep"
	refused 400 E400-json
}

@test "refuses_a_body_over_the_limit" {
	tower_start
	head -c 70000 /dev/zero | tr '\0' ' ' >"$BATS_TEST_TMPDIR/long"
	send POST /zones "@$BATS_TEST_TMPDIR/long"
	refused 413 E413-body
	# Without a length beforehand.
	send POST /zones "@$BATS_TEST_TMPDIR/long" -H 'Transfer-Encoding: chunked'
	refused 413 E413-body
}

@test "refuses_paths_that_make_no_sense" {
	local path

	tower_start
	for path in /zones/%ff /zones/../x /zones/a%20b /peers/%zz /peers/%00 \
		"/zones/$(printf '%0300d' 0)" //zones /zones// "/peers/$(printf '%0900d' 0)"; do
		request --path-as-is "$URL$path"
		echo "$path: $status $body"
		[[ $status =~ ^(400|404)$ ]]
		json .code
	done
}

@test "gives_back_what_a_flood_of_bad_requests_took" {
	local before after

	tower_start
	head -c 60000 /dev/zero | tr '\0' ' ' >"$BATS_TEST_TMPDIR/blank"
	flood()
	{
		curl -sS --max-time 60 -o "$BATS_TEST_TMPDIR/flood" -X POST \
			-H 'Content-Type: application/json' \
			--data-binary "@$BATS_TEST_TMPDIR/blank" "$URL/zones?n=[1-500]"
	}
	flood
	before=$(resident_kib)
	flood
	flood
	flood
	after=$(resident_kib)
	echo "resident before $before KiB, after $after KiB"
	[ "$after" -le $((before + 512)) ]
}
