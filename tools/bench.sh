#!/usr/bin/env bash
# bench.sh BUILD: every *_bench program, then `vouch bench`, one after another and nothing beside
# them. Ratios within one run are what to quote; absolute times are this machine's.
set -euo pipefail
cd "$(dirname "$0")/.."
build=${1:?usage: tools/bench.sh BUILD}
cmake --build "$build" -t benches vouch -- --quiet

echo "# $(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1), $(nproc) cores," \
    "$(uname -m), vouch $(git describe --always --dirty 2>/dev/null || echo unversioned)"
for source in $(find src -name '*_bench.c' | sort); do
    target=$(echo "$source" | sed 's|^src/\(.*\)/\(.*\)\.c$|\1.\2|')
    printf '\n## %s\n' "$target"
    "$build/$target" | grep -vE "^(ok |1\.\.|# VCH_SEED)"
done

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
"$build/vouch" keygen -o "$scratch/owner.key" --no-passphrase >/dev/null
for model in digits breast_cancer; do
    "$build/vouch" import "demo/$model.onnx" -o "$scratch/$model.vouch" --key "$scratch/owner.key" \
        --calibrate "demo/${model}_calibration.npy" >/dev/null
    printf '\n## engine: demo/%s.onnx\n' "$model"
    "$build/vouch" bench "$scratch/$model.vouch"
    printf '\n## proofs: demo/%s.onnx\n' "$model"
    "$build/vouch" bench "$scratch/$model.vouch" --prove 21
done
printf '\n## proofs of real models\n'
tools/bench_proof.py "$build/vouch" || [ $? = 77 ]
printf '\n## traces and audits\n'
tools/bench_audit.py "$build/vouch" || [ $? = 77 ]
printf '\n## engine beside onnxruntime\n'
tools/bench_engine.py "$build/vouch" || [ $? = 77 ] # skipped, having said why
printf '\n## network\n'
tools/bench_network.py "$build/vouch"
printf '\n## agreement\n'
tools/bench_agreement.py "$build/vouch"
