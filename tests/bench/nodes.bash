# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# shellcheck shell=bash
# What the benchmarks that run agents share: a lab (tests/lab.bash) that ends with the script, zones of many
# peers that nobody runs, an agent with so many peers.

# shellcheck source=tests/bench/rows.bash
source "${BASH_SOURCE[0]%/*}/rows.bash"
# shellcheck source=tests/lab.bash
source "${BASH_SOURCE[0]%/*}/../lab.bash"

BIN=$(realpath "${BIN:-bin}")
export LAB_WIREGUARD=${LAB_WIREGUARD:-userspace}
LAB_DIR=$(mktemp -d)

cleanup()
{
	local status=$?

	[ "$status" -eq 0 ] || tail -n 5 "$LAB_DIR"/*.log >&2
	[ -z "${LAB_FOREVER:-}" ] || lab_stop
	rm -rf "$LAB_DIR"
}
trap cleanup EXIT

# Where the peers of zone_of would be: swallowed at once. An address that nobody has would make
# wireguard-go wait for ARP, three seconds for every 250 packets.
sink_new() # NODE
{
	node_exec "$1" bash -c 'ip link add sink type veth peer name drain && ip link set drain up &&
		ip link set sink arp off up && ip route add 192.0.2.1/32 dev sink'
}

# zone_of COUNT: the zone z<COUNT> of so many peers that nobody runs, registered by an admin.
zone_of()
{
	zone_create "z$1" 10.64.0.0/10
	# Any 32 bytes are a key; the last of 43 characters has two bits that are nobody's.
	head -c $(($1 * 33)) /dev/urandom | base64 -w 42 | head -n "$1" | awk -v url="$TOWER_URL/zones/z$1/peers" '
		NR > 1 { print "next" }
		{ printf "url = \"%s\"\nheader = \"Content-Type: application/json\"\nfail\n", url
		  printf "data = \"{\\\"PublicKey\\\":\\\"%sE=\\\",\\\"EndpointIP\\\":\\\"192.0.2.1:51820\\\"}\"\n", $1
		  print "output = \"/dev/null\"\nno-progress-meter" }' >"$LAB_DIR/peers.curl"
	node_exec tower curl --silent --show-error --parallel --parallel-max 64 -K "$LAB_DIR/peers.curl"
}

agent_has_peers() # NODE COUNT
{
	node_has_peers "$1" "$2" && agent_is_in_sync "$1"
}

# agent_join NODE ZONE COUNT [OPTION…]: until it has so many peers; sets agent_pid.
agent_join()
{
	agent_spawn "$1" "$2" --log-level=warn "${@:4}"
	wait_until 60 agent_has_peers "$1" "$3"
	# shellcheck disable=SC2034 # for the caller
	agent_pid=$(pgrep -P "${LAB_SPAWNED[$1/aircrew]}")
}

# agent_down NODE: it, and what it made, goes; its cache stays.
agent_down()
{
	node_exec "$1" "$BIN/aircrew" down
	node_wait "$1" aircrew || :
}
