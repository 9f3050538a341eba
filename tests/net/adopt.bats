#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# An interface that is there already, made by hand or by an agent of before, is taken over as it
# is; what others put on it is left alone or refused, but never lost.

load net

HAND_PORT=51999

# link_new NODE LINK: a WireGuard link, as a person makes it.
link_new()
{
	case ${LAB_WIREGUARD:-userspace} in
	kernel) node_exec "$1" ip link add "$2" type wireguard ;;
	*) node_exec "$1" wireguard-go "$2" >"$LAB_DIR/$1.by-hand.log" 2>&1 3>&- ;;
	esac
	node_exec "$1" ip link set "$2" up
}

key_new()
{
	wg genkey | wg pubkey
}

# by_hand NODE OTHER: what the agent of NODE made, made again by a person: the same key and peer,
# another port, an address as people write it. What the agent kept of the zone is gone.
by_hand()
{
	local node=$1 other=$2 other_key address other_address

	other_key=$(agent_key "$other")
	address=$(agent_address "$node")
	other_address=$(agent_address "$other")
	node_exec "$node" "$BIN/aircrew" down
	wait_until 5 node_has_ended "$node" aircrew
	node_exec "$node" rm /var/lib/aircrew/cache.json
	link_new "$node" wg0
	node_exec "$node" wg set wg0 listen-port "$HAND_PORT" \
		private-key /var/lib/aircrew/private.key peer "$other_key" \
		endpoint "$(node_ip "$other"):51820" allowed-ips "$other_address/32" \
		persistent-keepalive 25
	node_exec "$node" ip address add "$address/20" dev wg0
}

interface_number()
{
	node_exec "$1" cat /sys/class/net/wg0/ifindex
}

# wireguard-go lists its peers in any order.
wireguard_of() # NODE
{
	node_exec "$1" wg showconf wg0 | sort
}

agent_says() # NODE TEXT
{
	node_log "$1" aircrew | grep -qF -- "$2"
}

has_address() # NODE ADDRESS/BITS
{
	node_exec "$1" ip -o address show dev wg0 | grep -qF " $2 "
}

has_peer() # NODE KEY
{
	node_exec "$1" wg show wg0 peers | grep -qF "$2"
}

may_send() # NODE KEY PREFIX
{
	node_exec "$1" wg show wg0 allowed-ips | grep -F "$2" | grep -qwF "$3"
}

# The cache is written a moment after a change.
cache_knows()
{
	node_exec "$1" grep -qF "$2" /var/lib/aircrew/cache.json
}

tower_knows_port() # NODE PORT
{
	tower_get /peers | jq -e --arg key "$(agent_key "$1")" --arg port ":$2" \
		'.[] | select(.PublicKey == $key) | .EndpointIP | endswith($port)'
}

@test "an interface made by hand with the node's key is taken over without losing a packet" {
	local number

	lab_start tower a b
	tower_start
	agent_start b default
	agent_start a default
	by_hand a b
	number=$(interface_number a)
	ping_start a 10.200.0.1 out
	ping_start b 10.200.0.2 in
	agent_start a default
	wait_until 10 tower_knows_port a "$HAND_PORT"
	ping_stop a out
	ping_stop b in
	[ "$(interface_number a)" = "$number" ]
	[ "$(node_exec a wg show wg0 listen-port)" = "$HAND_PORT" ]
	agent_status_is a '.InSync and .Conflicts == [] and .ForeignPeers == null'
}

@test "foreign peers are refused: nothing is touched until they are gone" {
	local foreign before

	lab_start tower a b
	tower_start
	agent_start b default
	agent_start a default
	by_hand a b
	foreign=$(key_new)
	node_exec a wg set wg0 peer "$foreign" allowed-ips 192.168.77.0/24
	before=$(wireguard_of a)

	agent_spawn a default
	wait_until 15 agent_status_is a '.ForeignPeers.Count == 1 and (.InSync | not) and
		(.Trouble | contains("--foreign-peers=keep"))'
	[ "$(agent_status a | jq -r '.ForeignPeers.PublicKeys[0]')" = "$foreign" ]
	node_exec a "$BIN/aircrew" status | grep -qF "wg set wg0 peer $foreign remove"
	agent_says a "${foreign:0:8}"
	diff <(echo "$before") <(wireguard_of a)
	not has_address a 10.200.0.2/32

	node_exec a wg set wg0 peer "$foreign" remove
	wait_until 10 agent_is_in_sync a
	has_address a 10.200.0.2/32
	# From now on it is the zone's alone.
	node_exec a wg set wg0 peer "$foreign" allowed-ips 192.168.77.0/24
	wait_until 5 node_has_peers a 1
}

