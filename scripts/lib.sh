# SPDX-License-Identifier: GPL-2.0-only
# Shared by the scripts beside it: where things lie and how they speak. Sourced, never run.

set -euo pipefail

# A make that one of them runs is on its own: with the flags of a make -j that runs the script it warns, and a build that
# warns has failed.
unset MAKEFLAGS MFLAGS

kchat_root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
kchat_cache=${XDG_CACHE_HOME:-$HOME/.cache}/kchat
kchat_kernels=$kchat_cache/kernels

say() { printf 'kchat: %s\n' "$*" >&2; }
die() { printf 'kchat: %s\n' "$*" >&2; exit 1; }

# kchat_version: the version of all of kchat, which the module has first.
# KCHAT_VERSION makes packages of another one, to try upgrades.
kchat_version() { [ -z "${KCHAT_VERSION:-}" ] || { printf '%s\n' "$KCHAT_VERSION"; return; }; sed -n 's/^#define KCHAT_MODULE_VERSION[[:space:]]*"\(.*\)"/\1/p' "$kchat_root/kmod/server.h"; }

# accel: how QEMU is to run a machine of this processor.
accel() {
	if [ -w /dev/kvm ] && grep -qwE 'vmx|svm' /proc/cpuinfo; then printf 'kvm\n'; else printf 'tcg,thread=single\n'; fi
}

# need PROGRAM PACKAGE: stop with the package's name when a program is missing.
need() {
	command -v "$1" >/dev/null 2>&1 ||
		die "$1 is missing (Debian package $2). Run 'make setup', or install it by hand."
}

# locked SERIES COLUMN: a word of scripts/kernels.lock; nothing if the series does not stand there.
locked() { awk -v s="$1" -v n="$2" '$1 == s {print $n}' "$kchat_root/scripts/kernels.lock"; }

# debian_mirror: the address of a Debian mirror. The machine's own apt sources say it; elsewhere
# (Ubuntu) debootstrap's default does. KCHAT_DEBIAN_MIRROR overrides both.
debian_mirror() {
	local uri=${KCHAT_DEBIAN_MIRROR:-}
	if [ -z "$uri" ] && grep -qs '^ID=debian' /etc/os-release; then
		uri=$(cat /etc/apt/sources.list.d/*.sources 2>/dev/null |
			awk '/^URIs:/ && $2 !~ /security/ {print $2; exit}')
		[ -n "$uri" ] || uri=$(cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list 2>/dev/null |
			sed -n 's/^deb  *\(\[[^]]*\]  *\)\{0,1\}\([a-z]*:[^ ]*\) .*/\2/p' |
			grep -v security | head -n 1)
	fi
	if [ -z "$uri" ] && [ -r /usr/sbin/debootstrap ]; then
		uri=$(grep -oE 'https?://[^"/ ]+/debian"' /usr/sbin/debootstrap | head -n 1 | tr -d '"' || true)
	fi
	[ -n "$uri" ] || die "no Debian mirror is known here. Install debootstrap, or set KCHAT_DEBIAN_MIRROR to a mirror's address."
	printf '%s\n' "${uri%/}"
}

# private_apt DIR [SUITE...]: an apt of our own in DIR that sees these suites of Debian, without any: Debian 12 and its
# updates. The system's apt state is neither read nor written, so this runs without root on anything that has apt.
private_apt() {
	local dir=$1 mirror suite key=/usr/share/keyrings/debian-archive-keyring.gpg
	shift
	[ $# -gt 0 ] || set -- bookworm bookworm-security
	need apt-get apt
	need dpkg-deb dpkg
	[ -r "$key" ] || die "$key is missing (Debian package debian-archive-keyring). Run 'make setup'."
	mirror=$(debian_mirror)
	mkdir -p "$dir/lists/partial" "$dir/archives/partial"
	for suite in "$@"; do
		case $suite in
		*-security) printf 'deb [arch=amd64 signed-by=%s] %s-security %s main\n' "$key" "$mirror" "$suite" ;;
		*) printf 'deb [arch=amd64 signed-by=%s] %s %s main\n' "$key" "$mirror" "$suite" ;;
		esac
	done >"$dir/sources.list"
	: >"$dir/status"
	cat >"$dir/apt.conf" <<-E
		Dir::State "$dir"; Dir::State::Lists "$dir/lists"; Dir::State::status "$dir/status";
		Dir::Cache "$dir"; Dir::Cache::archives "$dir/archives";
		Dir::Etc::sourcelist "$dir/sources.list"; Dir::Etc::sourceparts "-";
		Dir::Etc::preferences "/dev/null"; Dir::Etc::preferencesparts "/dev/null";
		Acquire::Languages "none"; Acquire::Retries "3";
		APT::Architecture "amd64"; APT::Architectures "amd64";
		APT::Sandbox::User "$(id -un)"; APT::Get::AllowUnauthenticated "false";
	E
	export APT_CONFIG=$dir/apt.conf
	apt-get -qq update
}

# unpack_packages DIR: the packages in DIR/debs unpacked into DIR. No maintainer script runs.
unpack_packages() {
	local deb
	for deb in "$1"/debs/*.deb; do dpkg-deb -x "$deb" "$1"; done
	rm -rf "$1/debs"
}

# unpack_locked LOCK DIR APT SUITE...: the packages of a lock file (lines of name and version) unpacked into DIR, by a
# private_apt in the folder APT. When the archive has dropped a version, the newest is taken and said.
unpack_locked() {
	local lock=$1 dir=$2 apt=$3 name version wanted=()
	shift 3
	private_apt "$apt" "$@"
	while read -r name version; do
		if apt-cache madison "$name" | awk '{print $3}' | grep -qxF "$version"; then
			name=$name=$version
		else
			say "$name $version is no longer in the archive; taking the newest"
		fi
		wanted+=("$name")
	done < <(grep -v '^#' "$lock")
	rm -rf "$dir"
	mkdir -p "$dir/debs"
	(cd "$dir/debs" && apt-get -qq download "${wanted[@]}")
	unpack_packages "$dir"
}

# furnish_root DIR: what a root of packages lacks to be entered.
furnish_root() {
	ln -sf mawk "$1/usr/bin/awk" # what its maintainer script would do
	mkdir -p "$1/proc" "$1/dev" "$1/tmp" "$1/run"
}

# enter_root ROOT FOLDER... -- COMMAND...: run a command in a root of its own, in namespaces of its own, where whoever
# runs this is root, so that nobody needs to be. It sees these folders where they are; what it starts ends with it.
enter_root() {
	local root=$1 folder folders=()
	shift
	while [ "$1" != -- ]; do
		folders+=("$1")
		shift
	done
	shift
	# shellcheck disable=SC2016
	exec unshare --map-root-user --mount --pid --fork --kill-child /bin/bash -c '
		set -e
		root=$1
		shift
		mount --rbind /dev "$root/dev"
		mount -t proc proc "$root/proc"
		mount -t tmpfs tmpfs "$root/tmp"
		mount -t tmpfs tmpfs "$root/run"
		while [ "$1" != -- ]; do
			mkdir -p "$root$1"
			mount --bind "$1" "$root$1"
			shift
		done
		shift
		exec chroot "$root" /usr/bin/env -i PATH=/usr/bin:/usr/sbin "$@"
	' enter_root "$root" "${folders[@]}" -- "$@"
}
