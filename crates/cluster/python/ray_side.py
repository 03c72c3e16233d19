"""The side of a Ray cluster that speaks Python: started by the driver, one JSON object a line on stdio.

Ray does what it is there for: it knows the nodes, places one actor on each, restarts it, and ships the
driver's own binary to it as `working_dir`. The actor starts that binary as a worker and says where it
listens; driver and workers then speak directly. For the policies that leave the placement to Ray, the
same stage calls run as plain Ray tasks instead.

What the driver says: first a line with `address`, `folder`, `token`, `certificate` and `key`; then
    {"do": "workers", "slots": [4, …]}                 one worker for each node of a run
    {"do": "renew", "node": 0, "address": "…"}         that worker is of no use any more
    {"do": "tasks", "slots": [4, …], "speeds": [1.0, …], "strategy": "DEFAULT", "compute": false}
    {"do": "calls", "calls": [[ticket, nanoseconds, rounds, index, milli-CPU], …]}
What it is told: `ready`, `refused` with `why`, `worker` and `lost` with `node`, `done` with `calls`
([ticket, node, nanoseconds, why it failed]). When its input ends, so does all that it has started.
"""

import json
import os
import queue
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time

os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
SETUP = "`scripts/setup-ray.sh` installs it, and `python:` in the file of `--cluster` names its Python"
START = 45  # seconds for actors and tasks to be there
# Seconds that Ray's head may be away: one that keeps its state elsewhere comes back in a few. Ray itself ends
# every process of a job after 60, with words that name neither the cause nor a remedy.
AWAY = 20
OUT = threading.Lock()
# Ray prints on the standard output too; what we say has one of its own.
SAID = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)


class Refused(Exception):
    """It cannot be done, and the message says why and what to do."""


def say(what, **more):
    line = json.dumps({"say": what, **more})
    with OUT:
        SAID.write(line + "\n")
        SAID.flush()


def find(address):
    """The address of a cluster that accepts connections. Ray itself would try for a minute, and then
    end the process."""
    if address == "auto":
        address = os.environ.get("RAY_ADDRESS", "")
    if not address:
        folder = os.environ.get("RAY_TMPDIR", "/tmp")
        try:
            with open(os.path.join(folder, "ray", "ray_current_cluster"), encoding="ascii") as file:
                address = file.read().strip()
        except OSError:
            pass
    remedy = "start it with `ray start --head`, or name the address of one that runs in `address:`"
    if not address:
        raise Refused(f"no Ray runs on this host; {remedy}")
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host, int(port)), timeout=3).close()
    except (OSError, ValueError) as error:
        raise Refused(f"there is no Ray at {address} ({error}); {remedy}") from None
    return address


def watch_head(address):
    """Ends this process, and so the job, when the head has been away for too long."""
    host, _, port = address.rpartition(":")
    seen = time.monotonic()
    while time.monotonic() - seen < AWAY:
        time.sleep(1)
        try:
            socket.create_connection((host.strip("[]"), int(port)), timeout=3).close()
            seen = time.monotonic()
        except OSError:
            pass
    say("gone", why=f"its head at {address} has been away for {AWAY} s; start Ray again, then the run")
    os._exit(1)


def listen(orders):
    """Orders as they come, and `None` for their end: then nobody waits any more for what is being done."""
    for line in sys.stdin:
        orders.put(json.loads(line))
    orders.put(None)
    time.sleep(3)
    os._exit(0)  # Ray ends all that the job has, as it does when this process is killed


