#!/bin/bash
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Runs every tests/bench/<part>.sh (or the parts named), one after the other, alone on the machine, and prints
# one table of all figures beside their yardsticks. The figures as JSON, a file a part, and the
# table go to $BUILD/bench; with BENCH_RECORD=1 to docs/bench, when all of the part could be measured.
set -euo pipefail
shopt -s nullglob
cd "$(dirname "$0")/.."
export BUILD=${BUILD:-build/plain} BIN=${BIN:-$PWD/bin}
results=${BENCH_DIR:-$BUILD/bench}
status=0
commit=$(git describe --always --dirty --abbrev=12 --exclude='*' 2>/dev/null || echo unknown)

if [ "${BENCH_RECORD:-}" = 1 ] && [ "${BENCH_SIZE:-full}" != full ]; then
	echo "bench: what is measured with BENCH_SIZE=$BENCH_SIZE is not worth recording" >&2
	exit 2
fi

# What a figure is worth depends on this.
circumstances()
{
	jq -n --arg part "$1" --arg size "${BENCH_SIZE:-full}" --arg kernel "$(uname -sr)" \
		--arg commit "$commit" --arg date "$(date -u +%F)" --argjson cores "$(nproc)" \
		--arg processor "$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)" \
		'{ $part, $size, $commit, $date, $kernel, $processor, $cores }'
}

measure()
{
	local part=$1 ended=0

	echo "== $part" >&2
	rm -f "$results/$part.json"
	: >"$results/$part.rows"
	BENCH_ROWS=$results/$part.rows "tests/bench/$part.sh" || ended=$?
	circumstances "$part" | jq --slurpfile rows "$results/$part.rows" '. + { $rows }' \
		>"$results/$part.json"
	rm "$results/$part.rows"
	if [ "$ended" -ne 0 ]; then
		echo "bench: $part ended with status $ended: the figures after that are missing" >&2
		status=1
	elif [ "${BENCH_RECORD:-}" = 1 ]; then
		mkdir -p docs/bench
		cp "$results/$part.json" "docs/bench/$part.json"
	fi
}

readme()
{
	cat <<-'EOT'
		# What it costs

		Made by `make bench BENCH_RECORD=1` from the JSON beside it: do not edit. Every figure has its yardstick from the
		same run where there is one: ratios are worth more than numbers. How each is measured: `tests/bench/PART.sh`. Where
		the time goes: [profile.md](profile.md).

	EOT
	jq -r '"- \(.part): \(.date), commit \(.commit), \(.kernel), \(.cores) cores of \(.processor)"' "$@"
	echo
	jq -rsf tests/bench/table.jq "$@"
}

if [ $# -eq 0 ]; then
	for file in tests/bench/*.sh; do
		part=${file##*/}
		set -- "$@" "${part%.sh}"
	done
fi
mkdir -p "$results"
measured=()
for part in "$@"; do
	measure "$part"
	measured+=("$results/$part.json")
done
echo
jq -rsf tests/bench/table.jq "${measured[@]}"
if [ "${BENCH_RECORD:-}" = 1 ]; then
	readme docs/bench/*.json >docs/bench/README.md
fi
exit "$status"
