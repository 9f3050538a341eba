#!/bin/bash
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Writes the manual pages into a folder: man.sh FOLDER. What --help says, and what stands beside it in
# docs/man/*.h2m; without a date, so that a page changes with its text alone.
set -eu
cd "$(dirname "$0")/.."
BIN=${BIN:-$PWD/bin}

for program in aircrew controltower; do
	help2man --no-info --section=8 --include="docs/man/$program.h2m" "$BIN/$program" |
		sed '/^\.TH/s/"8" "[^"]*"/"8" ""/' >"$1/$program.8"
done
