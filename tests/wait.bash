# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# shellcheck shell=bash
# Waiting for a condition with a deadline: the only way in which a test may let time pass.

now_ms()
{
	echo $((${EPOCHREALTIME/./} / 1000))
}

# One turn of waiting: 50 ms in which nothing can be read.
pause()
{
	[ -n "${PAUSE_FD:-}" ] || exec {PAUSE_FD}<> <(:)
	read -rt 0.05 -u "$PAUSE_FD" || :
}

# wait_until SECONDS COMMAND…: runs it until it succeeds. What it said last is shown on failure.
# WAIT_FACTOR stretches the seconds, where a machine is slow.
wait_until()
{
	local seconds=$(($1 * ${WAIT_FACTOR:-1})) said deadline
	shift
	deadline=$((${EPOCHREALTIME/./} + seconds * 1000000))

	until said=$("$@" 2>&1); do
		if [ "${EPOCHREALTIME/./}" -ge "$deadline" ]; then
			echo "not within $seconds s: $*" >&2
			[ -z "$said" ] || echo "it said last: $said" >&2
			return 1
		fi
		pause
	done
}

# The opposite of a command, for wait_until.
not()
{
	! "$@"
}

# jq as its manual has it: with -e as the first option it fails when nothing was said. Version 1.6
# takes an empty input for a success.
jq()
{
	local said status

	said=$(command jq "$@"; echo $?)
	status=${said##*$'\n'}
	said=${said%"$status"}
	printf '%s' "$said"
	[[ $1 != -*e* || -n $said ]] || return 4
	return "$status"
}
