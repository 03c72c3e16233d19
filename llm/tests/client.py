"""The official `openai` client against the server: chats, streams, embeddings, models, errors, and a
client that leaves. Usage: client.py URL, of a server with the default models, two slots and a queue of
two, started for this test alone. Each check prints its name; the first that fails ends it with 1."""

import base64
import concurrent.futures
import json
import math
import socket
import struct
import subprocess
import sys
import threading
import time
import urllib.request

import openai

URL = sys.argv[1]
CHAT, EMBEDDING = "smollm2-135m-instruct", "all-minilm-l6-v2"
client = openai.OpenAI(base_url=f"{URL}/v1", api_key="none", max_retries=0, timeout=120)
QUESTION = [{"role": "user", "content": "What is the capital of France?"}]
LONG = [{"role": "user", "content": "Write a long story about a lighthouse keeper and the sea."}]


def metric(name):
    """Sum over all labels of a counter or gauge."""
    with urllib.request.urlopen(f"{URL}/metrics") as response:
        lines = response.read().decode().splitlines()
    return sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith(name))


def until(condition, seconds=60):
    """Waits until it holds; whether it came to hold."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.05)
    return False


def ask(messages=QUESTION, **more):
    more = {"model": CHAT, "messages": messages, "temperature": 0, "max_tokens": 24} | more
    return client.chat.completions.create(**more)


def whole():
    answer = ask()
    assert "Paris" in answer.choices[0].message.content, answer
    assert answer.choices[0].finish_reason == "stop" and answer.model == CHAT
    usage = answer.usage
    assert usage.prompt_tokens > 20 and 0 < usage.completion_tokens < 24
    assert usage.total_tokens == usage.prompt_tokens + usage.completion_tokens
    cut = ask(LONG, max_tokens=5)
    assert cut.choices[0].finish_reason == "length" and cut.usage.completion_tokens == 5


def greedy_is_deterministic():
    first = ask(LONG, max_tokens=40).choices[0].message.content
    # The second finds the first one's prompt kept, and runs beside another answer.
    others = threading.Thread(target=ask, kwargs={"max_tokens": 40})
    others.start()
    second = ask(LONG, max_tokens=40)
    others.join()
    assert second.choices[0].message.content == first
    assert second.usage.prompt_tokens_details.cached_tokens > 0


def a_seed_repeats_a_draw():
    draw = lambda seed: ask(LONG, temperature=1.0, seed=seed, max_tokens=24).choices[0].message.content
    assert draw(1) == draw(1)
    assert len({draw(seed) for seed in range(2, 6)}) > 1


def stream():
    text = ask().choices[0].message.content
    chunks = list(ask(stream=True, stream_options={"include_usage": True}))
    assert chunks[0].choices[0].delta.role == "assistant"
    parts = [chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices]
    assert "".join(parts) == text and sum(map(bool, parts)) > 3, parts
    assert chunks[-2].choices[0].finish_reason == "stop"
    assert chunks[-1].usage.total_tokens > 0 and not chunks[-1].choices


def stop_texts():
    text = ask().choices[0].message.content
    word = text.split()[2]
    for stream in (False, True):
        answer = ask(stop=[word], stream=stream)
        if stream:
            chunks = list(answer)
            got = "".join(chunk.choices[0].delta.content or "" for chunk in chunks)
            reason = chunks[-1].choices[0].finish_reason
        else:
            got, reason = answer.choices[0].message.content, answer.choices[0].finish_reason
        assert got == text[: text.index(word)] and reason == "stop", (got, reason)


def a_conversation_keeps_its_beginning():
    first = ask(LONG, max_tokens=30)
    turns = LONG + [
        {"role": "assistant", "content": first.choices[0].message.content},
        {"role": "user", "content": "And then?"},
    ]
    second = ask(turns, max_tokens=4).usage
    assert second.prompt_tokens_details.cached_tokens >= first.usage.prompt_tokens, second


def curl_shows_a_stream():
    body = json.dumps({"model": CHAT, "messages": LONG, "max_tokens": 30, "stream": True})
    curl = ["curl", "--silent", "--no-buffer", f"{URL}/v1/chat/completions", "--data", body]
    process = subprocess.Popen(curl, stdout=subprocess.PIPE, text=True)
    times = [time.monotonic() for line in process.stdout if line.startswith("data: ")]
    assert process.wait() == 0 and len(times) > 20
    # Not all at once at the end: the first half came while the second was not made yet.
    assert times[len(times) // 2] < times[-1] and times[-1] - times[0] > 0.02, times


def embeddings():
    texts = ["A cat sits on the mat.", "A kitten is on the rug.", "The stock market fell."]
    # The client asks for base64 by default and unpacks it.
    vectors = [it.embedding for it in client.embeddings.create(model=EMBEDDING, input=texts).data]
    floats = client.embeddings.create(model=EMBEDDING, input=texts, encoding_format="float")
    for vector, same in zip(vectors, floats.data):
        assert len(vector) == 384 and abs(math.hypot(*vector) - 1) < 1e-5
        assert max(abs(a - b) for a, b in zip(vector, same.embedding)) < 1e-6
    dot = lambda a, b: sum(x * y for x, y in zip(a, b))
    assert dot(vectors[0], vectors[1]) > 0.5 > 0.2 > dot(vectors[0], vectors[2])
    one = client.embeddings.create(model=EMBEDDING, input=texts[0])
    assert dot(one.data[0].embedding, vectors[0]) > 0.99999 and one.usage.total_tokens == 9


def models():
    assert [model.id for model in client.models.list().data] == [CHAT, EMBEDDING]
    assert client.models.retrieve(EMBEDDING).id == EMBEDDING
    refused(openai.NotFoundError, "model_not_found", lambda: client.models.retrieve("gpt-4"))


def refused(kind, code, call):
    try:
        call()
    except kind as error:
        assert error.code == code, (error.code, code)
        assert error.body["message"] and error.body["type"], error.body
        return error
    raise AssertionError(f"no {kind.__name__}")


def errors():
    bad = openai.BadRequestError
    refused(openai.NotFoundError, "model_not_found", lambda: ask(model="gpt-4"))
    refused(openai.NotFoundError, "model_not_found", lambda: ask(model=EMBEDDING))
    assert refused(bad, None, lambda: ask(temperature=3)).param == "temperature"
    assert refused(bad, None, lambda: ask(max_tokens=10**6)).param == "max_tokens"
    assert refused(bad, None, lambda: ask(messages=[])).param == "messages"
    assert refused(bad, None, lambda: ask(n=2)).param == "n"
    long = [{"role": "user", "content": "word " * 20_000}]
    refused(bad, "context_length_exceeded", lambda: ask(messages=long))
    embed = lambda **more: client.embeddings.create(**{"model": EMBEDDING, "input": "a"} | more)
    refused(bad, "context_length_exceeded", lambda: embed(input="word " * 600))
    assert refused(bad, None, lambda: embed(dimensions=3)).param == "dimensions"
    assert refused(bad, None, lambda: embed(input=["a"] * 5000)).param == "input"
    assert refused(bad, None, lambda: embed(input=[1, 2, 3])).param == "input"
    raw("POST", "/v1/chat/completions", b"{", 400)
    raw("POST", "/v1/chat/completions", b"[" + b" " * (3 << 20) + b"]", 413)
    raw("GET", "/v1/chat/completions", None, 405)
    raw("GET", "/v1/nothing", None, 404)


def raw(method, path, body, status):
    request = urllib.request.Request(URL + path, data=body, method=method)
    try:
        urllib.request.urlopen(request)
    except urllib.error.HTTPError as error:
        assert error.code == status, (path, error.code)
        assert json.load(error)["error"]["message"]
        return
    raise AssertionError(f"{method} {path} succeeded")


def a_client_that_leaves_frees_its_slot():
    gone = metric('sage_llm_requests_total{endpoint="chat",status="499"}')
    # In the middle of a stream …
    stream = ask(LONG, max_tokens=1000, stream=True, temperature=1.0)
    next(iter(stream))
    assert metric("sage_llm_answers_in_flight") == 1
    stream.close()
    assert until(lambda: metric("sage_llm_answers_in_flight") == 0)
    # … and while waiting for a whole answer.
    try:
        ask(LONG, max_tokens=1000, temperature=1.0, timeout=0.5)
        raise AssertionError("1000 tokens in half a second")
    except openai.APITimeoutError:
        pass
    assert until(lambda: metric("sage_llm_answers_in_flight") == 0)
    assert metric('sage_llm_requests_total{endpoint="chat",status="499"}') == gone + 2
    assert ask(max_tokens=1).usage.completion_tokens == 1


def a_full_queue_is_said_and_emptied_by_those_who_leave():
    # Headers come at once, the first token once there is a slot.
    streams = [ask(LONG, max_tokens=1000, stream=True, temperature=1.0) for _ in range(4)]
    assert until(lambda: metric("sage_llm_queue_length") == 2), "two of four wait"
    error = refused(openai.RateLimitError, "queue_full", ask)
    assert 1 <= int(error.response.headers["retry-after"]) <= 60
    for stream in streams:
        stream.close()
    assert until(lambda: metric("sage_llm_queue_length") + metric("sage_llm_answers_in_flight") == 0)
    assert ask(max_tokens=1).usage.completion_tokens == 1


def trickle(request):
    """Sends this, and then a byte a second; what comes back until the server closes the connection."""
    host, _, port = URL.rpartition("/")[2].partition(":")
    with socket.create_connection((host, int(port))) as slow:
        slow.settimeout(1)
        slow.sendall(request)
        answer = b""
        while True:
            try:
                more = slow.recv(1000)
                answer += more
                if not more:
                    return answer
            except TimeoutError:
                slow.sendall(b" ")
            except OSError:
                return answer


def clients_that_are_too_slow_are_closed():
    assert SLOW[0].result(90) == b""
    assert SLOW[1].result(90).startswith(b"HTTP/1.1 408 ")


# They take their time while others are served.
pool = concurrent.futures.ThreadPoolExecutor(2)
head = b"POST /v1/chat/completions HTTP/1.1\r\nhost: slow\r\n"
SLOW = [
    pool.submit(trickle, head + b"x: "),
    pool.submit(trickle, head + b"content-type: application/json\r\ncontent-length: 1000\r\n\r\n{"),
]

CHECKS = [
    whole,
    greedy_is_deterministic,
    a_seed_repeats_a_draw,
    stream,
    stop_texts,
    a_conversation_keeps_its_beginning,
    curl_shows_a_stream,
    embeddings,
    models,
    errors,
    a_client_that_leaves_frees_its_slot,
    a_full_queue_is_said_and_emptied_by_those_who_leave,
    clients_that_are_too_slow_are_closed,
]
for check in CHECKS:
    start = time.monotonic()
    check()
    print(f"ok {check.__name__} ({time.monotonic() - start:.1f} s)", flush=True)
print(f"{len(CHECKS)} passed, 0 failed")
