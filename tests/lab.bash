# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# shellcheck shell=bash
# A lab of nodes on one machine, for the network tests and the demo. A node is a network, a mount
# and a process namespace: it has its own links, /run, /etc/wireguard, /var/lib and processes. All
# hang on one bridge, with IPv4 and IPv6. Nothing in it has a name outside, so that labs do not
# meet; when the shell that made a node ends, however it ends, the kernel ends all that the node
# holds.
#
# The caller sets LAB_DIR (a folder for logs) and BIN (where the programs are). LAB_WIREGUARD says
# which WireGuard the nodes have: userspace (wireguard-go, the default) or kernel.

declare -gA LAB_HOLDER=() # node -> process id, outside, of what keeps the node
declare -gA LAB_INIT=()   # node -> process id, outside, of the node's first process
declare -gA LAB_NUMBER=() # node -> last part of its addresses
declare -gA LAB_SPAWNED=() # node/label -> process id, outside, of nsenter
LAB_COUNT=0
LAB_WIREGUARD=${LAB_WIREGUARD:-userspace}

# lab_start NODE…: the bridge and these nodes.
lab_start()
{
	local node

	mkfifo "$LAB_DIR/forever"
	exec {LAB_FOREVER}<>"$LAB_DIR/forever"
	lab_hold lan
	node_exec lan ip link add br0 up type bridge forward_delay 0
	for node in "$@"; do
		node_new "$node"
	done
}

# The first process of a node: makes it its own, then waits for ever; as a shell it also reaps
# what others leave behind. No duplicate address detection: addresses are good at once.
# shellcheck disable=SC2016 # expanded inside
LAB_INIT_SCRIPT='
for folder in /run /etc/wireguard /var/lib /dev/shm; do
	[ -d "$folder" ] || mkdir -p "$folder" || exit
	table+="
lab $folder tmpfs mode=0755"
done
echo "lab /sys sysfs defaults$table" >"$1.table"
mount --all --fstab "$1.table" || exit
echo 0 >/proc/sys/net/ipv6/conf/all/accept_dad
echo 0 >/proc/sys/net/ipv6/conf/default/accept_dad
ip link set lo up || exit
echo up >"$1"
while :; do read -r -u "$2"; done'

lab_hold()
{
	local node=$1 up=$LAB_DIR/$1.up

	# That of an earlier life would say too early that it is there.
	rm -f "$up"
	setpriv --pdeathsig KILL unshare --mount --net --pid --fork --kill-child --mount-proc \
		--propagation private bash -c "$LAB_INIT_SCRIPT" lab "$up" "$LAB_FOREVER" \
		>"$LAB_DIR/$node.init.log" 2>&1 3>&- &
	LAB_HOLDER[$node]=$!
	wait_until 10 test -s "$up" || return
	# That file has no end of line, which read takes for a failure.
	read -r "LAB_INIT[$node]" \
		<"/proc/${LAB_HOLDER[$node]}/task/${LAB_HOLDER[$node]}/children" ||
		[ -n "${LAB_INIT[$node]}" ]
}

node_new()
{
	local node=$1

	LAB_COUNT=$((LAB_COUNT + 1))
	LAB_NUMBER[$node]=$((LAB_COUNT + 1))
	lab_hold "$node" || return
	ip link add "port$LAB_COUNT" netns "${LAB_INIT[lan]}" type veth \
		peer name eth0 netns "${LAB_INIT[$node]}"
	node_exec lan ip link set "port$LAB_COUNT" master br0 up
	node_exec "$node" ip -batch - <<-EOF
		address add $(node_ip "$node")/24 dev eth0
		address add $(node_ip6 "$node")/64 dev eth0
		link set eth0 up
	EOF
}

# router_new ROUTER NODE: the node ROUTER, and NODE behind it, in a network of its own: all that NODE
# sends leaves through ROUTER, by the NAT that router_masquerade says.
router_new()
{
	local router=$1 node=$2

	node_new "$router" || return
	LAB_COUNT=$((LAB_COUNT + 1))
	LAB_NUMBER[$node]=$((LAB_COUNT + 1))
	lab_hold "$node" || return
	ip link add eth1 netns "${LAB_INIT[$router]}" type veth \
		peer name eth0 netns "${LAB_INIT[$node]}"
	node_exec "$router" bash -c 'ip address add 10.99.0.1/24 dev eth1 && ip link set eth1 up &&
		echo 1 >/proc/sys/net/ipv4/ip_forward'
	node_exec "$node" bash -c 'ip address add 10.99.0.2/24 dev eth0 && ip link set eth0 up &&
		ip route add default via 10.99.0.1'
}

