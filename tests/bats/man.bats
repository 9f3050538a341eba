#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# The manual pages are --help and what stands beside it in docs/man.

BIN=${BIN:-$PWD/bin}

@test "the manual pages say what --help says" {
	local page

	BIN=$BIN scripts/man.sh "$BATS_TEST_TMPDIR"
	for page in aircrew.8 controltower.8; do
		diff -u "docs/man/$page" "$BATS_TEST_TMPDIR/$page"
	done
}

@test "the manual pages have no mistake" {
	local said

	said=$(mandoc -T lint -W warning docs/man/*.8 | grep -v 'missing date' || :)
	echo "$said"
	[ -z "$said" ]
}
