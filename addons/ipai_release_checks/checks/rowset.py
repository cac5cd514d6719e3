"""Sets of records, kept small, and what differs between two of them.

A set keeps every row (JSON, gzip) up to `ROWS_KEPT`. A larger one keeps, for each range of
`BUCKET_WIDTH` ids, the number of rows and a digest that does not depend on their order: the
difference is then named by range.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from .base import CheckError
from .values import exact, plural, shown

ROWS_KEPT = 50_000
BUCKET_WIDTH = 1_000
_MODULUS = 1 << 128
_NAMING = ("id", "label")


@dataclass
class Bucket:
    """Number of rows of an id range, and the sum of the rows' digests."""

    count: int = 0
    digest: int = 0

    def add(self, row: Mapping[str, Any]) -> None:
        """Count a row. The sum makes the order of rows irrelevant; labels do not count."""
        figures = [[name, canonical(value)] for name, value in row.items() if name != "label"]
        text = json.dumps(sorted(figures), ensure_ascii=False)
        digest = hashlib.sha256(text.encode()).digest()
        self.count += 1
        self.digest = (self.digest + int.from_bytes(digest[:16], "big")) % _MODULUS


@dataclass
class RowSet:
    """The records of one measurement, by id; either ``rows`` or ``buckets`` is filled."""

    columns: tuple[str, ...] = ()
    count: int = 0
    sums: dict[str, Decimal] = field(default_factory=dict)
    rows: dict[Any, dict[str, Any]] | None = field(default_factory=dict)
    buckets: dict[int, Bucket] | None = None

    def add(self, columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> None:
        """Add a batch. Raises `CheckError` when an id is empty or comes twice."""
        self.columns = tuple(columns)
        for row in rows:
            self.count += 1
            self._add_sums(row)
            if self.rows is None:
                self._add_to_bucket(row)
            else:
                self._add_row(row)

    def _add_sums(self, row: Mapping[str, Any]) -> None:
        for name, value in row.items():
            if _is_number(value) and name not in _NAMING and not name.endswith("_id"):
                self.sums[name] = self.sums.get(name, Decimal(0)) + exact(value)

    def _add_row(self, row: Mapping[str, Any]) -> None:
        key = row["id"]
        if key is None or key in self.rows:
            problem = "a row without an id" if key is None else f"the id {key} twice"
            raise CheckError(
                f"The statement returns {problem}: its rows are not one for each record.",
                "Return one row for each record, with its own id.",
            )
        self.rows[key] = dict(row)
        if len(self.rows) > ROWS_KEPT:
            self.buckets = self.as_buckets()
            self.rows = None

    def _add_to_bucket(self, row: Mapping[str, Any]) -> None:
        self.buckets.setdefault(_bucket_of(row["id"]), Bucket()).add(row)

    def as_buckets(self) -> dict[int, Bucket]:
        """Return the set by id ranges, whichever way it is kept."""
        if self.rows is None:
            return self.buckets
        buckets: dict[int, Bucket] = {}
        for key, row in self.rows.items():
            buckets.setdefault(_bucket_of(key), Bucket()).add(row)
        return buckets

    def to_data(self) -> dict[str, Any]:
        """Return the set as JSON."""
        data: dict[str, Any] = {"columns": list(self.columns), "count": self.count}
        data["sums"] = {name: str(total) for name, total in sorted(self.sums.items())}
        if self.rows is None:
            data["buckets"] = {
                str(number): [bucket.count, f"{bucket.digest:032x}"]
                for number, bucket in sorted(self.buckets.items())
            }
        else:
            packed = gzip.compress(json.dumps(list(self.rows.values())).encode(), mtime=0)
            data["rows"] = base64.b64encode(packed).decode("ascii")
        return data

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> RowSet:
        """Rebuild a set from `to_data`."""
        sums = {name: Decimal(total) for name, total in data["sums"].items()}
        found = cls(tuple(data["columns"]), data["count"], sums)
        if "rows" in data:
            rows = json.loads(gzip.decompress(base64.b64decode(data["rows"])))
            found.rows = {row["id"]: row for row in rows}
        else:
            found.rows = None
            found.buckets = {
                int(number): Bucket(count, int(digest, 16))
                for number, (count, digest) in data["buckets"].items()
            }
        return found


@dataclass(frozen=True)
class Difference:
    """What differs, as text for people, one string a record (or a range of ids).

    ``unclear`` repeats ranges that lost or won records: whether others in them changed too cannot
    be seen.
    """

    missing: tuple[str, ...] = ()
    new: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    unclear: tuple[str, ...] = ()

    @property
    def records(self) -> tuple[str, ...]:
        """All of it, what is missing first."""
        return self.missing + self.changed + self.new

    @property
    def summary(self) -> str:
        """Such as ``2 missing, 1 changed``; empty when nothing differs."""
        counts = {"missing": self.missing, "changed": self.changed, "new": self.new}
        return ", ".join(f"{len(found)} {word}" for word, found in counts.items() if found)


def compare(before: RowSet, after: RowSet) -> Difference:
    """Return what differs between two sets; by id range when one of them kept only ranges."""
    if before.rows is None or after.rows is None:
        return _compare_buckets(before.as_buckets(), after.as_buckets())
    missing = [_named(row) for key, row in before.rows.items() if key not in after.rows]
    new = [_named(row) for key, row in after.rows.items() if key not in before.rows]
    changed = [
        f"{_named(row)}: {changes}"
        for key, row in before.rows.items()
        if row != after.rows.get(key, row) and (changes := _changes(row, after.rows[key]))
    ]
    return Difference(
        tuple(f"{name}: missing" for name in missing),
        tuple(f"{name}: new" for name in new),
        tuple(changed),
    )


def _compare_buckets(before: Mapping[int, Bucket], after: Mapping[int, Bucket]) -> Difference:
    found: dict[str, list[str]] = {"missing": [], "new": [], "changed": [], "unclear": []}
    for number in sorted(before.keys() | after.keys()):
        old, new = before.get(number, Bucket()), after.get(number, Bucket())
        if old == new:
            continue
        first = number * BUCKET_WIDTH
        counts = f"{plural(old.count, 'record')} before, {new.count} after"
        text = f"ids {first} to {first + BUCKET_WIDTH - 1}: {counts}, contents differ"
        found[_way(old.count, new.count)].append(text)
        if old.count and new.count and old.count != new.count:
            found["unclear"].append(text)
    return Difference(**{way: tuple(texts) for way, texts in found.items()})


def _way(before: int, after: int) -> str:
    return "changed" if before == after else "missing" if after < before else "new"


def changes_of(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """Return ``name before → after`` for each value that differs, compared exactly."""
    return [
        f"{name} {shown(before.get(name))} → {shown(after.get(name))}"
        for name in sorted(before.keys() | after.keys())
        if canonical(before.get(name)) != canonical(after.get(name))
    ]


def _changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    return ", ".join(
        changes_of(
            {name: value for name, value in before.items() if name != "label"},
            {name: value for name, value in after.items() if name != "label"},
        )
    )


def _named(row: Mapping[str, Any]) -> str:
    label = row.get("label")
    return f"id {row['id']}" if label in (None, "") else f"id {row['id']} ({label})"


def canonical(value: Any) -> Any:
    """Return ``value`` so that equal figures are equal: 100 and 100.0 are one, "100" is another."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _bucket_of(key: Any) -> int:
    if isinstance(key, bool) or not isinstance(key, int):
        raise CheckError(
            f"The statement returns more than {ROWS_KEPT} rows and ids that are not whole numbers.",
            "Return whole numbers as id, or group the rows.",
        )
    return key // BUCKET_WIDTH
