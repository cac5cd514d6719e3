"""A host helper that answers by a script: ``host_stand_in.py FOLDER``.

``FOLDER/script.json`` is ``{verb: [answer, …]}``: the answers of a verb are given one after the
other, the last one for ever. What was asked is appended to ``FOLDER/asked.jsonl``. While there is a
file ``FOLDER/away``, it ends at once, as a helper on a host that restarts. Imports no Odoo: it is a
process of its own.
"""

import json
import sys
from pathlib import Path


def main(folder):
    if (folder / "away").exists():
        sys.exit("the host restarts")
    for line in sys.stdin:
        request = json.loads(line)
        with (folder / "asked.jsonl").open("a") as asked:
            asked.write(line)
        answer = {"status": "done", "result": {}, "message": "", "hint": ""}
        answer |= {"v": 1, "key": request["key"], "verb": request["verb"]}
        answer["journal"] = {"sequence": 7, "head": "0" * 64}
        sys.stdout.write(json.dumps(answer | next_answer(folder, request["verb"])) + "\n")
        sys.stdout.flush()


def next_answer(folder, verb):
    script = json.loads((folder / "script.json").read_text())
    answers = script.get(verb) or [{}]
    given = answers.pop(0)
    if answers:
        (folder / "script.json").write_text(json.dumps({**script, verb: answers}))
    return given


if __name__ == "__main__":
    main(Path(sys.argv[1]))