# router_masquerade ROUTER [WORD…]: which NAT it does from now on; what it knows of flows is lost.
router_masquerade()
{
	node_exec "$1" nft -f - <<-EOF
		table ip nat
		delete table ip nat
		table ip nat {
			chain postrouting {
				type nat hook postrouting priority srcnat
				oifname eth0 meta l4proto udp masquerade ${*:2}
				oifname eth0 masquerade
			}
		}
	EOF
	# A masquerade forgets its flows when its link goes.
	node_exec "$1" bash -c 'ip link set eth0 down && ip link set eth0 up'
}

node_ip()
{
	echo "192.0.2.${LAB_NUMBER[$1]}"
}

node_ip6()
{
	echo "2001:db8::${LAB_NUMBER[$1]}"
}

# node_exec NODE COMMAND…: runs it inside.
node_exec()
{
	local init=${LAB_INIT[$1]}

	nsenter -t "$init" -m -n -p -- "${@:2}"
}

# node_spawn NODE LABEL COMMAND…: starts it inside, in the background; what it says goes to
# $LAB_DIR/NODE.LABEL.log, behind what is there.
node_spawn()
{
	local node=$1 label=$2

	# shellcheck disable=SC2016 # expanded inside
	nsenter -t "${LAB_INIT[$node]}" -m -n -p -- bash -c 'echo $$ >"$1" && exec "${@:2}"' lab \
		"$LAB_DIR/$node.$label.pid" "${@:3}" >>"$LAB_DIR/$node.$label.log" 2>&1 3>&- &
	LAB_SPAWNED[$node/$label]=$!
	wait_until 5 test -s "$LAB_DIR/$node.$label.pid"
}

# node_signal NODE LABEL SIGNAL: to what node_spawn started.
node_signal()
{
	node_exec "$1" kill "-$3" "$(cat "$LAB_DIR/$1.$2.pid")"
}

# node_wait NODE LABEL: the exit status of what node_spawn started. A program that does not end is
# the caller's fault: signal it, or know that it ends.
node_wait()
{
	local status=0

	wait "${LAB_SPAWNED[$1/$2]}" || status=$?
	rm -f "$LAB_DIR/$1.$2.pid"
	return "$status"
}

node_has_ended()
{
	! kill -0 "${LAB_SPAWNED[$1/$2]}" 2>/dev/null
}

# node_stop NODE LABEL [SIGNAL]: signals it and waits for its end; returns its exit status.
node_stop()
{
	node_signal "$1" "$2" "${3:-TERM}"
	node_wait "$1" "$2"
}

node_log()
{
	cat "$LAB_DIR/$1.$2.log"
}

# node_kill NODE…: takes them away, as a power cut does.
node_kill()
{
	local node

	for node in "$@"; do
		kill -KILL "${LAB_INIT[$node]:-${LAB_HOLDER[$node]}}"
	done
	for node in "$@"; do
		wait "${LAB_HOLDER[$node]}" 2>/dev/null || :
		unset "LAB_HOLDER[$node]" "LAB_INIT[$node]"
	done
}

lab_stop()
{
	node_kill "${!LAB_INIT[@]}"
	exec {LAB_FOREVER}<&-
}

# --- the tower, on the node "tower" ---

TOWER_URL=http://127.0.0.1:8080

# tower_start [OPTION…]: plain HTTP on loopback, where it is open; TLS for the nodes.
tower_start()
{
	tower_spawn "$@"
	wait_until 15 tower_is_ready || return
	TOWER_PIN=$(node_log tower controltower | grep -o 'sha256//[A-Za-z0-9+/=]*' | tail -n 1)
	[ -n "$TOWER_PIN" ]
}

tower_spawn()
{
	node_spawn tower controltower "$BIN/controltower" --state-dir=/var/lib/controltower \
		--listen=127.0.0.1:8080 --tls-listen='[::]:8443' "$@"
}

tower_is_ready()
{
	tower_curl -o "$LAB_DIR/readyz" --fail "$TOWER_URL/readyz"
}

tower_url()
{
	echo "https://$(node_ip tower):8443"
}

