#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# docker-compose.yml with a real Docker Engine, as the README runs it.

load containers
load ../net/readme

setup_file()
{
	images_build
}

stack_start()
{
	lab_start tower other
	docker_start tower
	in_clone tower "$(readme_block compose-up)" >"$LAB_DIR/compose-up.log" 2>&1
	wait_until 30 tower_is_ready
}

signpost_password()
{
	in_clone tower 'docker-compose logs --no-color passwords' | grep -oE '\b[0-9a-f]{48}\b' | head -n 1
}

# agent_run NAME [OPTION…]: in a container on Docker's own network.
agent_run()
{
	node_exec tower docker run --detach --name "$1" --hostname "$1" --cap-add NET_ADMIN \
		--cap-add NET_RAW --device /dev/net/tun apex-node --controller="$(node_ip tower)" \
		--controller-password="$PASSWORD" --internal-network "${@:2}"
}

container_exec() # CONTAINER COMMAND…: a command of this machine in the container's network
{
	local pid

	pid=$(node_exec tower docker inspect --format '{{.State.Pid}}' "$1")
	node_exec tower nsenter -t "$pid" -n "${@:2}"
}

agent_address_in() # CONTAINER
{
	node_exec tower docker exec "$1" aircrew status --json | jq -er 'select(.InSync).NodeAddress'
}

zone_red()
{
	tower_curl -L -X POST 'http://localhost:8080/zone' -H 'Content-Type: application/json' \
		--data-raw '{ "Name": "zone-red", "Description": "Tenant - Zone Red", "CIDR": "10.20.1.0/20" }'
}

teardown_file()
{
	cgroup_remove
}

@test "the stack starts as the README says; zones by curl, agents by the Redis password" {
	stack_start
	in_clone tower "$(readme_block zones-create)"
	tower_get /zones | jq -e 'map(.Name) == ["default", "zone-blue", "zone-red"]'
	PASSWORD=$(signpost_password)
	agent_run blue1 --zone=zone-blue
	agent_run blue2 --zone=zone-blue
	agent_run red1 --zone=zone-red
	for agent in blue1 blue2 red1; do
		wait_until 30 agent_address_in "$agent"
	done
	[ "$(agent_address_in red1)" = 100.64.0.1 ]
	wait_until 15 container_exec blue1 ping -n -c 1 -W 1 "$(agent_address_in blue2)"
	wait_until 15 container_exec blue2 ping -n -c 1 -W 1 "$(agent_address_in blue1)"
	not container_exec red1 ping -n -c 3 -i 0.2 -W 1 "$(agent_address_in blue1)"
	tower_get /ipam/leases/zone-blue | jq -e '.[0].IPs["10.140.0.2"]'

	# From elsewhere the plain port is closed, and TLS wants a credential.
	run node_exec other curl --silent --max-time 5 "http://$(node_ip tower):8080/zones"
	[ "$status" -eq 7 ]
	node_exec other curl --silent --insecure "$(tower_url)/zones" | jq -e '.code == "E401-credential"'
	run node_exec other redis-cli -h "$(node_ip tower)" ping
	[[ "$output" == *NOAUTH* ]]
}

@test "a restart keeps zones, addresses and password; down -v leaves nothing" {
	local before since

	stack_start
	zone_red
	PASSWORD=$(signpost_password)
	tower_send POST /zones/zone-red/peers '{"PublicKey":"xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg="}'
	before=$(tower_get /peers)
	in_clone tower "$(readme_block compose-up)" >"$LAB_DIR/again.log" 2>&1
	in_clone tower 'docker-compose restart'
	wait_until 30 tower_is_ready
	[ "$(tower_get /peers)" = "$before" ]
	in_clone tower 'docker-compose down'
	since=$(now_ms)
	in_clone tower 'docker-compose up -d'
	wait_until 30 tower_curl --fail -o "$LAB_DIR/zones" "$TOWER_URL/zones"
	echo "# from up -d to the first GET /zones: $(($(now_ms) - since)) ms" >&3
	[ "$(tower_get /peers)" = "$before" ]
	REDISCLI_AUTH=$PASSWORD node_exec tower redis-cli --user signpost hgetall apex:signpost | grep -q tower:
	# The password is shown at its making alone; the file has it as long as the volume.
	[ -z "$(signpost_password)" ]
	[ "$(in_clone tower "$(readme_block compose-password)")" = "$PASSWORD" ]
	in_clone tower "$(readme_block compose-down)"
	[ -z "$(node_exec tower docker ps --all --quiet)" ]
	[ -z "$(node_exec tower docker volume ls --quiet)" ]
	[ "$(node_exec tower docker network ls --format '{{.Name}}' | sort | xargs)" = 'bridge host none' ]
}

@test "the same file with podman-compose" {
	local zones

	lab_start tower other
	podman_start tower
	in_clone tower 'podman-compose up -d'
	wait_until 60 tower_is_ready
	zone_red
	zones=$(tower_get /zones)
	PASSWORD=$(in_clone tower 'podman-compose logs passwords' 2>&1 | grep -oE '\b[0-9a-f]{48}\b' | head -n 1)
	REDISCLI_AUTH=$PASSWORD node_exec other redis-cli -h "$(node_ip tower)" --user signpost \
		hgetall apex:signpost | grep -q tower:
	in_clone tower 'podman-compose down && podman-compose up -d'
	wait_until 60 tower_is_ready
	[ "$(tower_get /zones)" = "$zones" ]
	in_clone tower 'podman-compose down -v'
	[ -z "$(node_exec tower podman ps --all --quiet)" ]
	[ -z "$(node_exec tower podman volume ls --quiet)" ]
}

@test "the tower's image is at most 15 MB, runs as nobody, and holds no shell" {
	local bytes

	lab_start tower
	docker_start tower
	bytes=$(node_exec tower docker save apex-tower | gzip | wc -c)
	echo "# apex-tower, compressed: $((bytes / 1000)) kB" >&3
	[ "$bytes" -le 15000000 ]
	[ "$(node_exec tower docker image inspect --format '{{.Config.User}}' apex-tower)" = 900:900 ]
	run -127 node_exec tower docker run --rm --entrypoint /bin/sh apex-tower -c true
}
