"""Install the payment addon on a database that holds many payments, and say how long it takes.

    python3 -m tests.bench.million 19.0 [--count 1000000]

The payments are copies of one that Odoo posted, made by SQL with an entry each. Makes the
database, and drops it.
"""

import argparse
import time

from tools import database, runtime
from tools.say import command, say, step

ADDON = "payment_account_enhanced"
#: Posts one payment on accounts of Odoo's generic chart; the shell's ``env`` is there.
ONE = """
env.company.country_id = env.ref("base.be")
env["account.chart.template"].try_loading("generic_coa", env.company)
payment = env["account.payment"].create({
    "payment_type": "inbound", "partner_type": "customer", "amount": 100.0,
    "partner_id": env["res.partner"].create({"name": "Bench"}).id,
})
payment.action_post()
if not payment.move_id:
    raise SystemExit("the payment has no entry")
env.cr.commit()
"""
#: Copies of the newest row of a table, numbered from it on; ``{new}`` are their own values.
COPY = """
INSERT INTO {table}
SELECT made.*
  FROM generate_series(1, {count}) AS number,
       (SELECT newest FROM {table} AS newest ORDER BY id DESC LIMIT 1) AS one (original),
       jsonb_populate_record(original, jsonb_build_object({new})) AS made
"""
COPIED = {
    "account_move": "'id', (original).id + number, 'name', 'BENCH/' || number",
    "account_payment": "'id', (original).id + number, 'move_id', (original).move_id + number",
}


def main():
    arguments = _arguments()
    chosen = runtime.get(arguments.series)
    try:
        database.new(chosen, arguments.database, ["account"])
        _fill(chosen, arguments.database, arguments.count)
        began = time.monotonic()
        database.install(chosen, arguments.database, [ADDON])
        seconds = time.monotonic() - began
        say(f"Installing {ADDON} on {arguments.count:,} payments: {seconds:.0f} s")
    finally:
        database.drop(chosen, arguments.database)


def _fill(chosen, name, count):
    shell = chosen.odoo("shell", f"--database={name}", "--no-http", "--log-level=warn")
    chosen.run(shell, input=ONE, text=True, check=True, capture_output=True)
    with step(f"{count:,} payments"):
        for table, new in COPIED.items():
            statement = COPY.format(table=table, new=new, count=int(count))
            argv = ["psql", "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1"]
            commands = (f"--command={statement}", f"--command=ANALYZE {table}")
            chosen.run([*argv, *commands, name], check=True)


def _arguments():
    parser = argparse.ArgumentParser(
        prog="python3 -m tests.bench.million",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("series")
    parser.add_argument("--count", type=int, default=1_000_000, help="payments")
    parser.add_argument("--database", default="bench_million", help="is replaced, and dropped")
    return parser.parse_args()


if __name__ == "__main__":
    command(main)
