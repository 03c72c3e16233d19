#!/usr/bin/env bash
# Ours beside Ray, on this host and in one run: sets up what it needs, measures in turns, prints a table.
# Takes five minutes and more. Nothing else should run meanwhile: Ray's processes need the cores more than
# ours do.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
target=${CARGO_TARGET_DIR:-target}
rounds=3

if [ "${1:-}" = --measure ]; then # with a Ray around
    folder=$2
    ".ray/bin/python" benches/peers/ray_speed.py nothing >"$folder/nothing.json"
    stages=("$target/release/sage" run benches/peers/stages_25ms.yaml --no-plots --json)
    for ((round = 1; round <= rounds; round++)); do
        echo "round $round of $rounds" >&2
        "${stages[@]}" --schedulers fifo load_aware_spread --output "$folder/process-$round" \
            >"$folder/process-$round.json"
        "${stages[@]}" --cluster config/ray.yaml --output "$folder/ray-$round" >"$folder/ray-$round.json"
        .ray/bin/python benches/peers/ray_speed.py stages >"$folder/peer-$round.json"
    done
    exit
fi

scripts/setup-ray.sh >&2
cargo build --release --quiet -p sage
cargo build --release --quiet -p cluster --example speed
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$target/release/examples/speed" --nothing >"$folder/ours.txt"
scripts/with-ray.sh --nodes 4 --cpus 4 -- "$0" --measure "$folder"

.ray/bin/python - "$folder" "$rounds" <<'PYTHON'
import json, re, statistics, sys
folder, rounds = sys.argv[1], range(1, int(sys.argv[2]) + 1)
read = lambda name: json.load(open(f"{folder}/{name}.json"))
ours = open(f"{folder}/ours.txt").read()
rates = [float(rate) for rate in re.findall(r"in flight: (\d+) calls/s", ours)]
alone = float(re.search(r"one in flight: p50 ([\d.]+)", ours).group(1))
ray = read("nothing")
row = lambda *cells: print("| " + " | ".join(cells) + " |")
row("calls that do nothing, 4 nodes", "calls/s", "round trip p50, µs")
print("|---|---|---|")
row("worker processes, 16 to 1,024 in flight", f"{min(rates):,.0f}–{max(rates):,.0f}", f"{alone:.1f}")
row("Ray, actor calls", f"{ray['actor_calls_per_s']:,.0f}", f"{ray['actor_call_p50_us']:,.0f}")
for name in "default", "spread":
    row(f"Ray, tasks, {name.upper()}", f"{ray[f'{name}_tasks_per_s']:,.0f}", f"{ray[f'{name}_task_p50_us']:,.0f}")
reached = {}
for round in rounds:
    for launcher in "process", "ray":
        for run in read(f"{launcher}-{round}")["runs"]:
            share = run["metrics"]["throughput_tasks_per_sec"] / (16 / 0.075)
            by_ray = run["name"].startswith("ray_")
            of = "tasks of Ray through this tool" if by_ray else f"workers by launcher `{launcher}`"
            reached.setdefault(f"`{run['name']}`, {of}", []).append(share)
    for name, share in read(f"peer-{round}").items():
        reached.setdefault(f"Ray alone, {name}", []).append(share)
print()
row("three stages of 25 ms, 4 × 4 slots, of the ideal", "median", "range")
print("|---|---|---|")
for name, shares in reached.items():
    low, middle, high = (f"{100 * f(shares):.1f}" for f in (min, statistics.median, max))
    row(name, f"{middle} %", f"{low}–{high}")
PYTHON
