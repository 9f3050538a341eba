#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# bats file_tags=kernel
# Another version of the agent takes the place of the one that runs, as packages do it: the file is
# renamed over, the service restarted. The tunnels do not notice.

load net

# install_version VERSION: an agent that differs in what it says of itself (as long as the old
# version), put in place whole.
install_version()
{
	local old

	old=$("$BIN/aircrew" --version)
	LC_ALL=C sed "s/${old#* }/$1/g" "$BIN/aircrew" >"$BIN/aircrew.new"
	chmod 0755 "$BIN/aircrew.new"
	mv "$BIN/aircrew.new" "$BIN/aircrew"
}

runs_version() # VERSION
{
	agent_status_is a ".InSync and .Version == \"$1\" and (.Peers | length) == 1"
}

# What another interface or another session would change: the kernel's number of the interface, and
# the last handshake on either side.
tunnel()
{
	node_exec a cat /sys/class/net/wg0/ifindex
	node_exec a wg show wg0 latest-handshakes
	node_exec b wg show wg0 latest-handshakes
}

@test "an upgrade of the agent in place, and the way back, lose no packet" {
	local old new before

	mkdir "$LAB_DIR/bin"
	cp "$BIN/aircrew" "$BIN/controltower" "$LAB_DIR/bin"
	BIN=$LAB_DIR/bin
	old=$("$BIN/aircrew" --version)
	old=${old#* }
	new=9${old:1}
	lab_start tower a b
	tower_start
	agent_start a default
	agent_start b default
	runs_version "$old"
	ping_start b 10.200.0.1 in 0.002
	ping_start a 10.200.0.2 out 0.002
	before=$(tunnel)

	install_version "$new"
	runs_version "$old"
	node_stop a aircrew
	agent_start a default
	wait_until 10 runs_version "$new"
	[ "$(agent_address a)" = 10.200.0.1 ]

	# Back again, with no tower to ask: by what the newer version keeps.
	install_version "$old"
	node_stop tower controltower
	node_stop a aircrew
	agent_spawn a default
	wait_until 10 runs_version "$old"
	[ "$(agent_address a)" = 10.200.0.1 ]
	ping_stop b in
	ping_stop a out
	[ "$(tunnel)" = "$before" ]
}
