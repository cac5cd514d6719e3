"""Ways to change a bundle, from one bit to all that somebody can who knows how bundles are made.

Each is a function of a :class:`Packet` and returns the bytes to verify, ``None`` when they are the
same; then it is tried again.
"""

import hashlib
import io
import json
import zipfile


class Packet:
    """A bundle, another release's bundle, and a random number generator.

    :param heads: what the verifier is given with ``--head``
    """

    def __init__(self, content, other, core, verifier, random):
        self.content, self.other, self.random = content, other, random
        self.core, self.verifier = core, verifier
        self.heads = []

    def files(self, content=None):
        with zipfile.ZipFile(io.BytesIO(content or self.content)) as archive:
            return {name: archive.read(name) for name in archive.namelist()}

    def pack(self, files):
        """A bundle of these files, with a manifest that fits."""
        known = json.loads(files["manifest.json"])
        more = {
            entry["name"]: {key: entry[key] for key in entry.keys() & {"row"}}
            for entry in known["files"]
        }
        about = {key: known[key] for key in ("release", "head", "length")}
        members = [
            (name, [data], more.get(name, {}))
            for name, data in files.items()
            if name != "manifest.json"
        ]
        file = io.BytesIO()
        self.core.write(file, members, about)
        return file.getvalue()

    def lines(self, files):
        return files["journal.jsonl"].decode().splitlines()

    def with_lines(self, files, lines):
        return {**files, "journal.jsonl": "".join(line + "\n" for line in lines).encode()}

    def with_json(self, files, name, value):
        return {**files, name: self.verifier.canonical(value).encode()}

    def chained(self, events):
        """Lines of a journal whose hashes all fit."""
        previous, lines = self.verifier.GENESIS, []
        for number, event in enumerate(events, 1):
            body = self.verifier.canonical({**event, "sequence": number}).encode()
            own = hashlib.sha256(previous.encode() + b"\n" + body).hexdigest()
            lines.append(self.verifier.journal_line(body, previous, own).decode())
            previous = own
        return lines, previous

    def evidence_name(self, files):
        return self.random.choice(sorted(name for name in files if name.startswith("evidence/")))


def flip_a_bit(packet):
    at = packet.random.randrange(len(packet.content))
    changed = bytearray(packet.content)
    changed[at] ^= 1 << packet.random.randrange(8)
    return bytes(changed)


def cut_the_file(packet):
    return packet.content[: packet.random.randrange(len(packet.content))]


def add_bytes(packet):
    at = packet.random.choice(
        (0, len(packet.content), packet.random.randrange(len(packet.content)))
    )
    return packet.content[:at] + packet.random.randbytes(7) + packet.content[at:]


def remove_a_file(packet):
    files = packet.files()
    name = packet.random.choice(sorted(set(files) - {"manifest.json"}))
    del files[name]
    return packet.pack(files)


def add_a_file(packet):
    name = packet.random.choice(("notes.txt", "evidence/0.1/999-notes.txt", "journal.jsonl.bak"))
    return packet.pack({**packet.files(), name: b"more"})


def edit_an_event(packet):
    files = packet.files()
    lines = packet.lines(files)
    at = packet.random.randrange(len(lines))
    line = lines[at]
    place = packet.random.randrange(9, len(line) - 2)
    changed = line[:place] + packet.random.choice("0123456789abcdef") + line[place + 1 :]
    if changed == line:
        return None
    lines[at] = changed
    return packet.pack(packet.with_lines(files, lines))


def delete_an_event(packet):
    files = packet.files()
    lines = packet.lines(files)
    del lines[packet.random.randrange(len(lines))]
    return packet.pack(packet.with_lines(files, lines))


def reorder_events(packet):
    files = packet.files()
    lines = packet.lines(files)
    one, other = packet.random.sample(range(len(lines)), 2)
    lines[one], lines[other] = lines[other], lines[one]
    return packet.pack(packet.with_lines(files, lines))


def insert_an_event(packet):
    files = packet.files()
    lines = packet.lines(files)
    lines.insert(packet.random.randrange(len(lines)), packet.random.choice(lines))
    return packet.pack(packet.with_lines(files, lines))


def cut_the_tail(packet):
    """All that names the head is made to fit, only the printed log still knows better."""
    files = packet.files()
    lines = packet.lines(files)[: -packet.random.randint(1, 5)]
    return _with_head(packet, packet.with_lines(files, lines), lines)


def rewrite_the_chain(packet):
    """All hashes are computed anew after an event was changed that an anchor covers."""
    files = packet.files()
    events = [json.loads(line)["event"] for line in packet.lines(files)]
    known = max(anchor["sequence"] for anchor in json.loads(files["anchors.json"]))
    packet.random.choice(events[:known])["payload"]["note"] = "forged"
    lines, _head = packet.chained(events)
    return _with_head(packet, packet.with_lines(files, lines), lines)


def rewrite_all_but_a_mail(packet):
    """Whoever forged this forged each file in it; an auditor has the head from an old mail."""
    files = packet.files()
    packet.heads = [packet.random.choice(json.loads(files["anchors.json"]))["head"][:16]]
    events = [json.loads(line)["event"] for line in packet.lines(files)]
    events[0]["payload"]["note"] = "forged"
    lines, _head = packet.chained(events)
    files = packet.with_json(packet.with_lines(files, lines), "anchors.json", [])
    del files["execution-log.pdf"]
    return _with_head(packet, files, lines)


