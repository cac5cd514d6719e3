"""A helper that misbehaves on request, in ways that the real one cannot be made to.

It speaks the protocol of the host helper; ``FOLDER`` keeps what it did.
"""

import json
import os
import sys
import time
from pathlib import Path

FOLDER = Path(sys.argv[1])


def answer(request, status="done", **result):
    body = {"v": 1, "key": request["key"], "verb": request["verb"], "status": status}
    print(json.dumps({**body, "result": result, "message": "", "hint": ""}), flush=True)


def echo(request):
    answer(request, params=request["params"], anchor=request.get("anchor"))


def once(request):
    """Count how often it ran for this key; it takes a while and notes that it began."""
    done = FOLDER / f"{request['key']}.done"
    if not done.exists():
        with (FOLDER / "effects").open("a") as effects:
            effects.write(f"{request['key']}\n")
        (FOLDER / "began").touch()
        time.sleep(request["params"]["seconds"])
        done.touch()
    answer(request, effect=request["key"])


def hang(request):
    print("still looking", file=sys.stderr, flush=True)
    time.sleep(60)


def die(request):
    sys.exit("database password missing in the configuration")


def garbage(request):
    print("Welcome to erp1!\x1b[31m You have mail.", flush=True)


def list_answer(request):
    print("[1, 2]", flush=True)


def other(request):
    answer({**request, "key": "another"})


def newer(request):
    print(json.dumps({"v": 2, "status": "done"}), flush=True)


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


def pid(request):
    answer(request, pid=os.getpid(), environment=dict(os.environ))


VERBS = (echo, once, hang, die, garbage, list_answer, other, newer, flood, noise, big, pid)

for line in sys.stdin:
    asked = json.loads(line)
    {verb.__name__: verb for verb in VERBS}[asked["verb"]](asked)
