#!/bin/bash
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# One static check: its findings, then one line of TAP. `lint.sh sources` lists the C files.
# LINT_FLAGS holds the preprocessor's flags as the Makefile has them.
set -eu -o pipefail
cd "$(dirname "$0")/.."
eval "flags=(-std=gnu17 ${LINT_FLAGS:-})"

sources()
{
	find lib tower nodeagent tests -name '*.[ch]' | sort
}

programs() # in C
{
	sources | grep '\.c$'
}

scripts() # in shell
{
	find scripts tests .ci -name '*.sh' -o -name '*.bash' -o -name '*.bats' -o -path .ci/run \
		-o -path tests/guest/init | sort
}

check_layers()
{
	sources | xargs awk -f scripts/layers.awk
}

check_headers()
{
	local header bad=0

	while read -r header; do
		# shellcheck disable=SC2154 # set by the eval above
		echo "#include \"$header\"" |
			${CC:-gcc} "${flags[@]}" -Wall -Wextra -Werror -fsyntax-only -x c - || bad=1
	done < <(sources | grep '\.h$')
	return $bad
}

check_format()
{
	sources | xargs clang-format-14 --dry-run -Werror
}

check_tidy()
{
	programs | xargs -P 2 -I {} clang-tidy-14 --quiet {} -- "${flags[@]}" 2>&1 |
		{ grep -v 'warnings\? generated' || true; }
}

check_cppcheck()
{
	# It does not know the cleanup attribute (the sanitizers see real leaks), takes NULL for an
	# int, stumbles over statement expressions, and has to be given the macros of BSD. Null
	# pointers and values that were never set are judged by path in check_tidy; here an array
	# within a struct is "unset" where it is about to be filled.
	cppcheck --quiet -j 2 --enable=warning,portability,performance --inline-suppr \
		--error-exitcode=1 --suppress=missingIncludeSystem --suppress=memleak \
		--suppress=varFuncNullUB --suppress=internalAstError \
		--suppress=nullPointerRedundantCheck --suppress=uninitvar --std=c11 \
		--include="/usr/include/$(${CC:-gcc} -print-multiarch)/sys/queue.h" \
		--include=/usr/include/bsd/sys/tree.h -Ilib -I. lib tower nodeagent tests
}

check_shellcheck()
{
	scripts | xargs shellcheck --external-sources
}

check_sizes()
{
	{ sources; scripts; echo Makefile; } | xargs wc -l |
		awk '$2 != "total" && $1 > 600 { print $2 ": " $1 " lines; 600 is the limit"; bad = 1 }
			END { exit bad }'
}

if [ "$1" = sources ]; then
	sources
	exit
fi
echo 1..1
if "check_$1"; then
	echo "ok 1 - $1"
else
	echo "not ok 1 - $1"
	exit 1
fi
