# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# shellcheck shell=bash
# What the benchmarks share: a figure becomes a row (a line of JSON in $BENCH_ROWS, made into the table by
# table.jq when all are through), sizes, memory, time. BENCH_SIZE=small makes every benchmark run
# with little, to see that it runs: its figures mean nothing.

# shellcheck source=tests/wait.bash
source "${BASH_SOURCE[0]%/*}/../wait.bash"

BENCH_ROWS=${BENCH_ROWS:-/dev/stdout}

# row WHAT FIGURE UNIT [GOAL [YARDSTICK FIGURE [RATIO]]]: a figure, what it shall be, and what it
# stands beside, in the same unit. A goal is "<= 40" or ">= 5000", of the figure; with " x" behind
# it, of the ratio: of both figures, or as given (the median of the ratios of pairs, say). An empty
# goal or yardstick is none. BENCH_WHERE, if any, stands behind what was measured.
row()
{
	local line

	line=$(command jq -cn --arg what "$1${BENCH_WHERE:+, $BENCH_WHERE}" --argjson figure "$2" --arg unit "$3" --arg goal "${4:-}" \
		--arg yardstick "${5:-}" --argjson beside "${6:-null}" --argjson given "${7:-null}" '
		($given // if ($beside // 0) > 0 then $figure / $beside else null end) as $ratio |
		($goal | if . == "" then null
			else capture("^(?<sign><=|>=) (?<limit>[0-9.]+)(?<of_ratio> x)?$") end) as $g |
		(if $g and $g.of_ratio then $ratio else $figure end) as $judged |
		{ $what, $figure, $unit, yardstick: (if $yardstick == "" then null else $yardstick end),
		  yardstick_figure: $beside, $ratio, goal: (if $g then $goal else null end),
		  reached: (if $g == null then null elif $judged == null then false
			elif $g.sign == "<=" then $judged <= ($g.limit | tonumber)
			else $judged >= ($g.limit | tonumber) end) }') || return
	echo "$line" >>"$BENCH_ROWS"
	echo "  $1: $2 $3" >&2
}

# row_missing WHAT WHY: what could not be measured here stands in the table, too.
row_missing()
{
	command jq -cn --arg what "$1" --arg why "$2" '{ $what, figure: null, $why }' >>"$BENCH_ROWS"
	echo "  $1: not measured: $2" >&2
}

# rows_from FILE: takes the rows out of what a benchmark elsewhere (in the guest) said.
rows_from()
{
	tr -d '\r' <"$1" | grep '^{"what":' >>"$BENCH_ROWS"
}

# size FULL SMALL: how much to do.
size()
{
	if [ "${BENCH_SIZE:-full}" = small ]; then echo "$2"; else echo "$1"; fi
}

# kib PID FIELD: of the kernel's account of the memory of a process.
kib()
{
	awk -v field="$2:" '$1 == field { print $2 }' "/proc/$1/smaps_rollup"
}

# What no other process shares and the file system does not hold either.
private_kib() # PID
{
	kib "$1" Private_Dirty
}

port_listens() # PORT
{
	ss -Hltn "sport = :$1" | grep . >/dev/null
}

# median NUMBER…
median()
{
	printf '%s\n' "$@" | sort -g |
		awk '{ n[NR] = $1 } END { print NR % 2 ? n[(NR + 1) / 2] : (n[NR / 2] + n[NR / 2 + 1]) / 2 }'
}

# quotient A B: with four places.
quotient()
{
	awk -v a="$1" -v b="$2" 'BEGIN { printf "%.4f", a / b }'
}
