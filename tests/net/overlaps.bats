#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# The mesh meets what a machine has already: it takes nothing away from it, and says so.

load net

# A bridge as Docker makes it, without Docker.
add_bridge() # NODE NAME ADDRESS/BITS…
{
	local address

	node_exec "$1" ip link add "$2" type bridge
	node_exec "$1" ip link set "$2" up
	for address in "${@:3}"; do
		node_exec "$1" ip address add "$address" dev "$2"
	done
}

node_has_route() # NODE PREFIX: into the mesh
{
	[ -n "$(node_exec "$1" ip route show exact "$2" dev wg0 2>/dev/null)" ] ||
		[ -n "$(node_exec "$1" ip -6 route show exact "$2" dev wg0 2>/dev/null)" ]
}

# refuses_route NODE PREFIX REASON: never in the kernel, and said wherever a person looks.
refuses_route()
{
	local said="no route to $2 into the mesh: $3"

	wait_until 5 agent_status_is "$1" ".Conflicts | index(\"$said\")" || return
	not node_has_route "$1" "$2" || return
	node_log "$1" aircrew | grep -qF "$said" || return
	agent_status_is "$1" '.InSync | not' || return
	node_exec "$1" "$BIN/aircrew" status | grep -qF "$said"
}

# Every route into the mesh that the kernel of the node ever got, while this runs.
watch_routes() # NODE
{
	node_spawn "$1" routes ip -ts monitor route
}

@test "a child prefix that the node's own bridge routes is no conflict" {
	lab_start tower a b
	tower_start
	add_bridge a docker0 172.24.0.1/24 fd24::1/64
	node_exec a bash -c 'echo 1 >/proc/sys/net/ipv4/ip_forward
		echo 1 >/proc/sys/net/ipv6/conf/all/forwarding'
	zone_create both 10.62.0.0/24,fd00:62::/64
	agent_start a both --child-prefix=172.24.0.0/24,fd24::/64
	agent_start b both
	agent_status_is a '.InSync and .Conflicts == [] and .Trouble == "" and .Overlap == ""'
	node_reaches b 172.24.0.1
	node_reaches b fd24::1
}

@test "a zone over Docker's pools works, and is said once" {
	local said="the zone's addresses 172.17.0.0/16 overlap 172.17.0.0/16, on docker0"

	lab_start tower a b c
	tower_start
	zone_create pools '172.17.0.0/16,fd17::/64'
	add_bridge b docker0 172.17.0.1/16 fd17::1/64
	agent_start a pools --request-ip=172.17.0.9,fd17::9
	agent_start b pools --request-ip=172.17.0.10,fd17::10
	agent_status_is b ".InSync and .Conflicts == [] and (.Overlap | startswith(\"$said\"))"
	node_reaches b 172.17.0.9
	node_reaches b fd17::9
	node_reaches a 172.17.0.10
	[ "$(node_log b aircrew | grep -cF "$said")" -eq 1 ]

	# An address of both is the machine's own: that peer alone is not reached.
	agent_start c pools --request-ip=172.17.0.1,fd17::1
	refuses_route b 172.17.0.1/32 '172.17.0.1/32 is there already, on docker0'
	refuses_route b fd17::1/128 'fd17::1/128 is there already, on docker0'
	node_reaches b 172.17.0.9
	node_reaches c 172.17.0.9
	[ "$(node_log b aircrew | grep -cF "$said")" -eq 1 ]

	# The bridge goes, and its routes are the zone's.
	node_exec b ip link del docker0
	wait_until 5 agent_is_in_sync b
	agent_status_is b '.Conflicts == [] and .Trouble == "" and .Overlap == ""'
	node_reaches b 172.17.0.1
	node_reaches b fd17::1
}

@test "a foreign connected route within one of the zone's is kept, and its reason given" {
	lab_start tower a b
	tower_start
	zone_create both 10.62.0.0/24,fd00:62::/64
	add_bridge b lab0 172.24.7.1/24 10.62.0.77/32 fd24:0:0:7::1/80
	agent_start a both --child-prefix=172.24.0.0/16,fd24::/48,172.28.0.0/24
	node_exec a ip address add 172.24.0.10/32 dev lo
	node_exec a ip address add 172.28.0.10/32 dev lo
	node_exec a ip address add fd24::10/128 dev lo
	agent_spawn b both
	refuses_route b 172.24.0.0/16 '172.24.7.0/24 is there already, on lab0'
	refuses_route b fd24::/48 'fd24:0:0:7::/80 is there already, on lab0'
	node_reaches b 10.62.0.1
	node_reaches b 172.28.0.10
	node_exec b "$BIN/aircrew" why a |
		grep -qF '!! route: no route to 172.24.0.0/16 into the mesh: 172.24.7.0/24'

	node_exec b ip address del 172.24.7.1/24 dev lab0
	node_reaches b 172.24.0.10 5
	node_exec b ip link del lab0
	node_reaches b fd24::10 5
	agent_status_is b '.InSync and .Conflicts == []'
}

