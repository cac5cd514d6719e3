"""Hostile parameters to every verb there is: refused, and nothing runs.

The cases come from the helper's own list of verbs, so that a new verb is tried by itself.
"""

import json

import hosted
import pytest

release_host = hosted.load()
VERBS = release_host.VERBS
LONG = "a" * (1 << 20)
#: Texts that no parameter takes. CANARY stands for a command that would leave a file.
TEXTS = [
    *("; CANARY", "a; CANARY", "$(CANARY)", "a$(CANARY)", "`CANARY`", "a|CANARY", "a&&CANARY"),
    *("'; CANARY #", '"; CANARY #', "a'b", 'a"b', "a\\b", "${IFS}", "%s", "{}", "*", "~", "!x"),
    *("../../etc/passwd", "/../x", "a/../../b", "a/..", "..", "../x"),
    *("-", "--", "-x", "--help", "--config=/tmp/x", "--upload-pack=CANARY", "-oProxyCommand=x"),
    *("a\nb", "\n", "a\n", "\na", "a\r\nb", "a\tb", "a\0b", "\0", "a\x1b[2Jb", "a\u2028b"),
    *("", " ", " a", "a\u202eb", "ａｂｃ", "é", "١٢٣", "\ud800", LONG, "a\n" * 1000),
    "'); DROP DATABASE postgres; --",
]
#: Values that are no text.
VALUES = [
    *(None, True, False, 0, 1, -1, 10**18, -(10**18), 1.5, 1e308),
    *([], {}, [[]], ["; CANARY"], [1], [None], [{}], {"a": 1}, {"; CANARY": "x"}, {"a": {"b": []}}),
    *([LONG], {LONG: 1}, [["a"]], ["a"] * 100_000),
]
#: What is sent as it stands, since Python's JSON would not write it.
RAW = [
    *("NaN", "Infinity", "-Infinity", "1e999", "1" * 5000, "9" * 20),
    *("[" * 50_000, "[" * 900 + "]" * 900, '{"length": 0, "head": "%s", "x": 1e999}' % ("a" * 64)),
]
#: Harmless texts; the first that a rule takes stands for it.
HARMLESS = [
    *("main", "a" * 40, "20260101T000000Z-00000000", "2026-01-01T00:00:00Z", "1.0.9"),
    *("ERROR", "addons/a.py"),
]


def _text(rule):
    return next(text for text in HARMLESS if rule.pattern.fullmatch(text))


def _harmless(rule):
    """A value that a rule takes."""
    if isinstance(rule, release_host.OrNull):
        return _harmless(rule.rule)
    if isinstance(rule, release_host.Text):
        return _text(rule)
    if isinstance(rule, release_host.Integer):
        return rule.least
    if isinstance(rule, release_host.Flag):
        return True
    if isinstance(rule, release_host.ListOf):
        return [_harmless(rule.rule)]
    if isinstance(rule, release_host.MapOf):
        return {_harmless(rule.key): _harmless(rule.rule)}
    assert isinstance(rule, release_host.RecordRule), f"no harmless value for {type(rule)}"
    return {"length": 0, "head": "a" * 64}


def _hostile(rule):
    """Values that a rule must not take."""
    if isinstance(rule, release_host.OrNull):
        return [value for value in _hostile(rule.rule) if value is not None]
    texts, rest = TEXTS, VALUES
    if isinstance(rule, release_host.Integer):
        rest = [value for value in VALUES if type(value) is not int]
        rest += [rule.least - 1, rule.most + 1, 10**18, -(10**18)]
    elif isinstance(rule, release_host.Flag):
        rest = [value for value in VALUES if type(value) is not bool]
    elif isinstance(rule, release_host.ListOf):
        inner = _hostile(rule.rule)
        good = _harmless(rule.rule)
        rest = [value for value in VALUES if value != []]
        rest += [[value] for value in inner] + [[good, value] for value in inner] + [[good, good]]
    elif isinstance(rule, release_host.MapOf):
        good = _harmless(rule)
        rest = [value for value in VALUES if value != {}]
        rest += [{key: _harmless(rule.rule)} for key in _hostile(rule.key) if type(key) is str]
        rest += [{**good, _harmless(rule.key): value} for value in _hostile(rule.rule)]
    elif isinstance(rule, release_host.RecordRule):
        good = _harmless(rule)
        rest = [*VALUES, {**good, "x": "y" * release_host.LONGEST_RECORD}, {**good, "x": "\ud800"}]
        rest += [{**good, "length": value} for value in (-1, "1", True, None)]
    return [*texts, *rest]


