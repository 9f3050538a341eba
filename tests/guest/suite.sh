#!/bin/bash
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# The network tests that run on kernel WireGuard, too: in one guest, two files at a time. Prints
# TAP, with the file's name before each test's. `suite.sh here` is its part inside the guest.
set -u
cd "$(dirname "$0")/../.." || exit 2

# A tag in the file says that it belongs here: "# bats file_tags=kernel". More tests first.
files()
{
	grep -l '^# bats file_tags=.*kernel' tests/net/*.bats tests/guest/*.bats |
		xargs grep -c '^@test ' | sort -t : -k 2 -rn | cut -d : -f 1
}

# One file: its results with its name, all else as comments. A plan that was not fulfilled is
# missed in the count of all.
run_file()
{
	local name since=$SECONDS status=0
	name=$(basename "$1" .bats)

	timeout -k 5 300 bats --tap "$1" >"/tmp/$name.tap" 2>&1 </dev/null || status=$?
	flock /tmp/output awk -v name="$name" -v status="$status" -v took="$((SECONDS - since))" '
		/^(not )?ok [0-9]+ / { sub(/ok [0-9]+/, "& " name ":"); print; next }
		/^1\.\.[0-9]+$/ { next }
		{ sub(/^(# )?/, "# "); print }
		END { print "# " name ": exit status " status ", " took " s" }' "/tmp/$name.tap"
}

if [ "${1:-}" != here ]; then
	if [ "$(dpkg --print-architecture)" != amd64 ]; then
		printf '1..1\nok 1 guest # skip its kernel and programs are for amd64\n'
		exit
	fi
	exec env GUEST_SECONDS=900 tests/guest/run.sh tests/guest/suite.sh here
fi
mapfile -t files < <(files)
echo "1..$(cat "${files[@]}" | grep -c '^@test ')"
export -f run_file
printf '%s\n' "${files[@]}" | xargs -P 2 -I {} bash -c 'run_file {}'
