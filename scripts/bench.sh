#!/bin/bash
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Runs every tests/bench/<name>.sh (or those named), one after the other, alone on the machine. Each
# prints its figures beside a yardstick taken in the same run.
set -eu
shopt -s nullglob
cd "$(dirname "$0")/.."
export BUILD=${BUILD:-build/plain} BIN=${BIN:-$PWD/bin}

if [ $# -eq 0 ]; then
	for file in tests/bench/*.sh; do
		name=${file##*/}
		set -- "$@" "${name%.sh}"
	done
fi
for name in "$@"; do
	printf '\n== %s\n' "$name"
	"tests/bench/$name.sh"
done
