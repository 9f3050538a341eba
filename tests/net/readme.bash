# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# shellcheck shell=bash
# Runs the README's commands on the nodes of a lab.

# shellcheck source=tests/readme.bash
source "${BASH_SOURCE[0]%/*}/../readme.bash"

# here NODE NAME [VARIABLE=VALUE…]: runs a block of the README on a node, as a person there would.
here()
{
	node_exec "$1" env PATH="$BIN:$PATH" TOWER="$(node_ip tower)" PASSWORD="${PASSWORD:-}" \
		PIN="${TOWER_PIN:-}" ADDRESS="$(node_ip "$1")" "${@:3}" \
		bash -eu -o pipefail -c "$(readme_block "$2")"
}

# stays NODE LABEL NAME [VARIABLE=VALUE…]: one whose last command stays in the foreground.
stays()
{
	node_spawn "$1" "$2" env PATH="$BIN:$PATH" TOWER="$(node_ip tower)" \
		PASSWORD="${PASSWORD:-}" PIN="${TOWER_PIN:-}" ADDRESS="$(node_ip "$1")" "${@:4}" \
		bash -eu -o pipefail -c "$(readme_block "$3" | sed 's/^\(aircrew\|controltower\) /exec &/')"
}

readme_tower_start()
{
	stays tower controltower tower-start
	wait_until 15 tower_is_ready
	tower_pin_read || return
	PASSWORD=$(node_log tower controltower | sed -n "s/.*the signpost's password, shown this once.*: //p")
	[ -n "$PASSWORD" ]
}

tower_pin_read()
{
	TOWER_PIN=$(node_log tower controltower | grep -o 'sha256//[A-Za-z0-9+/=]*' | tail -n 1)
	[ -n "$TOWER_PIN" ]
}

# key_there NODE: the block that makes a key; prints the assignments that it leaves in the shell.
key_there()
{
	# shellcheck disable=SC2016 # expanded inside
	node_exec "$1" bash -eu -o pipefail -c "$(readme_block node-key)"'
		echo "PUBLIC_KEY=$PUBLIC_KEY" && echo "PRIVATE_KEY=$PRIVATE_KEY"'
}

# joins NODE NAME [VARIABLE=VALUE…]: the block starts an agent, which gets into sync.
joins()
{
	stays "$1" aircrew "${@:2}"
	wait_until 15 agent_is_in_sync "$1"
}
