#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# `make bench` with next to nothing to do: that it runs, not what it costs.

load net

@test "the parts of make bench measure, and make one table of it" {
	cd "$BATS_TEST_DIRNAME/../.."
	BENCH_DIR=$BATS_TEST_TMPDIR/bench BENCH_SIZE=small run --separate-stderr \
		scripts/bench.sh agent link tower
	echo "$output"
	# shellcheck disable=SC2154 # run sets it
	echo "$stderr"
	[ "$status" -eq 0 ]
	for part in agent link tower; do
		jq -e --arg part "$part" '.part == $part and .size == "small" and
			([.rows[] | select(.figure >= 0 and .unit != "")] | length) >= 3' \
			"$BATS_TEST_TMPDIR/bench/$part.json"
	done
	# A goal, a yardstick and the verdict; that one is the same on every machine.
	grep -E '^\| agent: program, stripped +\| .* KiB +\| +\| +\| <= 400 +\| ' <<<"$output"
	grep -E '^\| link: rules .* \| 0 rules +\| .*\| <= 4 +\| yes ' <<<"$output"
	grep -E '^\| link: stream .* Mbit/s +\| WireGuard link by hand: [0-9]' <<<"$output"
}

@test "a part that fails fails make bench, and a small run is not recorded" {
	cd "$BATS_TEST_DIRNAME/../.."
	# It has nowhere to put its lab.
	BENCH_DIR=$BATS_TEST_TMPDIR/bench BENCH_SIZE=small TMPDIR=/nowhere \
		run ! scripts/bench.sh agent
	[[ "$output" == *"agent ended with status"* ]]
	BENCH_DIR=$BATS_TEST_TMPDIR/bench BENCH_SIZE=small BENCH_RECORD=1 run -2 scripts/bench.sh agent
	[[ "$output" == *"not worth recording"* ]]
}