class Worker:
    """On a Ray node: the process that is the node of a run."""

    def __init__(self):
        self.process = None
        self.address = None

    def launch(self, host, slots, token, tls):
        """Starts it anew; says where it listens. `tls`: the texts of certificate and key, if it is to have
        them; they are files until it listens, for nobody else to read."""
        with tempfile.TemporaryDirectory() as folder:
            flags = []
            for name, text in tls.items():
                path = os.path.join(folder, name)
                with open(path, "w", encoding="ascii") as file:
                    file.write(text)
                flags += [f"--tls-{name}", path]
            return self.start(host, slots, token, flags)

    def start(self, host, slots, token, flags):
        self.end(self.address)
        listen = f"[{host}]:0" if ":" in host else f"{host}:0"
        arguments = ["./worker", "__worker", "--supervised", "--listen", listen, "--slots", str(slots)]
        pipe = subprocess.PIPE
        process = subprocess.Popen(arguments + flags, stdin=pipe, stderr=pipe, text=True)
        self.process = process
        process.stdin.write(token + "\n")
        process.stdin.flush()
        self.last = ""
        for line in process.stderr:
            self.last = line.strip()
            if "listening on " in line:
                self.address = line.rpartition("listening on ")[2].strip()
                return self.address
        raise RuntimeError(f"the worker did not start: {self.last}")

    def watch(self):
        """Waits until it has ended; says how."""
        process = self.process
        for line in process.stderr:
            self.last = line.strip()
        return f"its process ended: {process.wait()}; its last words: {self.last}"

    def end(self, address):
        """Ends it, if it is the one that listens there."""
        if self.process is not None and self.address == address:
            self.process.kill()


class Workers:
    """One actor for each node of a run, and a thread that keeps its worker up."""

    def __init__(self, ray, hello):
        self.ray, self.token = ray, hello["token"]
        self.tls = {"cert": hello["certificate"], "key": hello["key"]}
        self.kept = []  # by node of the run: (Ray node, slots, host), actor
        self.there = {}  # by node: where its worker listens

    def want(self, nodes, slots):
        """Has them; those that are there already stay, also when there are more than are wanted."""
        ray = self.ray
        wanted = [(node["NodeID"], cpus, host_of(ray, node)) for node, cpus in zip(nodes, slots)]
        same = 0
        while same < min(len(wanted), len(self.kept)) and self.kept[same][0] == wanted[same]:
            same += 1
        if same < len(wanted):
            self.clear(same)
            self.start(wanted, same)
        for node in range(len(wanted)):
            if node in self.there:
                say("worker", node=node, address=self.there[node])

    def start(self, wanted, first):
        ray = self.ray
        affinity = ray.util.scheduling_strategies.NodeAffinitySchedulingStrategy
        for node, cpus, host in wanted[first:]:
            # Three calls at a time: a worker is watched, another one ended or launched.
            actor = ray.remote(Worker).options(
                num_cpus=cpus,
                max_restarts=-1,
                max_concurrency=3,
                scheduling_strategy=affinity(node_id=node, soft=False),
            )
            self.kept.append(((node, cpus, host), actor.remote()))
        there = [actor.end.remote(None) for _, actor in self.kept[first:]]
        ready, missing = ray.wait(there, num_returns=len(there), timeout=START)
        if missing:
            at = first + there.index(missing[0])
            self.clear(first)
            raise Refused(
                f"Ray did not start the actor of node-{at} within {START} s; "
                "do other jobs hold its CPUs? `ray status` tells"
            )
        ray.get(ready)
        for node, (key, actor) in enumerate(self.kept[first:], first):
            threading.Thread(target=self.keep, args=(node, key, actor), daemon=True).start()

    def keep(self, node, key, actor):
        _, slots, host = key
        tls = {} if is_loopback(host) else self.tls
        while self.is_kept(node, actor):
            try:
                address = self.ray.get(actor.launch.remote(host, slots, self.token, tls))
                if self.is_kept(node, actor):
                    self.there[node] = address
                    say("worker", node=node, address=address)
                why = self.ray.get(actor.watch.remote())
            except Exception as error:  # of Ray's many: the actor is gone, and Ray starts it again
                why = brief(error)
                time.sleep(0.05)
            if self.is_kept(node, actor):
                self.there.pop(node, None)
                say("lost", node=node, why=why)

    def is_kept(self, node, actor):
        kept = self.kept
        return node < len(kept) and kept[node][1] is actor

    def renew(self, node, address):
        if node < len(self.kept):
            self.kept[node][1].end.remote(address)

    def clear(self, first=0):
        kept, self.kept = self.kept[first:], self.kept[:first]
        for node, (_, actor) in enumerate(kept, first):
            self.there.pop(node, None)
            self.ray.kill(actor, no_restart=True)


