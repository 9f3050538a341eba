#!/bin/bash
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Makes the root of an image in FOLDER: programs, the libraries that they are linked with, who they
# run as, and the records of the packages that these files are of (for scanners), with their
# copyright files.
#
#   image-root.sh FOLDER PROGRAM[=PATH-IN-THE-IMAGE]…
set -eu -o pipefail
root=$1
shift

# The libraries of a program, with the loader, as the linker finds them.
libraries_of()
{
	ldd "$1" | awk '$2 == "=>" && $3 ~ /^\// { print $3 } $1 ~ /^\// { print $1 }'
}

# take FILE [PATH]: a copy at the same place, or at PATH; links are followed.
take()
{
	local real

	real=$(realpath "$1")
	install -D -m 0755 --strip --strip-program="$root.strip" "$real" "$root${2:-$1}"
}

# Debian's libraries are stripped already; ours are not.
printf '#!/bin/sh\nexec strip --strip-unneeded "$@"\n' >"$root.strip"
chmod 0755 "$root.strip"
# /usr is merged: /lib is a link to usr/lib.
mkdir -p "$root"
for folder in bin sbin lib lib64; do
	mkdir -p "$root/usr/$folder"
	ln -s "usr/$folder" "$root/$folder"
done

files=()
for program in "$@"; do
	take "${program%=*}" "${program#*=}"
	files+=("${program%=*}")
	while read -r library; do
		take "$library"
		files+=("$library")
	done < <(libraries_of "${program%=*}")
done
rm "$root.strip"

# The package of a file, which may be known by its name before /usr was merged.
package_of()
{
	local real

	real=$(realpath "$1")
	dpkg-query -S "$real" 2>/dev/null || dpkg-query -S "${real#/usr}" 2>/dev/null || :
}

mkdir -p "$root/var/lib/dpkg/status.d"
for file in "${files[@]}"; do
	package_of "$file"
done | sed 's/: .*//' | sort -u | while read -r package; do
	dpkg-query -s "$package" >"$root/var/lib/dpkg/status.d/${package%:*}"
	install -D -m 0644 -t "$root/usr/share/doc/${package%:*}" "/usr/share/doc/${package%:*}/copyright"
done

mkdir -p "$root/etc"
printf 'root:x:0:0:root:/:/nowhere\napex:x:900:900:Apex:/var/lib/controltower:/nowhere\n' >"$root/etc/passwd"
printf 'root:x:0:\napex:x:900:\n' >"$root/etc/group"
printf 'passwd: files\ngroup: files\nhosts: files dns\n' >"$root/etc/nsswitch.conf"
install -d -m 1777 "$root/tmp"