@test "down leaves an interface that the agent was refused" {
	local before

	lab_start tower a b
	tower_start
	agent_start b default
	agent_start a default
	by_hand a b
	node_exec a wg set wg0 peer "$(key_new)" allowed-ips 192.168.77.0/24
	before=$(wireguard_of a)
	agent_spawn a default
	wait_until 15 agent_status_is a '.ForeignPeers.Count == 1 and .NodeAddress != ""'
	run node_exec a "$BIN/aircrew" down
	# shellcheck disable=SC2154 # run sets them
	[ "$status" -ne 0 ]
	# shellcheck disable=SC2154
	[[ "$output" == *"left as it is"* ]]
	diff <(echo "$before") <(wireguard_of a)
}

@test "foreign peers are kept by option, with what they may send" {
	local foreign later

	lab_start tower a b c
	tower_start
	agent_start b default --child-prefix=172.24.0.0/24
	agent_start a default
	agent_start c default
	by_hand a b
	foreign=$(key_new)
	later=$(key_new)
	node_exec a wg set wg0 peer "$foreign" allowed-ips 192.168.77.0/24,172.24.0.128/25
	node_exec a ip address add 192.168.78.1/32 dev wg0
	node_exec a ip route add 192.168.77.0/24 dev wg0

	agent_spawn a default --foreign-peers=keep
	wait_until 15 agent_status_is a '(.Conflicts | length) == 1 and .ForeignPeers.Kept and
		.Tower.State == "connected"'
	agent_status_is a '.Conflicts[0] | contains("172.24.0.128/25")'
	agent_status_is a ".ForeignPeers.PublicKeys == [\"$foreign\"]"
	node_reaches a 10.200.0.1
	node_reaches a 10.200.0.3
	node_reaches b 10.200.0.2
	[ -z "$(node_exec a ip route show 172.24.0.0/24)" ]

	node_exec a wg set wg0 peer "$later" allowed-ips 192.168.79.0/24
	node_stop c aircrew
	tower_delete "/peers/$(tower_get /peers | jq -r '.[] | select(.Hostname == "c") | .PublicKey')"
	wait_until 10 node_has_peers a 3
	wait_until 10 agent_status_is a '.ForeignPeers.Count == 2'
	may_send a "$foreign" 172.24.0.128/25
	may_send a "$foreign" 192.168.77.0/24
	may_send a "$later" 192.168.79.0/24

	# Nothing is in the way any more.
	node_exec a wg set wg0 peer "$foreign" remove
	wait_until 10 agent_is_in_sync a
	may_send a "$(agent_key b)" 172.24.0.0/24
	has_address a 192.168.78.1/32

	node_exec a "$BIN/aircrew" down
	wait_until 5 node_has_ended a aircrew
	[ "$(node_exec a wg show wg0 peers)" = "$later" ]
	has_address a 192.168.78.1/32
	not has_address a 10.200.0.2/32
	[ -z "$(node_exec a ip route show proto 157)" ]
	[ -n "$(node_exec a ip route show 192.168.77.0/24)" ]
}

@test "leftovers stay while only the cache is known, and go with what the tower tells" {
	local gone leftover

	lab_start tower a b c
	tower_start
	agent_start b default
	agent_start a default
	agent_start c default
	gone=$(agent_key c)
	leftover=$(key_new)
	wait_until 5 cache_knows a "$gone"
	node_exec a pkill -KILL -x aircrew
	node_wait a aircrew || :
	node_stop c aircrew
	tower_delete "/peers/$gone"
	node_stop tower controltower
	# What an agent set and had no time to write down.
	node_exec a wg set wg0 peer "$leftover" allowed-ips 10.200.0.77/32
	node_exec a ip route add 10.200.0.77/32 dev wg0 proto 157

	agent_spawn a default
	wait_until 10 agent_status_is a '.InSync and .NodeAddress == "10.200.0.2"'
	has_peer a "$gone"
	has_peer a "$leftover"
	node_reaches a 10.200.0.1
	has_peer a "$leftover"

	tower_start
	wait_until 20 node_has_peers a 1
	has_peer a "$(agent_key b)"
	wait_until 5 not node_exec a ip route get 10.200.0.77
}
