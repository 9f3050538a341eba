#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# bats file_tags=kernel
# The kernel's back end by itself: the unit test that finds no kernel for it elsewhere.

@test "the kernel's back end passes its unit test" {
	local said

	said=$("${BIN:-$PWD/bin}/test_wg_kernel" 2>&1) || { echo "$said"; return 1; }
	echo "$said" | grep -v debug
	[[ $said == *"sets_thousands_of_peers"* ]]
}
