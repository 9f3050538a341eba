#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# bats file_tags=kernel
# Two tenants with one address range: equal addresses, and not a byte across.

load net

# Receives on the address that both zones have, into a log.
receiver_start()
{
	node_spawn "$1" receiver socat -u UDP4-RECVFROM:9000,fork STDOUT
	wait_until 5 node_exec "$1" bash -c 'ss -lun | grep -q :9000'
}

# Twenty datagrams of one text to the shared address.
send_payload()
{
	local i

	for i in {1..20}; do
		echo "$2 $i" | node_exec "$1" socat -u STDIN UDP4-SENDTO:10.70.0.2:9000
	done
}

received()
{
	node_log "$1" receiver | grep -c "^$2 " || :
}

has_received_all()
{
	[ "$(received "$1" "$2")" -eq 20 ]
}

@test "zones of one CIDR carry equal addresses and nothing crosses over" {
	local zone

	lab_start tower east1 east2 west1 west2
	tower_start
	for zone in east west; do
		zone_create "$zone" 10.70.0.0/24
		agent_start "${zone}1" "$zone"
		agent_start "${zone}2" "$zone"
		[ "$(agent_address "${zone}2")" = 10.70.0.2 ]
		receiver_start "${zone}2"
		node_reaches "${zone}1" 10.70.0.2
	done
	send_payload east1 for-east
	send_payload west1 for-west
	wait_until 5 has_received_all east2 for-east
	wait_until 5 has_received_all west2 for-west
	[ "$(received east2 for-west)" -eq 0 ]
	[ "$(received west2 for-east)" -eq 0 ]
	node_has_peers east2 1
	node_has_peers west2 1
}
