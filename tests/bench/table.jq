# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# The one table of the benchmarks, from any number of measured parts (jq --slurp); in columns for
# people who read it on a terminal, and Markdown.

def shown: if . == null then "" elif fabs >= 100 then round
	elif fabs >= 10 then . * 10 | round / 10
	else . * 1000 | round / 1000 end | tostring;
def padded($width): . + " " * ([$width - length, 0] | max);

def cells: [
	"\(.part): \(.what)",
	if .figure == null then "not measured: \(.why)" else "\(.figure | shown) \(.unit)" end,
	if .yardstick_figure then "\(.yardstick): \(.yardstick_figure | shown)" else .yardstick // "" end,
	(.ratio | shown),
	.goal // "",
	if .reached == null then "" elif .reached then "yes" else "**no**" end
];

[["what", "figure", "yardstick (same unit)", "ratio", "goal", "reached"]] +
	[.[] | .part as $part | .rows[] | .part = $part | cells]
| . as $rows
| [range($rows[0] | length) | . as $column | [$rows[][$column] | length] | max] as $widths
| [$rows[] | . as $cells | [range($cells | length) | . as $i | $cells[$i] | padded($widths[$i])]]
| [.[0], [$widths[] | "-" * .]] + .[1:]
| .[] | "| \(join(" | ")) |"
