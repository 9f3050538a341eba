#!/bin/bash
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# What the kernel's WireGuard changes of the rows of agent and link, in the emulated guest: the ratios
# are good, the figures are some ten times those of the machine.
set -euo pipefail
cd "$(dirname "$0")/../.."
# shellcheck source=tests/bench/rows.bash
source tests/bench/rows.bash

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

tests/guest/run.sh env BENCH_SIZE="${BENCH_SIZE:-full}" bash -c \
	'tests/bench/agent.sh && tests/bench/link.sh' | tee "$scratch/said" | grep -v '^{"what":' >&2
rows_from "$scratch/said"