@test "no child prefix takes the way to the tower, an endpoint or a resolver" {
	local prefix

	lab_start tower a b c
	tower_start
	node_exec b bash -c 'echo nameserver 198.51.100.53 >/run/resolv.conf
		echo nameserver 2001:db8:53::53 >>/run/resolv.conf'
	node_exec b mount --bind /run/resolv.conf /etc/resolv.conf
	node_exec b ip route add default via "$(node_ip tower)"
	node_exec b ip -6 route add default via "$(node_ip6 tower)"
	agent_start a default
	agent_start c default --local-endpoint-ip=203.0.113.7
	# As if the tower were behind the default route: else it is the connected route that counts.
	node_exec tower ip address add 198.18.0.1/32 dev lo
	node_exec tower ip -6 address add 2001:db8:18::1/128 dev lo
	watch_routes b
	agent_start b default --controller=https://198.18.0.1:8443 \
		--controller='https://[2001:db8:18::1]:8443'
	prefix=198.18.0.0/16,2001:db8:18::/48,203.0.113.0/24,198.51.100.0/24,2001:db8:53::/48
	tower_send PATCH "/peers/$(agent_key a)" \
		"{\"ChildPrefixes\":\"$prefix,172.24.0.0/24\"}"
	refuses_route b 198.18.0.0/16 'the tower is reached at 198.18.0.1'
	refuses_route b 2001:db8:18::/48 'the tower is reached at 2001:db8:18::1'
	refuses_route b 203.0.113.0/24 'a peer is reached at 203.0.113.7'
	refuses_route b 198.51.100.0/24 'names are resolved at 198.51.100.53'
	refuses_route b 2001:db8:53::/48 'names are resolved at 2001:db8:53::53'
	wait_until 5 node_has_route b 172.24.0.0/24
	node_exec b "$BIN/aircrew" why a | grep -c 'route: no route to' | grep -qx 5
	agent_status_is b '.Tower.State == "connected"'
	# What was refused was not there for a moment either.
	not grep -E '(198\.18|198\.51\.100|203\.0\.113|db8:18:|db8:53:).*wg0' "$LAB_DIR/b.routes.log"
	grep -q '172\.24\.0\.0/24.*wg0' "$LAB_DIR/b.routes.log"

	# The resolver moves, the peer declares another endpoint: the routes come.
	node_exec b bash -c 'echo nameserver 192.0.2.250 >/run/resolv.conf'
	wait_until 5 node_has_route b 198.51.100.0/24
	wait_until 5 node_has_route b 2001:db8:53::/48
	tower_send PATCH "/peers/$(agent_key c)" "{\"EndpointIP\":\"$(node_ip c):51820\"}"
	wait_until 5 node_has_route b 203.0.113.0/24
	not node_has_route b 198.18.0.0/16

	# From the cache, with the tower away, its address still is not the mesh's.
	node_stop b aircrew
	node_stop tower controltower
	agent_spawn b default --controller=https://198.18.0.1:8443
	refuses_route b 198.18.0.0/16 'the tower is reached at 198.18.0.1'
	tower_start
	wait_until 15 agent_status_is b '.Tower.State == "connected"'
}

@test "no child prefix takes the way to the signpost" {
	lab_start tower a b
	tower_start --signpost-listen=0.0.0.0:6379 --advertise-url="$(tower_url)"
	node_exec tower ip address add 198.18.0.1/32 dev lo
	node_exec b ip route add default via "$(node_ip tower)"
	agent_start a default --child-prefix=198.18.0.0/16,172.24.0.0/24
	node_exec tower cat /var/lib/controltower/signpost.password |
		node_exec b bash -c 'umask 077 && cat >/etc/wireguard/signpost.password'
	watch_routes b
	node_spawn b aircrew "$BIN/aircrew" --controller=198.18.0.1 \
		--controller-password-file=/etc/wireguard/signpost.password \
		--local-endpoint-ip="$(node_ip b)"
	refuses_route b 198.18.0.0/16 'the signpost is reached at 198.18.0.1'
	wait_until 5 node_has_route b 172.24.0.0/24
	not grep -E '198\.18\..*wg0' "$LAB_DIR/b.routes.log"
}
