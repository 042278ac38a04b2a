#!/usr/bin/env bash
# sysroot.sh: build/sysroot/aarch64, the arm64 packages of this distribution that a cross build
# needs, unpacked and not installed: no root, no foreign architecture in dpkg, and no package of
# this machine that must move along with it. apt checks their signatures as always.
# Exits 77, saying why, where they cannot be had.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD/build/sysroot/aarch64
wanted="libc6-dev libsodium-dev libssl-dev libevent-dev libjansson-dev libprotobuf-c-dev libzstd-dev
zlib1g-dev libsqlite3-dev libcurl4-openssl-dev libseccomp-dev libtss2-dev"
[ "$(cat "$root/complete" 2>/dev/null)" != "$wanted" ] || exit 0

skip() { echo "skipped: $1" >&2; exit 77; }
command -v apt-get >/dev/null || skip "the arm64 libraries come by apt-get, which is not here"
# shellcheck source=/dev/null
. /etc/os-release

state=$(mktemp -d)
trap 'rm -rf "$state"' EXIT
mkdir -p "$state"/{etc,lists/partial,cache/archives/partial}
apt=(apt-get -qq -o APT::Architecture=arm64 -o APT::Architectures::=arm64
     -o APT::Install-Recommends=0 -o APT::Sandbox::User= -o Dir::State="$state"
     -o Dir::State::status=/dev/null -o Dir::Cache="$state/cache")
if [ "$ID" = ubuntu ]; then # whose mirrors hold amd64 alone
    for suite in "$VERSION_CODENAME" "$VERSION_CODENAME-updates" "$VERSION_CODENAME-security"; do
        echo "deb http://ports.ubuntu.com/ubuntu-ports $suite main universe"
    done >"$state/etc/ports.list"
    apt+=(-o Dir::Etc::sourcelist="$state/etc/ports.list" -o Dir::Etc::sourceparts=/dev/null)
fi

echo "fetching $ID's arm64 libraries into build/sysroot/aarch64"
# shellcheck disable=SC2086 # one word per package
{ "${apt[@]}" update && "${apt[@]}" --download-only -y install $wanted; } >"$state/log" 2>&1 || {
    tail -n 3 "$state/log" >&2
    skip "$ID's arm64 packages cannot be fetched"
}
rm -rf "$root"
mkdir -p "$root/usr/lib" "$root/usr/bin" "$root/usr/sbin"
for folder in lib bin sbin; do ln -s "usr/$folder" "$root/$folder"; done
for package in "$state"/cache/archives/*.deb; do
    dpkg-deb --fsys-tarfile "$package" |
        tar -x --keep-directory-symlink --exclude=./usr/share -C "$root"
done
# A link to /lib/... would lead to this machine's own.
find "$root" -type l -lname '/*' | while read -r link; do
    ln -sfnr "$root$(readlink "$link")" "$link"
done
echo "$wanted" >"$root/complete"
