#!/bin/bash
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Keeps the WireGuard interface of a device without an agent equal to what its zone says: once a
# call, from cron or a timer. While nothing changed, nothing is touched.
#
#   device.sh INTERFACE URL [CURL-OPTION…]
#
# URL is TOWER/peers/KEY/config. In /etc/wireguard stand INTERFACE.key, the private key, which stays
# there, and what this makes: INTERFACE.conf for wg-quick, INTERFACE.tower and INTERFACE.etag as
# they came.
set -euo pipefail
interface=$1 url=$2
cd /etc/wireguard
umask 077

status=$(curl --fail --silent --show-error --max-time 30 "${@:3}" --write-out '%{http_code}' \
	--etag-compare "$interface.etag" --etag-save "$interface.etag.new" \
	--output "$interface.tower" "$url")

# Through a pipe, and so in no list of processes.
printf 's|^PrivateKey = .*|PrivateKey = %s|\n' "$(<"$interface.key")" |
	sed -f /dev/stdin "$interface.tower" >"$interface.conf.new"
mv "$interface.conf.new" "$interface.conf"

if ! ip link show "$interface" >/dev/null 2>&1; then
	wg-quick up "$interface"
elif [ "$status" != 304 ]; then
	# A file without a port would have wg choose another one: others would send to the old.
	port=$(wg show "$interface" listen-port)
	wg syncconf "$interface" <(wg-quick strip "$interface" |
		sed "s/^\[Interface\]/&\nListenPort = $port/")
	wg show "$interface" allowed-ips | cut -f 2 | tr ' ' '\n' | while read -r prefix; do
		[ "$prefix" = '(none)' ] || ip route replace "$prefix" dev "$interface"
	done
fi
# Only now: what failed above is asked for again.
mv "$interface.etag.new" "$interface.etag"
