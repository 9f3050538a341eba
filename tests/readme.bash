# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# shellcheck shell=bash
# Reads the commands that the README shows, so that tests run what people type. Each block of
# commands has a name behind its language: ```shell NAME.

README=${BASH_SOURCE[0]%/*}/../README.md

# readme_block NAME: its lines, as they stand, less the indentation of a list.
readme_block()
{
	awk -v start="^ *\`\`\`shell $1\$" '
		on && /^ *```$/ { exit }
		on { print substr($0, match($0, /[^ ]/) > indent ? indent + 1 : 1); lines++ }
		$0 ~ start { on = 1; indent = index($0, "`") - 1 }
		END { exit !lines }' "$README"
}

# The names of all blocks, a line each.
readme_names()
{
	sed -n 's/^ *```shell \(.*\)$/\1/p' "$README"
}
