# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# shellcheck shell=bash
# What the network tests share: a lab a test, gone when the test ends.

# shellcheck source=tests/wait.bash
source "${BASH_SOURCE[0]%/*}/../wait.bash"
# shellcheck source=tests/lab.bash
source "${BASH_SOURCE[0]%/*}/../lab.bash"

bats_require_minimum_version 1.5.0
BIN=${BIN:-$(realpath -m "${BASH_SOURCE[0]%/*}/../../bin")}
LAB_DIR=$BATS_TEST_TMPDIR

setup()
{
	[ "$(id -u)" -eq 0 ] || skip "network namespaces need root"
}

# Shows the logs of a test that failed; a sanitizer's report fails any test.
teardown()
{
	local log

	[ -z "${LAB_FOREVER:-}" ] || lab_stop
	for log in "$LAB_DIR"/*.log; do
		if [ -z "${BATS_TEST_COMPLETED:-}" ]; then
			echo "--- ${log##*/}"
			tail -n 40 "$log" | grep -v 'unshare: sigprocmask' || :
		fi
		if grep -qE 'ERROR: [A-Za-z]+Sanitizer|runtime error:' "$log"; then
			echo "--- sanitizer report in ${log##*/}"
			grep -A 40 -E 'ERROR: [A-Za-z]+Sanitizer|runtime error:' "$log"
			return 1
		fi
	done
}

# assert_refused CODE COMMAND…: the command fails and names the code.
assert_refused()
{
	local code=$1
	shift

	run "$@"
	# shellcheck disable=SC2154 # run sets them
	[ "$status" -ne 0 ] || return
	# shellcheck disable=SC2154
	[[ "$output" == *"$code"* ]]
}

# agent_ends NODE STATUS TEXT…: it ends with this status, and its last lines hold every text.
agent_ends()
{
	local node=$1 wanted=$2 ended_with=0 said text

	wait_until 15 node_has_ended "$node" aircrew || return
	node_wait "$node" aircrew || ended_with=$?
	said=$(node_log "$node" aircrew | tail -n 6)
	echo "agent on $node ended with $ended_with: $said"
	[ "$ended_with" -eq "$wanted" ] || return
	for text in "${@:3}"; do
		grep -qF -- "$text" <<<"$said" || return
	done
}

# ping_start NODE ADDRESS LABEL [PAUSE]: a ping every 0.05 s, or PAUSE, until ping_stop.
ping_start()
{
	node_spawn "$1" "$3" ping -n -i "${4:-0.05}" -W 2 "$2"
	wait_until 10 grep -q 'bytes from' "$LAB_DIR/$1.$3.log"
}

ping_has_come_back() # NODE LABEL COUNT
{
	[ "$(node_log "$1" "$2" | grep -c 'bytes from')" -ge "$3" ]
}

# ping_stop NODE LABEL: goes on for ten more packets; then none may be missing, but the last, which
# may be under way when the interrupt comes.
ping_stop()
{
	local sent received so_far

	so_far=$(node_log "$1" "$2" | grep -c 'bytes from')
	wait_until 10 ping_has_come_back "$1" "$2" $((so_far + 10))
	node_stop "$1" "$2" INT || :
	read -r sent received < <(node_log "$1" "$2" |
		sed -n 's/^\([0-9]*\) packets transmitted, \([0-9]*\) received.*/\1 \2/p')
	echo "ping from $1: $sent sent, $received received"
	[ $((sent - received)) -le 1 ]
}

# join_requests ZONE COUNT: for curl --config, to be run on the tower's machine: as many peers with keys
# of their own. curl says "<status> join.<number>" of each; that file in $LAB_DIR has the answer.
join_requests()
{
	random_keys "$2" | awk -v url="$TOWER_URL/zones/$1/peers" -v folder="$LAB_DIR" '
		NR > 1 { print "next" }
		{
			print "url = \"" url "\""
			print "header = \"Content-Type: application/json\""
			print "data = \"{\\\"PublicKey\\\":\\\"" $0 "\\\",\\\"Instance\\\":\\\"i" NR "\\\"}\""
			print "output = \"" folder "/join." NR "\""
			print "write-out = \"%{http_code} join." NR "\\n\""
		}'
}

# random_keys COUNT: 42 random characters of base64, and two that make 32 bytes of them.
random_keys()
{
	head -c $(($1 * 32)) /dev/urandom | base64 -w 42 | sed 's/$/A=/' | head -n "$1"
}
