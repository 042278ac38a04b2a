#!/bin/sh
# Installs what building (build), checking (ci) or cross-building for aarch64 (arm) vouch needs and
# this machine lacks: Debian packages, by apt-get, as root or through sudo. Exits 77, saying why,
# where the arm64 libraries cannot be had.
set -eu

build="gcc libc6-dev make cmake ninja-build pkg-config python3 protobuf-c-compiler libprotobuf-c-dev
libsodium-dev libssl-dev libevent-dev libjansson-dev libzstd-dev zlib1g-dev libsqlite3-dev
libcurl4-openssl-dev libseccomp-dev libtss2-dev"
# libclang-rt-dev: the sanitizers. Version 14 of the two that judge style, so that every machine
# agrees; Debian 12 and Ubuntu 24.04 both have it.
# lld, wasi-libc and the wasm32 runtime, of clang's version: the verifier for WebAssembly.
# etcd-server: three members of it, for the tests of the ledger's engine.
# chromium: the test of the page.
# swtpm, swtpm-tools, tpm2-tools: a TPM in software, and what else talks to one.
# libfuse3-dev, fuse3: a configfs-tsm of the tests' own.
ci="clang libclang-rt-dev llvm clang-tidy-14 clang-format-14 lld-14 wasi-libc libclang-rt-14-dev-wasm32
etcd-server chromium swtpm swtpm-tools tpm2-tools libfuse3-dev fuse3"
arm="gcc-aarch64-linux-gnu qemu-user"

case "${1:-build}" in
build) wanted=$build ;;
ci) wanted="$build $ci" ;;
arm) wanted="$build $arm" ;;
*) echo "usage: tools/dependencies.sh build|ci|arm" >&2; exit 2 ;;
esac

missing=
for package in $wanted; do
    state=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
    [ "$state" = installed ] || missing="$missing $package"
done

install() {
    as_root=
    [ "$(id -u)" = 0 ] || as_root=sudo
    if [ -n "$as_root" ] && ! command -v sudo >/dev/null; then
        echo "vouch needs these packages:$missing" >&2
        echo "Run as root: apt-get install$missing" >&2
        exit 1
    fi
    echo "installing with apt-get${as_root:+ (through sudo)}:$missing"
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get update -qq
    # shellcheck disable=SC2086 # one word per package
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
        $missing >/dev/null
}

[ -z "$missing" ] || install
[ "${1:-build}" != arm ] || exec tools/sysroot.sh
