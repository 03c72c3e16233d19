#!/usr/bin/env bash
# Runs a command while there is a Ray cluster on this host, and ends the cluster with it:
#
#   scripts/with-ray.sh [--nodes 4] [--cpus 4] [--beyond] [--] COMMAND …
#
# A head and further nodes (raylets), each with an address of its own on loopback. All but the head have
# Ray's folder and /dev/shm for themselves, so that what is found there came by way of Ray. That needs the
# right to make a mount namespace: root, or user namespaces. Another Ray on this host is left alone.
# With --beyond, nodes have addresses as if they were other hosts, in a network of their own: connections to
# them must then be encrypted.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
nodes=4 cpus=4 beyond=
given=("$@")
while [ $# -gt 0 ]; do
    case $1 in
        --nodes) nodes=$2; shift 2 ;;
        --cpus) cpus=$2; shift 2 ;;
        --beyond) beyond=yes; shift ;;
        --) shift; break ;;
        *) break ;;
    esac
done
if [ $# -eq 0 ]; then
    echo "usage: scripts/with-ray.sh [--nodes N] [--cpus N] [--beyond] [--] COMMAND …" >&2
    exit 2
fi
if [ ! -x "$root/.ray/bin/ray" ]; then
    echo "error: Ray is not installed; run scripts/setup-ray.sh" >&2
    exit 2
fi
if unshare --mount true 2>/dev/null; then
    apart=(unshare --mount)
elif unshare --map-root-user --mount true 2>/dev/null; then
    apart=(unshare --map-root-user --mount)
else
    echo "error: no right to make mount namespaces; run as root, or allow user namespaces" >&2
    exit 2
fi

network=127.0.0
if [ -n "$beyond" ]; then
    network=10.77.0
    # In a network namespace, which this script then enters once more.
    [ -n "${WITH_RAY_BEYOND:-}" ] || WITH_RAY_BEYOND=yes exec "${apart[@]}" --net "$0" "${given[@]}"
    ip link set lo up
    for ((node = 1; node <= nodes; node++)); do ip address add "$network.$node/32" dev lo; done
fi

# Ray gives its processes the lowest priority, and on a host that is busy with other things one would
# measure that.
export RAY_USAGE_STATS_ENABLED=0 RAY_worker_niceness=0
folder=$(mktemp -d /tmp/with-ray.XXXXXX)
port=$("$root/.ray/bin/python" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
export WITH_RAY=$port # by which processes of this cluster can be told from others
started=()

# Each `ray start --block` ends its node when it is asked to. Never `ray stop`: it ends every Ray of the host.
end() {
    trap - EXIT
    if [ -n "${command:-}" ]; then kill -TERM "$command" 2>/dev/null || true; fi
    for process in "${started[@]}"; do kill -TERM "$process" 2>/dev/null || true; done
    for process in "${started[@]}"; do wait "$process" 2>/dev/null || true; done
    rm -rf "$folder"
}
trap end EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

common=(--block --num-cpus "$cpus" --object-store-memory 80000000 --disable-usage-stats)
"$root/.ray/bin/ray" start --head --port "$port" --node-ip-address $network.1 --include-dashboard false \
    --temp-dir "$folder/ray" "${common[@]}" >"$folder/head.log" 2>&1 &
started+=($!)
export RAY_ADDRESS=$network.1:$port
for ((node = 2; node <= nodes; node++)); do
    # The head's folder must be there to be mounted over; a node would wait for the head by itself.
    mkdir -p "$folder/ray"
    "${apart[@]}" sh -c 'mount -t tmpfs tmpfs "$1" && mount -t tmpfs tmpfs /dev/shm && shift && exec "$@"' sh "$folder/ray" \
        "$root/.ray/bin/ray" start --address "$RAY_ADDRESS" --node-ip-address "$network.$node" "${common[@]}" \
        >"$folder/node-$node.log" 2>&1 &
    started+=($!)
done

# Whether all are there is for Ray to say.
"$root/.ray/bin/python" - "$nodes" <<'PYTHON' || { tail -n 20 "$folder"/*.log >&2; exit 1; }
import os, socket, sys, time
from ray._raylet import GcsClientOptions, GlobalStateAccessor
address, want, until = os.environ["RAY_ADDRESS"], int(sys.argv[1]), time.monotonic() + 90
def there():
    host, _, port = address.partition(":")
    try:
        socket.create_connection((host, int(port)), timeout=1).close()
    except OSError:
        return 0
    state = GlobalStateAccessor(GcsClientOptions.create(address, None, True, False))
    return len([node for node in state.get_node_table() if node["Alive"]]) if state.connect() else 0
while there() < want:
    if time.monotonic() > until:
        sys.exit(f"error: Ray has not {want} nodes after 90 s")
    time.sleep(0.2)
PYTHON
for process in "${started[@]}"; do
    kill -0 "$process" 2>/dev/null || { tail -n 20 "$folder"/*.log >&2; exit 1; }
done
echo "Ray: $nodes nodes with $cpus CPUs each, at $RAY_ADDRESS" >&2
# Waited for, not called, so that this script can be ended while the command runs.
"$@" <&0 &
command=$!
status=0
wait "$command" || status=$?
command=
exit "$status"