def _with_head(packet, files, lines):
    head, length = json.loads(lines[-1])["hash"], len(lines)
    document = json.loads(files["release.json"])
    document["journal"] = {"head": head, "length": length}
    manifest = {**json.loads(files["manifest.json"]), "head": head, "length": length}
    files = packet.with_json(files, "release.json", document)
    return packet.pack(packet.with_json(files, "manifest.json", manifest))


def edit_the_release(packet):
    """An outcome, a signature or the verdict in release.json."""
    files = packet.files()
    document = json.loads(files["release.json"])
    act = packet.random.randrange(4)
    if act == 0:
        packet.random.choice(document["phases"])["items"][0]["outcome"] = "failed"
    elif act == 1:
        packet.random.choice(document["signoffs"])["signed_at"] = "2020-02-02T20:20:20Z"
    elif act == 2:
        document["verdict"] = "critical_failure"
    else:
        del packet.random.choice(document["phases"])["items"][0]
    files = packet.with_json(files, "signoffs.json", document["signoffs"])
    return packet.pack(packet.with_json(files, "release.json", document))


def edit_the_record(packet):
    files = packet.files()
    record = json.loads(files["record.json"])
    key = packet.random.choice(sorted(record))
    if packet.random.random() < 0.2:
        del record[key]
    else:
        record[key][packet.random.choice(sorted(record[key]))] = "forged"
    return packet.pack(packet.with_json(files, "record.json", record))


def edit_record_and_release(packet):
    """The same lie in both."""
    files = packet.files()
    document, record = json.loads(files["release.json"]), json.loads(files["record.json"])
    key = next(key for key in sorted(record) if key.startswith("ipai.release,"))
    document["title"] = record[key]["title"] = "Another title"
    files = packet.with_json(files, "release.json", document)
    return packet.pack(packet.with_json(files, "record.json", record))


def edit_other_files(packet):
    files = packet.files()
    name = packet.random.choice(("runbook.json", "signoffs.json"))
    value = json.loads(files[name])
    if name == "runbook.json":
        value["rollback_plan"] = "none"
    else:
        value[0]["notes"] = "I did not agree"
    return packet.pack(packet.with_json(files, name, value))


def change_evidence(packet):
    files = packet.files()
    name = packet.evidence_name(files)
    data = bytearray(files[name])
    data[packet.random.randrange(len(data))] ^= 1
    return packet.pack({**files, name: bytes(data)})


def swap_evidence_of_two_releases(packet):
    files, others = packet.files(), packet.files(packet.other)
    name = packet.evidence_name(files)
    return packet.pack({**files, name: others[packet.evidence_name(others)]})


def replace_the_log(packet):
    files = packet.files()
    others = packet.files(packet.other)
    return packet.pack({**files, "execution-log.pdf": others["execution-log.pdf"]})


def change_an_anchor(packet):
    files = packet.files()
    anchors = json.loads(files["anchors.json"])
    packet.random.choice(anchors)["head"] = packet.random.randbytes(32).hex()
    return packet.pack(packet.with_json(files, "anchors.json", anchors))


def hostile_archive(packet):
    """Names that lead elsewhere, links, two files of one name, compression that hides a bomb."""
    files = packet.files()
    file = io.BytesIO()
    act = packet.random.choice(
        ("../evil", "/etc/evil", "C:evil", "a/../../evil", "link", "twice", "bomb")
    )
    with zipfile.ZipFile(file, "w") as archive:
        for name, data in files.items():
            archive.writestr(_info(name), data)
        if act == "link":
            info = _info("evidence/link")
            info.external_attr = 0o120777 << 16
            archive.writestr(info, "/etc/passwd")
        elif act == "twice":
            archive.fp.seek(archive.start_dir)
            archive.NameToInfo.pop("journal.jsonl")
            archive.writestr(_info("journal.jsonl"), files["journal.jsonl"])
        elif act == "bomb":
            info = _info("evidence/bomb")
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, bytes(1 << 20))
        else:
            archive.writestr(_info(act), "evil")
    return file.getvalue()


def _info(name):
    info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
    info.create_system, info.external_attr = 3, 0o100644 << 16
    return info


KINDS = {
    "flip a bit": flip_a_bit,
    "cut the file": cut_the_file,
    "add bytes": add_bytes,
    "remove a file": remove_a_file,
    "add a file": add_a_file,
    "edit an event": edit_an_event,
    "delete an event": delete_an_event,
    "reorder events": reorder_events,
    "insert an event": insert_an_event,
    "cut the tail": cut_the_tail,
    "rewrite the whole chain": rewrite_the_chain,
    "rewrite all, a mail is known": rewrite_all_but_a_mail,
    "edit release.json": edit_the_release,
    "edit record.json": edit_the_record,
    "edit both": edit_record_and_release,
    "edit runbook or sign-offs": edit_other_files,
    "change evidence": change_evidence,
    "swap evidence of two releases": swap_evidence_of_two_releases,
    "replace the printed log": replace_the_log,
    "change an anchor": change_an_anchor,
    "hostile archive": hostile_archive,
}
