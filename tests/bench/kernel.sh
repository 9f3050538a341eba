#!/bin/bash
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# What the kernel's WireGuard changes of the rows of agent and link: here, or where this kernel has
# none in the emulated guest, whose ratios are good, but whose figures are some ten times as large.
set -euo pipefail
cd "$(dirname "$0")/../.."
# shellcheck source=tests/bench/rows.bash
source tests/bench/rows.bash

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
export LAB_WIREGUARD=kernel

if unshare --net ip link add wg0 type wireguard 2>"$scratch/why"; then
	tests/bench/agent.sh
	tests/bench/link.sh
elif tests/guest/image.sh 2>"$scratch/why"; then
	ended=0
	GUEST_SECONDS=${GUEST_SECONDS:-900} tests/guest/run.sh env BENCH_WHERE=emulated \
		BENCH_SIZE="${BENCH_SIZE:-full}" BENCH_ROUNDS=3 BENCH_PAIRS=3 bash -c \
		'tests/bench/agent.sh && tests/bench/link.sh' | tee "$scratch/said" |
		grep --line-buffered -v '^{"what":' >&2 || ended=$?
	rows_from "$scratch/said"
	exit "$ended"
else
	row_missing "the kernel's WireGuard" "not here, and no guest: $(tail -n 1 "$scratch/why")"
fi
