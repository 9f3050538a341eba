#!/bin/bash
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Makes what the guest boots from, in $GUEST_DIR: the distribution's cloud kernel (vmlinuz), the
# modules that tests need (modules.cpio), and the programs that tests need, with their libraries,
# as this machine has them (system.cpio). What is there and up to date stays.
set -eu -o pipefail
cd "$(dirname "$0")"
here=$PWD
guest=${GUEST_DIR:-$PWD/../../build/guest}

# Whatever one of these needs comes along; the kernel loads others of them by itself.
modules=(wireguard veth bridge tun dummy nlmon macvlan sch_netem inet_diag udp_diag tcp_diag
	nft_chain_nat nft_nat nft_masq nft_ct nft_limit nft_reject_inet nft_fib_inet nft_numgen
	nft_hash nft_redir)

packages=(bash bats coreutils curl diffutils findutils grep hostname iperf3 iproute2 iputils-ping jq
	mawk mount nftables openssl procps redis-server redis-tools sed socat strace tar
	util-linux wireguard-go wireguard-tools xxd)

# The kernel of today, as <package>_<version>. Without lists of packages: the one that is here.
kernel_name()
{
	local package version kept

	package=$(apt-cache depends linux-image-cloud-amd64 2>/dev/null |
		awk '$1 == "Depends:" && $2 ~ /^linux-image-/ { print $2; exit }')
	version=$(apt-cache show --no-all-versions "${package:-none}" 2>/dev/null |
		awk '$1 == "Version:" { print $2; exit }' || :)
	if [ -n "$version" ]; then
		echo "${package}_$version"
		return
	fi
	kept=$(cat kernel.made 2>/dev/null) && [ -n "$kept" ] && echo "$kept" && return
	echo "apt knows no linux-image-cloud-amd64; as root: apt-get update" >&2
	return 1
}

kernel_download() # PACKAGE
{
	echo "guest: downloading $1" >&2
	rm -f ./*.deb
	apt-get download -qq -o APT::Sandbox::User=root "$1" >&2 ||
		{ apt-get update -qq && apt-get download -qq -o APT::Sandbox::User=root "$1"; } >&2
}

# The kernel's own path of a module, from its name, and of all that it needs.
module_files() # FOLDER
{
	printf '%s\n' "${modules[@]}" | awk -F : '
		NR == FNR { wanted[$1] = 1; next }
		{ name = $1; sub(/.*\//, "", name); sub(/\.ko$/, "", name); gsub(/-/, "_", name)
		  if (name in wanted) { delete wanted[name]; print $1 $2 } }
		END { for (name in wanted) { print "no module " name >"/dev/stderr"; bad = 1 }
		      exit bad }' - "$1/modules.dep" | tr ' ' '\n' | sort -u
}

make_kernel()
{
	local name version file

	name=$(kernel_name)
	! is_made kernel "$name" || return 0
	rm -rf kernel.made unpacked modules
	kernel_download "${name%%_*}"
	dpkg -x ./*.deb unpacked
	version=$(basename unpacked/lib/modules/*)
	busybox depmod -b "$PWD/unpacked" "$version"
	module_files "unpacked/lib/modules/$version" >modules.list
	while read -r file; do
		install -D -m 0644 "unpacked/lib/modules/$version/$file" \
			"modules/usr/lib/modules/$version/$file"
	done <modules.list
	cp unpacked/lib/modules/*/modules.builtin* "modules/usr/lib/modules/$version"
	ln -s usr/lib modules/lib
	busybox depmod -b "$PWD/modules" "$version"
	rm modules/lib
	pack modules modules.cpio
	cp unpacked/boot/vmlinuz-* vmlinuz
	rm -rf unpacked modules modules.list ./*.deb
	mark_made kernel "$name"
}

# The programs, libraries and settings of the packages; no manuals, no services.
package_files()
{
	dpkg-query -L "${packages[@]}" |
		grep -E '^(/usr)?/s?bin/.|^(/usr)?/lib/|^/usr/libexec/|^/etc/' |
		grep -vE '/lib/(systemd|udev|tmpfiles\.d|sysusers\.d)|^/etc/(init\.d|cron|default)' |
		while read -r file; do
			[ -d "$file" ] || [ ! -e "$file" ] || echo "$file"
		done
}

# What these programs load; libgcc_s is what glibc asks for when a thread ends.
library_files()
{
	{ xargs ldd 2>/dev/null || :; } | grep -oE '/[^ :]+ \(0x' | cut -d ' ' -f 1
	ldconfig -p | awk '$1 == "libgcc_s.so.1" && /x86-64/ { print $NF; exit }'
}

make_system()
{
	local inputs

	inputs=$(dpkg-query -W -f '${Package} ${Version}\n' | cat - "$here/image.sh" | sha256sum)
	! is_made system "$inputs" || return 0
	echo "guest: packing the programs of the tests" >&2
	rm -rf system.made system
	mkdir -p system/{usr/{bin,sbin,lib,lib64},dev,proc,sys,run,tmp,root,var/lib,etc}
	ln -s usr/bin usr/sbin usr/lib usr/lib64 system
	ln -s /run system/var/run
	package_files >system.list
	{
		cat system.list
		library_files <system.list
		printf '%s\n' /etc/{passwd,group,nsswitch.conf,ld.so.conf,ld.so.cache}
		printf '%s\n' /etc/ld.so.conf.d /usr/bin/awk /usr/bin/busybox
		printf '%s\n' /etc/protocols /etc/services /etc/ssl/certs/ca-certificates.crt
		printf '%s\n' /usr/lib/locale/C.utf8
	} | sort -u | while read -r file; do
		[ ! -e "$file" ] || echo "${file#/}"
	done >files.list
	tar -C / --dereference -cf - -T files.list | tar -C system -xf -
	printf '127.0.0.1 localhost\n::1 localhost\n' >system/etc/hosts
	# For the kernel, which calls it when a module is asked for.
	ln -sf ../bin/busybox system/usr/sbin/modprobe
	ln -sf bash system/usr/bin/sh
	pack system system.cpio
	rm -rf system system.list files.list
	mark_made system "$inputs"
}

pack() # FOLDER FILE
{
	(cd "$1" && find . | cpio --quiet --owner 0:0 -o -H newc) >"$2"
}

is_made() # PART INPUTS
{
	[ "$(cat "$1.made" 2>/dev/null)" = "$2" ]
}

mark_made()
{
	echo "$2" >"$1.made"
}

mkdir -p "$guest"
cd "$guest"
exec {lock}>lock
flock "$lock"
make_kernel
make_system
