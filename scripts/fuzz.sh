#!/bin/bash
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# fuzz.sh SECONDS [TARGET…]: runs every fuzz target (or those named) for so long, under the address
# and undefined-behaviour sanitizers, from its committed inputs, and says which part of the lines
# of the parsers it names ("Parsers: <file> …" in its first comment) it reached. New inputs stay in
# build/fuzz/corpus; one that breaks a target is kept in build/fuzz/found, to be committed to
# tests/fuzz/corpus/<name> with the mend.
set -eu -o pipefail
cd "$(dirname "$0")/.."
seconds=$1
shift
build=build/fuzz
failed=0

make --no-print-directory -j2 CC=clang-14 BUILD=$build SAN=address,undefined \
	CFLAGS='-O1 -g -fsanitize=fuzzer-no-link -fprofile-instr-generate -fcoverage-mapping' \
	LDFLAGS='-fsanitize=fuzzer -fprofile-instr-generate' fuzz-programs

# The parsers that a target names, a file a line.
parsers_of()
{
	sed -n 's/^.*Parsers: *//p' "tests/fuzz/fuzz_$1.c" | tr ' ' '\n' | grep '\.c$'
}

line_coverage()
{
	local files

	mapfile -t files < <(parsers_of "$1")
	llvm-profdata-14 merge -o "$build/$1.profdata" "$build/$1.profraw"
	# Filtered here: what llvm-cov says of single files does not depend on those it is asked for.
	# shellcheck disable=SC2016 # jq's own variables
	llvm-cov-14 export -summary-only -instr-profile="$build/$1.profdata" \
		"$build/tests/fuzz/fuzz_$1" |
		jq -r '[.data[0].files[]
				| select(.filename as $name | any($ARGS.positional[]; . as $parser
					| $name | endswith("/" + $parser)))
				| .summary.lines]
			| "\(100 * (map(.covered) | add) / (map(.count) | add) | floor) % of " +
				"\(map(.count) | add) lines"' --args "${files[@]}"
}

run_target()
{
	local name=$1 log=$build/$1.log executions

	mkdir -p "$build/corpus/$name" "$build/found/$name"
	if ! LLVM_PROFILE_FILE=$build/$name.profraw "$build/tests/fuzz/fuzz_$name" \
		-max_total_time="$seconds" -timeout=10 -rss_limit_mb=1024 -print_final_stats=1 \
		-artifact_prefix="$build/found/$name/" \
		"$build/corpus/$name" "tests/fuzz/corpus/$name" >"$log" 2>&1; then
		printf 'FOUND  %-16s see %s\n' "$name" "$log"
		tail -n 20 "$log"
		failed=$((failed + 1))
		return
	fi
	executions=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
	printf 'clean  %-16s %10s runs, %s of %s\n' "$name" "$executions" \
		"$(line_coverage "$name")" "$(parsers_of "$name" | paste -sd ' ')"
}

if [ $# -eq 0 ]; then
	for source in tests/fuzz/fuzz_*.c; do
		name=${source##*/fuzz_}
		set -- "$@" "${name%.c}"
	done
fi
for name in "$@"; do
	run_target "$name"
done
echo "$# fuzz targets, $failed with findings"
[ "$failed" -eq 0 ]