# curl as an admin, who sits on the tower's machine.
tower_curl()
{
	node_exec tower curl --silent --show-error --max-time 10 "$@"
}

# tower_get PATH, tower_send METHOD PATH JSON: the answer's body; a refusal fails and is shown.
tower_get()
{
	tower_curl --fail-with-body "$TOWER_URL$1"
}

tower_send()
{
	tower_curl --fail-with-body -X "$1" -H 'Content-Type: application/json' -d "$3" \
		"$TOWER_URL$2"
}

tower_delete()
{
	tower_curl --fail-with-body -X DELETE "$TOWER_URL$1"
}

zone_create() # NAME CIDR [further JSON members]
{
	tower_send POST /zones "{\"Name\":\"$1\",\"CIDR\":\"$2\"${3:+,$3}}" >"$LAB_DIR/zone.json"
}

# A file with a join token of the zone, good for any number of joins; made once.
zone_token_file()
{
	local file=$LAB_DIR/$1.token answer

	if [ ! -s "$file" ]; then
		answer=$(tower_send POST "/zones/$1/tokens" '{"Uses":0}') || return
		[[ $answer =~ \"Token\":\"([^\"]+)\" ]] || return
		(umask 077 && echo "${BASH_REMATCH[1]}" >"$file")
	fi
	echo "$file"
}

tower_revision()
{
	tower_get "/zones/$1/peers" | jq '[.[].Revision] | max'
}

# --- agents ---

# agent_spawn NODE ZONE [OPTION…]: TLS, pin and join token; the endpoint as given to --local-….
agent_spawn()
{
	local node=$1 zone=$2

	node_spawn "$node" aircrew "$BIN/aircrew" --controller="$(tower_url)" \
		--controller-pin="$TOWER_PIN" --join-token-file="$(zone_token_file "$zone")" \
		--zone="$zone" --hostname="$node" --local-endpoint-ip="$(node_ip "$node")" \
		--wireguard="$LAB_WIREGUARD" "${@:3}"
}

# agent_start NODE ZONE [OPTION…]: and waits until the node is in the zone.
agent_start()
{
	agent_spawn "$@"
	wait_until 15 agent_is_in_sync "$1"
}

agent_status() # NODE
{
	node_exec "$1" "$BIN/aircrew" status --json
}

# agent_status_is NODE FILTER: whether jq's filter holds for the status.
agent_status_is()
{
	agent_status "$1" | jq -e "$2"
}

# Asked often, and of slow machines: without jq, whose start alone takes 30 ms. What belongs to the
# agent itself is in the lines that one space indents.
agent_is_in_sync()
{
	local status

	status=$(agent_status "$1") && echo "$status" && [[ $status == *$'\n "InSync": true,'* &&
		$status == *$'\n  "State": "connected",'* && $status != *$'\n "NodeAddress": "",'* ]]
}

agent_address() # NODE: in its zone
{
	agent_text "$1" NodeAddress
}

agent_key() # NODE: its public key
{
	agent_text "$1" PublicKey
}

agent_text() # NODE MEMBER
{
	local status

	status=$(agent_status "$1") && [[ $status =~ $'\n "'"$2"'": "'([^\"]+)\", ]] &&
		echo "${BASH_REMATCH[1]}"
}

# node_lose_wireguard NODE: its interface goes, as it does when the machine is started anew.
node_lose_wireguard()
{
	if [ "$LAB_WIREGUARD" = kernel ]; then
		node_exec "$1" ip link del wg0
	else
		node_exec "$1" pkill -KILL -x wireguard-go
	fi
}

# How many peers WireGuard itself has.
node_peers()
{
	node_exec "$1" wg show wg0 peers | wc -l
}

node_has_peers() # NODE COUNT
{
	[ "$(node_peers "$1")" -eq "$2" ]
}

# node_reaches NODE ADDRESS [SECONDS]: a ping comes back. Two peers that greet one another in the same
# moment miss each other and try again after WireGuard's REKEY_TIMEOUT of 5 s, be it twice.
node_reaches()
{
	wait_until "${3:-20}" node_exec "$1" ping -n -c 1 -W 1 "$2"
}

# node_misses NODE ADDRESS: of three pings none comes back.
node_misses()
{
	! node_exec "$1" ping -n -c 3 -i 0.2 -W 1 "$2"
}