class Here:
    """In a process that Ray has started for tasks: which node it is on, and the native operator."""

    def __init__(self, ray, nodes):
        self.node = nodes[ray.get_runtime_context().get_node_id()]
        self.operator = None

    def compute(self, rounds, index):
        """Burns as workers do, in the same code; takes note of the time there."""
        if self.operator is None:
            pipe = subprocess.PIPE
            self.operator = subprocess.Popen(["./worker", "__operator"], stdin=pipe, stdout=pipe)
        request = rounds.to_bytes(8, "little") + index.to_bytes(8, "little")
        self.operator.stdin.write(request)
        self.operator.stdin.flush()
        answer = self.operator.stdout.read(8)
        if len(answer) != 8:
            raise RuntimeError("the operator ended")
        return int.from_bytes(answer, "little")

    @staticmethod
    def emulate(nanoseconds):
        """Waits as workers do: the last part is polled, since the system's timer is coarse."""
        start = time.perf_counter_ns()
        end = start + nanoseconds
        if nanoseconds > 150_000:
            time.sleep((nanoseconds - 150_000) / 1e9)
        now = time.perf_counter_ns()
        while now < end:
            now = time.perf_counter_ns()
        return now - start


class Tasks:
    """Stage calls as plain Ray tasks. What is not part of the run is held by actors that do nothing."""

    def __init__(self, ray):
        self.ray = ray
        self.others, self.run, self.key = [], None, None

    def want(self, nodes, slots, speeds, strategy, compute):
        key = ([node["NodeID"] for node in nodes], slots, speeds, strategy)
        if self.key != key:
            self.clear()
            self.hold_others(nodes, slots)
            self.run = self.define(nodes, speeds, strategy)
            self.key = key
        self.warm_up(sum(slots), compute)

    def hold_others(self, nodes, slots):
        ray = self.ray
        affinity = ray.util.scheduling_strategies.NodeAffinitySchedulingStrategy
        ours = {node["NodeID"]: cpus for node, cpus in zip(nodes, slots)}
        for node in alive(ray):
            rest = cpus_of(node) - ours.get(node["NodeID"], 0)
            if rest > 0:
                on = affinity(node_id=node["NodeID"], soft=False)
                holder = ray.remote(Worker).options(num_cpus=rest, scheduling_strategy=on)
                self.others.append(holder.remote())
        there = [actor.end.remote(None) for actor in self.others]
        _, missing = ray.wait(there, num_returns=len(there), timeout=START) if there else ([], [])
        if missing:
            self.clear()
            raise Refused("other jobs hold CPUs of this Ray; `ray status` tells")

    def define(self, nodes, speeds, strategy):
        ray = self.ray
        numbers = {node["NodeID"]: at for at, node in enumerate(nodes)}

        known = []  # of each process that runs calls its own: it unpacks this function once

        def stage_call(nanoseconds, rounds, index):
            if not known:
                known.append(Here(ray, numbers))
            here = known[0]
            speed = speeds[here.node]
            if rounds:
                return here.node, os.getpid(), here.compute(round(rounds / speed), index)
            return here.node, os.getpid(), here.emulate(round(nanoseconds / speed))

        remote, of_demand = ray.remote(stage_call), {}

        def run(milli, *arguments):
            if milli not in of_demand:
                # What is lost is told, so that retries are counted as those of workers are.
                options = {"scheduling_strategy": strategy, "max_retries": 0}
                of_demand[milli] = remote.options(num_cpus=milli / 1000, **options)
            return of_demand[milli].remote(*arguments)

        return run

    def warm_up(self, slots, compute):
        """Processes start before the run does: as many as there are slots, if Ray lets them."""
        seen, until, hold = set(), time.monotonic() + START, 250_000_000
        while len(seen) < slots and time.monotonic() < until:
            # The longer each holds its CPU, the more processes Ray has to start for the others.
            seen.update(self.ended([self.run(1000, hold, 0, 0) for _ in range(slots)]))
            hold *= 2
        if compute:
            list(self.ended([self.run(1000, 0, 1000, 0) for _ in range(4 * slots)]))
        say("warm", processes=len(seen), slots=slots)

    def ended(self, calls):
        """The processes that ran them. One that was lost is not there, and says nothing of the run."""
        for call in calls:
            try:
                yield self.ray.get(call)[1]
            except self.ray.exceptions.RayError:
                pass

    def call(self, calls):
        for ticket, nanoseconds, rounds, index, milli in calls:
            reference = self.run(milli, nanoseconds, rounds, index)
            reference.future().add_done_callback(lambda done, ticket=ticket: answer(ticket, done))

    def clear(self):
        for actor in self.others:
            self.ray.kill(actor, no_restart=True)
        self.others, self.run, self.key = [], None, None


