#!/bin/bash
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Runs every benchmark of tests/bench, one after the other, alone on the machine. Each prints its
# figures beside a yardstick taken in the same run. bench.sh [NAME…] runs those alone.
set -eu
shopt -s nullglob
cd "$(dirname "$0")/.."
export BUILD=${BUILD:-build/plain} BIN=${BIN:-$PWD/bin}

run_one()
{
	printf '\n== %s\n' "$1"
	if [ -x "tests/bench/$1.sh" ]; then
		"tests/bench/$1.sh"
	else
		"$BUILD/tests/bench/$1"
	fi
}

if [ $# -eq 0 ]; then
	for file in tests/bench/*.sh tests/bench/bench_*.c; do
		name=${file##*/}
		set -- "$@" "${name%.*}"
	done
fi
for name in "$@"; do
	run_one "$name"
done
