"""A helper that misbehaves on request, in ways that the real one cannot be made to.

It speaks the protocol of the host helper.
"""

import json
import os
import resource
import sys
import time


def say(text, stream=sys.stdout):
    stream.write(f"{text}\n")
    stream.flush()


def answer(request, status="done", **result):
    body = {"v": 1, "key": request["key"], "verb": request["verb"], "status": status}
    say(json.dumps({**body, "result": result, "message": "", "hint": ""}))


def echo(request):
    answer(request, params=request["params"], anchor=request.get("anchor"))


def hang(request):
    say("still looking", sys.stderr)
    time.sleep(60)


def die(request):
    sys.exit("database password missing in the configuration")


def garbage(request):
    say("Welcome to erp1!\x1b[31m You have mail.")


def list_answer(request):
    say("[1, 2]")


def other(request):
    answer({**request, "key": "another"})


def newer(request):
    say(json.dumps({"v": 2, "status": "done"}))


def flood(request):
    for _part in range(100):
        sys.stdout.write("x" * 1_000_000)


def noise(request):
    """More on stderr than any pipe holds, then the answer."""
    for _part in range(100):
        sys.stderr.write("y" * 100_000)
    sys.stderr.write("the last words")
    sys.stderr.flush()
    answer(request, said=True)


def big(request):
    answer(request, text="z" * request["params"]["size"])


def process(request):
    limit = resource.getrlimit(resource.RLIMIT_CPU)[0]
    answer(request, pid=os.getpid(), environment=dict(os.environ), cpu_limit=limit)


VERBS = (echo, hang, die, garbage, list_answer, other, newer, flood, noise, big, process)

for line in sys.stdin:
    asked = json.loads(line)
    {verb.__name__: verb for verb in VERBS}[asked["verb"]](asked)
