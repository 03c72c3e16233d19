"""What Ray itself reaches on the cluster at RAY_ADDRESS, in the same measurements as ours.

`nothing`: calls that do nothing, on four actors and as tasks: how many a second with many in flight, and
the round trip of one alone. `stages`: three stages of constant 25 ms on 4 x 4 slots, as plain tasks and on
16 actors with two calls each on their way, which is the best that Ray was found to do. Prints JSON.
"""

import json
import os
import statistics
import sys
import time

os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
import ray  # noqa: E402

MANY, ALONE = 4000, 500
TASKS, STAGES, SERVICE, SLOTS, IN_FLIGHT = 800, 3, 0.025, 16, 32


class Node:
    def nothing(self):
        pass

    def work(self):
        wait()


def nothing():
    pass


def wait():
    """Until 25 ms are over; the last part is polled, as workers of ours do."""
    end = time.perf_counter() + SERVICE
    time.sleep(SERVICE - 150e-6)
    while time.perf_counter() < end:
        pass


def throughput(call):
    ray.get([call(i) for i in range(200)])
    start = time.perf_counter()
    ray.get([call(i) for i in range(MANY)])
    return MANY / (time.perf_counter() - start)


def round_trip(call):
    times = []
    for i in range(ALONE):
        start = time.perf_counter()
        ray.get(call(i))
        times.append(time.perf_counter() - start)
    return statistics.median(times) * 1e6


def efficiency(submit):
    """Closed: a new task when one has passed all stages; 32 in flight on 16 slots."""
    passed, begun, flying = 0, 0, {}
    start = time.perf_counter()
    while passed < TASKS:
        while begun < TASKS and len(flying) < IN_FLIGHT:
            flying[submit()] = 1
            begun += 1
        ready, _ = ray.wait(list(flying), num_returns=1)
        for call in ready:
            stage = flying.pop(call)
            if stage == STAGES:
                passed += 1
            else:
                flying[submit()] = stage + 1
    took = time.perf_counter() - start
    return TASKS * STAGES * SERVICE / SLOTS / took


def actors(count, cpus):
    made = [ray.remote(Node).options(num_cpus=cpus, scheduling_strategy="SPREAD").remote() for _ in range(count)]
    ray.get([actor.nothing.remote() for actor in made])
    return made


def in_turn(made):
    """Calls of one actor come back in order, so equal service times keep the least loaded next in turn."""
    turn = iter(range(10**9))
    return lambda: made[next(turn) % len(made)].work.remote()


def of_nothing(found):
    four = actors(4, 1)
    calls = lambda i: four[i % 4].nothing.remote()  # noqa: E731
    found["actor_calls_per_s"], found["actor_call_p50_us"] = throughput(calls), round_trip(calls)
    for actor in four:
        ray.kill(actor)
    for strategy in ("DEFAULT", "SPREAD"):
        remote = ray.remote(nothing).options(num_cpus=1, scheduling_strategy=strategy)
        tasks = lambda i, remote=remote: remote.remote()  # noqa: E731
        name = strategy.lower()
        ray.get([tasks(i) for i in range(MANY)])  # its processes are there after that
        found[f"{name}_tasks_per_s"], found[f"{name}_task_p50_us"] = throughput(tasks), round_trip(tasks)


def of_stages(found):
    for strategy in ("DEFAULT", "SPREAD"):
        work = ray.remote(wait).options(num_cpus=1, scheduling_strategy=strategy)
        for _ in range(4):  # its processes are there after that
            ray.get([work.remote() for _ in range(40 * SLOTS)])
        found[f"tasks, {strategy}"] = efficiency(work.remote)
    sixteen = actors(SLOTS, 1)
    found["16 actors with two calls each"] = efficiency(in_turn(sixteen))


def main():
    ray.init(address=os.environ["RAY_ADDRESS"], log_to_driver=False, logging_level="ERROR")
    found = {}
    {"nothing": of_nothing, "stages": of_stages}[sys.argv[1]](found)
    print(json.dumps(found))


main()
