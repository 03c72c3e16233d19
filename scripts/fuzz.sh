#!/usr/bin/env bash
# Lets libFuzzer look for bytes that break the decoder of what comes over the wire:
#
#   scripts/fuzz.sh [SECONDS]        60 unless said otherwise; needs a C++ compiler
#
# On a stable toolchain: the instruments are those that `cargo fuzz` asks for, but for the address sanitizer,
# which there is nothing for in code without `unsafe`. What was found stays in crates/cluster/fuzz/corpus, and
# what breaks the decoder in crates/cluster/fuzz/artifacts.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../crates/cluster/fuzz"
seconds=${1:-60}
case $seconds in
    '' | *[!0-9]* | 0*) echo "usage: scripts/fuzz.sh [SECONDS]" >&2; exit 2 ;;
esac
host=$(rustc -vV | sed -n 's/^host: //p')
flags=(-Cpasses=sancov-module -Ccodegen-units=1 --cfg fuzzing)
for instrument in level=4 inline-8bit-counters pc-table trace-compares; do
    flags+=("-Cllvm-args=-sanitizer-coverage-$instrument")
done
# A target of its own keeps the instruments out of build scripts; a folder, them out of other builds.
RUSTFLAGS="${flags[*]}" CARGO_TARGET_DIR=target cargo build --quiet --release --target "$host"
mkdir -p corpus artifacts
# Its own words are long: they are told where something was found.
log=$(mktemp)
trap 'rm -f "$log"' EXIT
if ! "target/$host/release/decode" -max_total_time="$seconds" -max_len=8192 \
    -artifact_prefix=artifacts/ corpus >"$log" 2>&1; then
    tail -n 40 "$log" >&2
    exit 1
fi
grep '^Done ' "$log"
