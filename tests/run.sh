#!/bin/bash
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Runs suites of tests, two programs at a time, and counts what they say in TAP. A line for every
# program that ends; what failed is shown once more at the end; the last line holds the totals.
# What each said in full stays in $BUILD/results. STRICT=1 counts a skip as a failure.
set -um
shopt -s nullglob
cd "$(dirname "$0")/.." || exit 2

export BUILD=${BUILD:-build/plain} BIN=${BIN:-$PWD/bin} STRICT=${STRICT:-}
results=$BUILD/results
at_once=2
passed=0 failed=0 skipped=0
declare -A job_name=() job_since=()

# tests/unit/test_addr.c -> addr
name_of()
{
	local name=${1##*/}

	name=${name#*_}
	echo "${name%.c}"
}

# The programs of a suite, a line each: <name> <limit in seconds> <command…>
jobs_of()
{
	local file name

	case $1 in
	lint)
		for file in tidy format layers headers sizes cppcheck shellcheck; do
			echo "lint/$file 1200 scripts/lint.sh $file"
		done
		;;
	unit)
		for file in tests/unit/test_*.c; do
			echo "unit/$(name_of "$file") 60 $BUILD/${file%.c}"
		done
		;;
	corpora)
		for file in tests/fuzz/fuzz_*.c; do
			name=$(name_of "$file")
			echo "corpora/$name 60 $BUILD/tests/fuzz/replay_$name tests/fuzz/corpus/$name"
		done
		;;
	process | net)
		local folder=tests/bats

		[ "$1" = process ] || folder=tests/net
		for file in "$folder"/*.bats; do
			echo "$1/$(basename "$file" .bats) 300 bats --tap $file"
		done
		;;
	kernel)
		# Alone: it emulates two processors. The first run downloads the kernel.
		echo "kernel/guest 960 tests/guest/suite.sh"
		;;
	containers)
		# The first run builds the images.
		for file in tests/containers/*.bats; do
			echo "containers/$(basename "$file" .bats) 900 bats --tap $file"
		done
		;;
	*)
		echo "there is no suite '$1'" >&2
		exit 2
		;;
	esac
}

# Counts the TAP of a finished program: prints "<passed> <failed> <skipped>". A program that ends
# before its plan is through, or with a status that no failed test explains, has failed once more.
count_tap()
{
	awk -v status="$2" '
		/^ok / { if (tolower($0) ~ /# skip/) skip++; else ok++ }
		/^not ok / { bad++ }
		/^1\.\.[0-9]+/ { plan = substr($1, 4); planned = 1 }
		END {
			if (!planned || plan != ok + bad + skip || (status != 0 && !bad))
				bad++
			print ok + 0, bad + 0, skip + 0
		}' "$1"
}

finish_job()
{
	local pid=$1 status=$2 name=${job_name[$1]} ok bad skip verdict=ok said
	local ms=$((${EPOCHREALTIME/./} / 1000 - job_since[$pid]))

	read -r ok bad skip < <(count_tap "$results/$name.tap" "$status")
	if [ "$STRICT" = 1 ]; then
		bad=$((bad + skip))
		skip=0
	fi
	if [ "$bad" -gt 0 ]; then
		verdict=FAILED
		echo "$status" >"$results/$name.failed"
	fi
	passed=$((passed + ok)) failed=$((failed + bad)) skipped=$((skipped + skip))
	said="$ok passed"
	[ "$bad" -eq 0 ] || said+=", $bad failed"
	[ "$skip" -eq 0 ] || said+=", $skip skipped"
	printf '%-6s  %-28s %3d.%d s   %s\n' "$verdict" "$name" \
		$((ms / 1000)) $((ms % 1000 / 100)) "$said"
	unset "job_name[$pid]" "job_since[$pid]"
}

wait_for_a_job()
{
	local pid status=0

	wait -n -p pid "${!job_name[@]}" || status=$?
	finish_job "$pid" "$status"
}

run_suite()
{
	local name limit command pid

	while read -r name limit command; do
		[ ${#job_name[@]} -lt "$at_once" ] || wait_for_a_job
		mkdir -p "$results/${name%/*}"
		rm -f "$results/$name.failed"
		# shellcheck disable=SC2086 # a command of several words
		timeout -k 10 "$limit" $command >"$results/$name.tap" 2>&1 </dev/null &
		pid=$!
		job_name[$pid]=$name
		job_since[$pid]=$((${EPOCHREALTIME/./} / 1000))
	done < <(jobs_of "$1")
	while [ ${#job_name[@]} -gt 0 ]; do
		wait_for_a_job
	done
}

show_failures()
{
	local mark

	for mark in "$results"/*/*.failed; do
		printf '\n--- %s (exit status %s)\n' "${mark#"$results"/}" "$(cat "$mark")"
		grep -v '^ok ' "${mark%.failed}.tap" | tail -n 60
	done
	grep -hi '^ok .*# skip' "$results"/*/*.tap | sort | uniq -c
}

stop_all()
{
	trap - INT TERM
	for pid in "${!job_name[@]}"; do
		kill -TERM "$pid" 2>/dev/null
	done
	wait
	echo "interrupted" >&2
	exit 130
}

trap stop_all INT TERM
rm -rf "$results"
mkdir -p "$results"
since=$SECONDS
for suite in "$@"; do
	run_suite "$suite"
done
show_failures
echo "$* took $((SECONDS - since)) s; each program's output is in $results"
echo "$passed passed, $failed failed$([ "$skipped" -eq 0 ] || echo ", $skipped skipped")"
[ "$failed" -eq 0 ] && [ $((passed + skipped)) -gt 0 ]
