#!/bin/bash
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# run.sh COMMAND [WORD…]: runs the command in a guest whose kernel has WireGuard, prints what it
# says as it comes, and ends with its exit status; with 124 when GUEST_SECONDS (240) are over, with
# 125 when the guest itself ended (a kernel's panic). The guest is emulated: it needs no KVM, and
# is about ten times slower. It has this checkout's bin/, tests/, scripts/ and documents in /apex,
# its own file system in memory, and no network but its own.
set -eu -o pipefail
cd "$(dirname "$0")/../.."
guest=${GUEST_DIR:-$PWD/build/guest}
BIN=${BIN:-$PWD/bin}
seconds=${GUEST_SECONDS:-240}

# Translated code is found again by its address: with the same addresses in every process, a new
# process costs a quarter. The rest is work that guards a machine which has secrets.
quick=(norandmaps nokaslr mitigations=off init_on_alloc=0 hardened_usercopy=off
	randomize_kstack_offset=off selinux=0 apparmor=0 audit=0 preempt=none
	rcupdate.rcu_expedited=1 nowatchdog tsc=reliable)

# What the checkout brings: programs with their libraries, tests, what tests read, the command.
pack_checkout() # FOLDER COMMAND…
{
	local folder=$1
	shift

	mkdir -p "$folder"/{guest,apex/bin,usr/lib}
	cp tests/guest/init "$folder/init"
	cp "$BIN"/{aircrew,controltower} "$folder/apex/bin"
	cp "${BUILD:-build/plain}/tests/unit/test_wg_kernel" "$folder/apex/bin"
	tar --exclude=tests/fuzz --exclude=tests/unit --exclude=tests/containers -cf - \
		tests scripts docs ./*.md ./*.yml | tar -C "$folder/apex" -xf -
	ldd "$BIN"/{aircrew,controltower} | grep -oE '/lib/[^ ]+ \(0x' | cut -d ' ' -f 1 | sort -u |
		sed 's|^/||' | tar -C / --dereference --transform='s|^lib|usr/lib|' -cf - -T - |
		tar -C "$folder" -xf -
	printf '%q ' "$@" >"$folder/guest/command"
	environment >"$folder/guest/environment"
	(cd "$folder" && find . | cpio --quiet --owner 0:0 -o -H newc)
}

environment()
{
	echo "export BIN=/apex/bin LAB_WIREGUARD=kernel WAIT_FACTOR=4"
}

show_console()
{
	echo "guest: the kernel's last words:"
	tail -n 40 "$scratch/console"
}

[ $# -gt 0 ] || { sed -n '3,8s/^# //p' "$0" >&2; exit 2; }
GUEST_DIR=$guest tests/guest/image.sh
scratch=$(mktemp -d "$guest/run.XXXXXX")
trap 'rm -rf "$scratch"' EXIT
pack_checkout "$scratch/checkout" "$@" >"$scratch/checkout.cpio"
cat "$guest"/{system,modules}.cpio "$scratch/checkout.cpio" >"$scratch/initrd"
: >"$scratch/status"

status=0
timeout --foreground -k 5 "$seconds" setpriv --pdeathsig KILL \
	qemu-system-x86_64 -machine q35 -accel tcg -cpu max,-la57 -smp 2 -m 3072 \
	-nodefaults -no-reboot -display none -monitor none \
	-kernel "$guest/vmlinuz" -initrd "$scratch/initrd" \
	-append "console=ttyS0 quiet panic=-1 ${quick[*]}" \
	-serial "file:$scratch/console" -serial stdio -serial "file:$scratch/status" \
	</dev/null || status=$?

if read -r said <"$scratch/status"; then
	exit "$said"
elif [ "$status" -eq 124 ] || [ "$status" -eq 137 ]; then
	echo "guest: not done within $seconds s"
	show_console
	exit 124
else
	echo "guest: it ended without an exit status of its own (qemu: $status)"
	show_console
	exit 125
fi
