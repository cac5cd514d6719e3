"""Measure what compressing a dump costs: its size, and processor seconds at each level.

Processor seconds of ``pg_dump`` and ``pg_restore`` themselves: what else the machine does, and
what the server does, is the same at each level.
"""

import resource
import shutil
import tempfile
from pathlib import Path

#: Journal items of a shop, beside Odoo's own tables: half a million lines.
ROWS = """
CREATE TABLE bench_move_line AS
SELECT n AS id, 1 + n / 4 AS move_id, 1 + n % 7 AS journal_id, 1 + n % 3 AS company_id,
       date '2024-01-01' + (n / 700)::int AS date, 'posted' AS parent_state,
       'INV/2024/' || lpad((n / 4)::text, 6, '0') AS move_name,
       'Product ' || (n * 7919) % 977 || ' for order S' || lpad(((n / 4) % 99991)::text, 5, '0')
           AS name,
       round(((n * 7919) % 1000003) / 100.0, 2) AS debit, 0.00 AS credit,
       round(((n * 104729) % 1000003) / 100.0, 2) AS amount_residual,
       timestamp '2024-01-01' + n * interval '97 seconds' AS create_date
  FROM generate_series(1::bigint, 500000) n
"""
ROUNDS = 3


def measure(runtime, database):
    """Print size and seconds of dumps of the database at each level, levels in turn.

    :return: ``{level: (bytes, median of the dump, reading it back)}``
    """
    runtime.run(["psql", "--quiet", "--dbname", database, "--command", ROWS], check=True)
    folder = Path(tempfile.mkdtemp(prefix="ipai-bench-"))
    try:
        taken = {level: [] for level in range(10)}
        for _round in range(ROUNDS):
            for level, seconds in taken.items():
                seconds.append(_dump(runtime, database, level, folder / str(level)))
        found = {level: _row(runtime, folder / str(level), taken[level]) for level in taken}
    finally:
        shutil.rmtree(folder)
    for level, (size, dump, read) in found.items():
        print(f"pg_dump -Z{level}: {size / 1e6:6.1f} MB, {dump:5.2f} s, read back {read:5.2f} s")
    return found


def _dump(runtime, database, level, path):
    options = ("--format=custom", f"--compress={level}", f"--file={path}", f"--dbname={database}")
    return _timed(runtime, ["pg_dump", *options])


def _row(runtime, path, seconds):
    read = _timed(runtime, ["pg_restore", "--file=/dev/null", path])
    return path.stat().st_size, sorted(seconds)[len(seconds) // 2], read


def _timed(runtime, argv):
    before = _children()
    runtime.run(argv, check=True)
    return _children() - before


def _children():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
