#!/usr/bin/env bash
# Runs the three experiments one after the other and prints where their reports are.
#
#   ./run_all.sh [--quick] [FLAG…]      the flags go to each of them, as in `--env sim --reps 5`
#
# One that fails does not hide the others. Exit code: 0 if all are done; 130 after Ctrl-C, which
# starts no further one; else that of the first that failed.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")" || exit 1

for flag in "$@"; do
    case $flag in
    --output | --output=*)
        echo "error: --output: each experiment needs a folder of its own; leave it away" >&2
        exit 2
        ;;
    -h | --help)
        sed -n 's/^# \{0,1\}//p' "${BASH_SOURCE[0]}" | tail -n +2
        exit 0
        ;;
    esac
done

experiments=(exp1 exp2 exp3)
# Once for all, so that the time of a run is that of the run.
cargo build --release "${experiments[@]/#/--package=}" || exit 1

# A Ctrl-C is for the experiment, which saves what it has; this script then says where that is.
trap : INT
output=$(mktemp) || exit 1
trap 'rm -f "$output"' EXIT
report="" first=0
for experiment in "${experiments[@]}"; do
    echo "==> $experiment"
    cargo run --release --quiet --package "$experiment" -- "$@" 2>&1 | tee -i "$output"
    code=${PIPESTATUS[0]}
    folder=$(sed -n 's/^Results: //p' "$output" | tail -n 1)
    [ "$code" = 0 ] && state="done" || state="exit code $code"
    report+=$(printf '%-6s%-14s%s' "$experiment" "$state" "${folder:-no report}")$'\n'
    [ "$first" = 0 ] && first=$code
    [ "$code" = 130 ] && break
done
printf '\nReports\n%s' "$report"
exit "$first"