def _requests(name):
    """Lines of hostile requests to a verb, each with the parameter that the answer must name."""
    table = VERBS[name].parameters
    good = {parameter: _harmless(rule) for parameter, rule in table.items()}
    for parameter, rule in table.items():
        for value in _hostile(rule):
            yield parameter, _line(name, {**good, parameter: value})
        for raw in RAW:
            yield None, _line(name, {**good, parameter: "RAW"}).replace(b'"RAW"', raw.encode())
        if rule.required:
            missing = {other: good[other] for other in good if other != parameter}
            yield parameter, _line(name, missing)
    for unknown in ("argv", "command", "path", "__class__", "config", "; CANARY", LONG, "", "\0"):
        yield unknown[:80], _line(name, {**good, unknown: "CANARY"})
    for params in (None, [], "x", 1, True, [good]):
        yield "params", _line(name, params)


def _line(name, params):
    return json.dumps({"v": 1, "key": "k", "verb": name, "params": params}).encode()


def _shown(text):
    return ascii(text[:20])


@pytest.fixture
def guarded(stage):
    """A host on which everything that could run leaves a canary."""
    canary = stage.folder / "canary"
    touch = f"/usr/bin/touch {canary}"
    stage.settings["odoo"].update(command=touch, log=stage.folder / "odoo.log")
    stage.settings["commands"] = {"main": touch}
    stage.settings["proxy"] = {"maintenance_file": canary}
    (stage.folder / "odoo.log").touch()
    stage.write()
    stage.canary = canary
    return stage


def _nothing_ran(stage):
    assert not stage.canary.exists()
    assert not (stage.folder / "odoo-calls.jsonl").exists()
    assert list((stage.state / "jobs").iterdir()) == []
    assert list((stage.state / "records").iterdir()) == []
    assert stage.journal() == []


@pytest.mark.parametrize("name", sorted(VERBS))
def test_hostile_parameters_are_refused_and_nothing_runs(guarded, name):
    named, lines = zip(*_requests(name), strict=True)
    lines = [line.replace(b"CANARY", f"touch {guarded.canary}".encode()) for line in lines]
    answers = guarded.send(*lines)
    assert len(answers) == len(lines)
    for parameter, line, answer in zip(named, lines, answers, strict=True):
        assert answer["status"] == "refused", (line[:200], answer)
        assert len(json.dumps(answer)) < 2000
        if parameter is not None and "CANARY" not in parameter:
            shown = repr(parameter)[1:-1]
            assert shown in answer["message"], (line[:200], answer["message"])
    _nothing_ran(guarded)


# A key is only ever hashed: it may have two dots.
@pytest.mark.parametrize("text", [text for text in TEXTS if ".." not in text], ids=_shown)
def test_hostile_keys_verbs_and_anchors_are_refused(guarded, text):
    text = text.replace("CANARY", f"touch {guarded.canary}")
    head = {"length": 0, "head": "a" * 64}
    whole = {"v": 1, "key": "k", "verb": "command", "params": {"name": "main"}}
    requests = [
        {**whole, "key": text},
        {**whole, "verb": text},
        {**whole, "v": text},
        {**whole, "anchor": {"release": text, **head}},
        {**whole, "anchor": {"release": "R", **head, "head": text}},
        {**whole, "anchor": {"release": "R", **head, "length": text}},
        {**whole, "anchor": {"release": "R", **head, text: 1}},
        {**whole, text: 1},
    ]
    lines = [json.dumps(request).encode() for request in requests]
    assert {answer["status"] for answer in guarded.send(*lines)} == {"refused"}
    _nothing_ran(guarded)


def test_what_is_harmless_is_let_through_the_rules():
    """The hostile cases above differ in one parameter from something that is allowed."""
    for found in VERBS.values():
        good = {parameter: _harmless(rule) for parameter, rule in found.parameters.items()}
        assert set(release_host.checked(found.parameters, good)) == set(found.parameters)


@pytest.mark.parametrize("arguments", [["--params", '{"name": "; touch x"}'], ["--params", "{"]])
def test_by_hand_the_same_rules_hold(guarded, arguments):
    done = guarded.run("command", *arguments)
    assert done.returncode in (1, 2)
    assert not guarded.canary.exists()
