#!/bin/bash
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Installs what is missing of scripts/packages.txt: the given sections, or all. When nothing is
# missing it neither asks the network nor needs root.
set -eu
cd "$(dirname "$0")"

wanted_packages()
{
	awk -v sections=" $* " '
		/^\[/ { here = substr($1, 2, length($1) - 2); next }
		/^[a-z]/ && (sections == "  " || index(sections, " " here " ")) { print $1 }' packages.txt
}

is_installed()
{
	[ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

missing=()
for package in $(wanted_packages "$@"); do
	is_installed "$package" || missing+=("$package")
done
[ ${#missing[@]} -gt 0 ] || exit 0

if [ "$(id -u)" -ne 0 ]; then
	echo "these packages are missing; as root: apt-get install -y ${missing[*]}" >&2
	exit 1
fi
echo "installing: ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq </dev/null
# A started redis-server of the distribution's would only be in the way: the tower has its own.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
	trap 'rm -f "$policy"' EXIT
	printf '#!/bin/sh\nexit 101\n' >"$policy"
	chmod 0755 "$policy"
fi
apt-get install -y -qq --no-install-recommends -o Dpkg::Use-Pty=0 "${missing[@]}" </dev/null
