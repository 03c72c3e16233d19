"""32 clients at once for some seconds: every request is answered in full or refused with 429, memory stays
bounded and /metrics shows the queue. Usage: load.py URL SECONDS PID, of a server of four slots and a
queue of eight. Only the standard library, so that the clients take little of the processors."""

import http.client
import json
import sys
import threading
import time
import urllib.parse
import urllib.request

URL, SECONDS, PID = sys.argv[1], float(sys.argv[2]), int(sys.argv[3])
HOST = urllib.parse.urlsplit(URL).netloc
CLIENTS, SLOTS, QUEUE, BOUND_MIB = 32, 4, 8, 2048
end = time.monotonic() + SECONDS
lock, counts, wrong = threading.Lock(), {}, []


def count(what):
    with lock:
        counts[what] = counts.get(what, 0) + 1


def ask(index, turn):
    embed = index % 8 == 0
    path = "/v1/embeddings" if embed else "/v1/chat/completions"
    question = {"role": "user", "content": f"Client {index}, turn {turn}: tell me about the sea."}
    body = {"model": "all-minilm-l6-v2", "input": [f"text {turn} {n}" for n in range(16)]}
    if not embed:
        body = {"model": "smollm2-135m-instruct", "messages": [question], "max_tokens": 16}
    connection = http.client.HTTPConnection(HOST, timeout=300)
    connection.request("POST", path, json.dumps(body))
    response = connection.getresponse()
    answer = json.loads(response.read())
    connection.close()
    if response.status == 429:
        assert answer["error"]["code"] == "queue_full", answer
        after = int(response.getheader("retry-after"))
        assert 1 <= after <= 60, after
        count("refused")
        time.sleep(min(after, 2))
    elif embed:
        assert response.status == 200 and len(answer["data"]) == 16, answer
        count("embedded")
    else:
        assert response.status == 200, answer
        assert answer["choices"][0]["finish_reason"] in ("stop", "length"), answer
        assert 1 <= answer["usage"]["completion_tokens"] <= 16, answer
        count("answered")


def client(index):
    turn = 0
    while time.monotonic() < end:
        turn += 1
        try:
            ask(index, turn)
        except Exception as error:
            with lock:
                wrong.append(f"client {index}: {error!r}")
            return


def metrics():
    with urllib.request.urlopen(f"{URL}/metrics", timeout=60) as response:
        lines = response.read().decode().splitlines()
    pairs = (line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
    return {name: float(value) for name, value in pairs}


def memory():
    """Resident memory in MiB."""
    with open(f"/proc/{PID}/status") as file:
        return next(int(line.split()[1]) / 1024 for line in file if line.startswith("VmRSS"))


threads = [threading.Thread(target=client, args=(index,)) for index in range(CLIENTS)]
for thread in threads:
    thread.start()
queued, slots, most = [], [], 0.0
while time.monotonic() < end:
    time.sleep(0.5)
    now = metrics()
    queued.append(now["sage_llm_queue_length"])
    slots.append(now["sage_llm_answers_in_flight"])
    most = max(most, memory())
for thread in threads:
    thread.join()
# The last slot is freed just after its answer is out.
for _ in range(60):
    after = metrics()
    if after["sage_llm_queue_length"] == after["sage_llm_answers_in_flight"] == 0:
        break
    time.sleep(0.5)
waited = after["sage_llm_queue_wait_seconds_sum"] / after["sage_llm_queue_wait_seconds_count"]
rows = after["sage_llm_step_rows_sum"] / after["sage_llm_step_rows_count"]
print(f"{CLIENTS} clients, {SECONDS:.0f} s: {counts}")
print(f"queue up to {max(queued):.0f}, {waited:.2f} s in it on average; slots up to {max(slots):.0f}")
print(f"{rows:.1f} rows per step; memory up to {most:.0f} MiB")
assert not wrong, wrong
assert counts.get("answered") and counts.get("embedded") and counts.get("refused"), counts
assert 0 < max(queued) <= QUEUE and 0 < max(slots) <= SLOTS
assert waited > 0 and most < BOUND_MIB
assert after["sage_llm_queue_length"] == after["sage_llm_answers_in_flight"] == 0
assert after['sage_llm_requests_total{endpoint="chat",status="200"}'] == counts["answered"]
print("1 passed, 0 failed")
