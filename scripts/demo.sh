#!/bin/bash
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# The main job in ten seconds: a tower, two tenants with one address range, five nodes, real
# WireGuard packets. Every step is checked; exit status 0 only when all of them passed. Whatever
# happens, nothing stays: the nodes are namespaces that end with this script.
set -eu
cd "$(dirname "$0")/.."
BIN=${BIN:-$PWD/bin}
LAB_DIR=$(mktemp -d "${TMPDIR:-/tmp}/apex-demo.XXXXXX")
# shellcheck source=tests/wait.bash
source tests/wait.bash
# shellcheck source=tests/lab.bash
source tests/lab.bash

bold='' dim='' green='' red='' plain=''
if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then
	bold=$'\e[1m' dim=$'\e[2m' green=$'\e[32m' red=$'\e[31m' plain=$'\e[0m'
fi
since=$SECONDS
exec {out}>&1
passed=0

title()
{
	printf '\n%s%s%s\n' "$bold" "$1" "$plain"
}

note()
{
	printf '  %s%s%s\n' "$dim" "$1" "$plain"
}

# step SENTENCE COMMAND…: runs it and says how it went; a failure ends the demo.
step()
{
	local sentence=$1
	shift

	if "$@" >"$LAB_DIR/step" 2>&1; then
		printf '  %s✓%s %s\n' "$green" "$plain" "$sentence"
		passed=$((passed + 1))
		return
	fi
	printf '  %s✗ %s%s\n    %s\n' "$red" "$sentence" "$plain" "$*"
	sed 's/^/    /' "$LAB_DIR/step"
	for log in "$LAB_DIR"/*.log; do
		[ ! -s "$log" ] || { echo "--- ${log##*/}" && tail -n 10 "$log"; }
	done
	exit 1
}

clean_up()
{
	local status=$?

	trap - EXIT INT TERM
	set +e
	exec >&"$out"
	[ -z "${LAB_FOREVER:-}" ] || lab_stop
	rm -rf "$LAB_DIR"
	if [ "$status" -eq 0 ]; then
		printf '\n%s%d steps passed in %d s; everything is cleaned up.%s\n' \
			"$bold$green" "$passed" $((SECONDS - since)) "$plain"
	else
		printf '\n%sThe demo did not pass (exit status %d); everything is cleaned up.%s\n' \
			"$bold$red" "$status" "$plain"
	fi
	exit "$status"
}

# A lease table for people, from the document that the tower answers.
print_leases()
{
	tower_get "/ipam/leases/$1" | jq -r '.[] | .Cidr as $cidr |
		(.IPs | keys_unsorted | map("\($cidr)\t\(.)")[])' |
		awk -F '\t' -v b="$bold" -v p="$plain" '
			BEGIN { printf "    %s%-18s %-16s%s\n", b, "CIDR", "address in use", p }
			{ printf "    %-18s %-16s\n", $1 == last ? "" : $1, $2; last = $1 }'
}

print_peers()
{
	tower_get /peers | jq -r 'sort_by(.Zone, .Hostname)[] |
		[.Zone, .Hostname, .NodeAddress, .EndpointIP, (.ChildPrefixes | join(","))] | @tsv' |
		awk -F '\t' -v b="$bold" -v p="$plain" '
			BEGIN { printf "    %s%-6s %-8s %-12s %-18s %s%s\n", b, "zone", "node",
				"address", "endpoint", "child prefix", p }
			{ printf "    %-6s %-8s %-12s %-18s %s\n", $1, $2, $3, $4, $5 }'
}

join()
{
	agent_start "$@" >/dev/null
}

join_red()
{
	join red1 red && join red2 red --state-dir="$LAB_DIR/red2.disk"
}

join_blue()
{
	join blue1 blue && join blue2 blue && join blue3 blue --child-prefix=172.24.0.0/24
}

each_knows_its_own()
{
	node_has_peers red2 1 && node_has_peers blue2 2
}

red1_waits()
{
	node_misses red1 10.20.0.2 && node_has_peers red1 1
}

blue_goes_on()
{
	node_reaches blue1 10.20.0.2 && node_reaches blue1 172.24.0.10
}

tower_is_back()
{
	# shellcheck disable=SC2119 # no further option
	tower_start && [ "$(tower_get /peers | jq length)" -eq 5 ]
}

[ "$(id -u)" -eq 0 ] || { echo "the demo makes network namespaces: run it as root" >&2; exit 1; }
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

title "1. A tower and five machines, each with a network of its own"
step "machines red1 red2 blue1 blue2 blue3, and the tower's, on one wire" \
	lab_start tower red1 red2 blue1 blue2 blue3
step "controltower, with a private Redis that it starts itself" tower_start
note "nodes reach it at $(tower_url)"
note "and trust it by its pin, $TOWER_PIN"

title "2. Two tenants, both with 10.20.0.0/24"
step "zone red:  curl -X POST /zones -d '{\"Name\":\"red\",\"CIDR\":\"10.20.0.0/24\"}'" \
	zone_create red 10.20.0.0/24
step "zone blue: the same addresses, no quarrel" zone_create blue 10.20.0.0/24

title "3. Five nodes join: a proof of their key, a join token, a tunnel to each other"
step "red1 and red2 join zone red" join_red
step "blue1, blue2 and blue3 join zone blue; blue3 brings 172.24.0.0/24 along" \
	join_blue
print_peers

title "4. Pings inside a zone arrive, encrypted; across zones nothing does"
step "red1 reaches red2 at 10.20.0.2" node_reaches red1 10.20.0.2
step "blue1 reaches blue2 at 10.20.0.2: same address, other machine" node_reaches blue1 10.20.0.2
step "blue1 reaches blue3 at 10.20.0.3" node_reaches blue1 10.20.0.3
step "red1 gets nothing from 10.20.0.3, which is a node of blue alone" node_misses red1 10.20.0.3
step "red2 knows one peer, blue2 knows two" each_knows_its_own

title "5. A network behind a node"
step "blue3 has 172.24.0.10 on its loopback" node_exec blue3 ip address add 172.24.0.10/32 dev lo
step "blue1 reaches it through the tunnel" node_reaches blue1 172.24.0.10

title "6. What the tower has leased in zone blue"
print_leases blue

title "7. A machine loses its power, and comes back as another one"
step "red2 is cut off in the middle of its work" node_kill red2
step "red1 gets no answer from it, and keeps its place for it" \
	red1_waits
step "its disk goes into a new machine, with another address on the wire" node_new red2
step "the agent starts there with the same key" join red2 red --state-dir="$LAB_DIR/red2.disk"
step "it is 10.20.0.2 again" test "$(agent_address red2)" = 10.20.0.2
step "red1 reaches it at its new endpoint, $(node_ip red2)" node_reaches red1 10.20.0.2 15

title "8. The tower is killed; the mesh does not care"
node_exec tower pkill -KILL -x controltower
step "blue1 still reaches blue2 and blue3's network" \
	blue_goes_on
step "the tower is back, with all that it knew" \
	tower_is_back
print_peers
