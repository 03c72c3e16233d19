#!/usr/bin/env bash
# Makes a Python with Ray in .ray, for `--cluster config/ray.yaml`. Does nothing where it is there.
# Needs Python 3.10 or newer with its venv module; another one than `python3` is named by PYTHON.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# The version that everything here is tested with.
ray=2.60.0

if .ray/bin/python -c "import ray, sys; sys.exit(ray.__version__ != '$ray')" 2>/dev/null; then
    echo "Ray $ray is there, in .ray"
    exit
fi
python=${PYTHON:-python3}
if ! "$python" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 10))' 2>/dev/null; then
    echo "error: \`$python\` is no Python 3.10 or newer with venv; install one (Debian: apt-get install" \
        "python3-venv), or name another one in PYTHON" >&2
    exit 2
fi
"$python" -m venv --clear .ray
# Only wheels: a build from source would need a compiler, and an hour.
.ray/bin/pip install --quiet --disable-pip-version-check --only-binary :all: "ray==$ray"
echo "Ray $ray is installed, in .ray"