def answer(ticket, done):
    error = done.exception()
    if error is None:
        node, _, took = done.result()
        say("done", calls=[[ticket, node, took, None]])
    else:
        say("done", calls=[[ticket, None, 0, brief(error)]])


def alive(ray):
    nodes = [node for node in ray.nodes() if node["Alive"]]
    nodes.sort(key=lambda node: (node["NodeManagerAddress"], node["NodeManagerPort"]))
    return nodes


def cpus_of(node):
    return int(node["Resources"].get("CPU", 0))


def host_of(ray, node):
    """Where a worker on that node listens. Beyond this host that needs keys, and encryption."""
    address = node["NodeManagerAddress"]
    return "127.0.0.1" if address == ray.util.get_node_ip_address() and not is_loopback(address) else address


def is_loopback(host):
    return host.startswith("127.") or host == "::1"


def choose(ray, slots):
    """A Ray node for each node of the run: the smallest that holds it, the largest first."""
    free = alive(ray)
    have = [cpus_of(node) for node in free]
    chosen = [None] * len(slots)
    for at in sorted(range(len(slots)), key=lambda at: -slots[at]):
        fits = [node for node in free if cpus_of(node) >= slots[at]]
        if not fits:
            raise Refused(
                f"the run has {len(slots)} nodes of up to {max(slots)} slots, and Ray has "
                f"{len(have)} nodes with {have} CPUs, of which one is taken for each; start more with "
                f"`ray start --address=… --num-cpus={max(slots)}`, or run fewer nodes"
            )
        chosen[at] = min(fits, key=cpus_of)
        free.remove(chosen[at])
    return chosen


def brief(error):
    """The first line of what Ray says, which is usually a page."""
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0] if lines else 'no reason'}"


def serve(ray, hello, orders):
    workers, tasks = Workers(ray, hello), Tasks(ray)
    while (order := orders.get()) is not None:
        what = order.pop("do")
        try:
            if what == "workers":
                tasks.clear()
                workers.want(choose(ray, order["slots"]), order["slots"])
                say("ready")
            elif what == "renew":
                workers.renew(order["node"], order["address"])
            elif what == "tasks":
                workers.clear()
                tasks.want(choose(ray, order["slots"]), **order)
                say("ready")
            else:
                tasks.call(order["calls"])
        except Refused as refused:
            say("refused", why=str(refused))


def main():
    hello = json.loads(sys.stdin.readline())
    orders = queue.SimpleQueue()
    threading.Thread(target=listen, args=(orders,), daemon=True).start()
    try:
        try:
            import ray
            import ray.util.scheduling_strategies
        except ImportError as error:
            raise Refused(f"{sys.executable} has no Ray ({error}); {SETUP}") from None
        address = find(hello["address"])
        threading.Thread(target=watch_head, args=(address,), daemon=True).start()
        ray.init(
            address=address,
            runtime_env={"working_dir": hello["folder"]},
            log_to_driver=False,
            logging_level="ERROR",
        )
    except Refused as refused:
        return say("refused", why=str(refused))
    except Exception as error:
        return say("refused", why=f"Ray refuses the connection: {brief(error)}")
    finally:
        # Ray has a copy of its own now; the driver may have gone meanwhile.
        shutil.rmtree(hello["folder"], ignore_errors=True)
    say("ready")
    try:
        serve(ray, hello, orders)
    except Exception as error:
        say("gone", why=brief(error))
    # Nothing of ours outlives this process: Ray ends the actors and tasks of a job with it.
    ray.shutdown()


main()
