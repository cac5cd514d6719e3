"""The measurement itself; runs inside Odoo's environment, see ``__main__``."""

import argparse
import gc
import sys
import time
from contextlib import closing

import odoo
from odoo import api
from odoo.modules.registry import Registry
from odoo.tools import config

from tests.bench import verdict
from tools.say import say

START = "2024-01-01"
UNPAID = [
    ("move_type", "=", "out_invoice"),
    ("state", "=", "posted"),
    ("payment_state", "=", "not_paid"),
]


class Bench:
    """One database: its data, and one round of work on it that is rolled back."""

    def __init__(self, name, count):
        self.registry = Registry(name)
        self.count = count
        with closing(self.registry.cursor()) as cursor:
            self._prepare(self._env(cursor))
            cursor.commit()

    def _tidy(self):
        """Take away what the round before left: its dead rows, and Python's garbage."""
        with closing(self.registry.cursor()) as cursor:
            cursor._cnx.autocommit = True
            cursor.execute("VACUUM ANALYZE")
        gc.collect()

    def _env(self, cursor):
        # The administrator is an accounting manager: the stock reference was taken as one.
        user = api.Environment(cursor, odoo.SUPERUSER_ID, {}).ref("base.user_admin")
        return api.Environment(cursor, user.id, {"tracking_disable": False})

    def _prepare(self, env):
        """Set the accounts up, and a shop that has paid invoices and unpaid ones.

        Once for each database. Without the paid ones PostgreSQL would plan for empty tables, and
        read them from end to end while they fill.
        """
        company = env.company
        if not env["account.account"].search_count([("account_type", "=", "income")]):
            company.country_id = env.ref("base.be")
            env["account.chart.template"].try_loading("generic_coa", company)
        if "payment_approval_policy" in company._fields:
            company.payment_approval_policy = "none"
        if env["account.move"].search_count(UNPAID) < self.count:
            self._invoices(env, 2 * self.count)
            self._pay(env)

    def _invoices(self, env, number):
        partner = env["res.partner"].create({"name": "Bench"})
        line = {"name": "x", "price_unit": 100.0, "tax_ids": False}
        values = {
            "move_type": "out_invoice",
            "partner_id": partner.id,
            "invoice_date": START,
            "invoice_line_ids": [(0, 0, line)],
        }
        env["account.move"].create([dict(values) for _each in range(number)]).action_post()

    def _pay(self, env):
        for name, step in self._steps(env):
            step()
            if name == "reconcile":
                break

    def round(self):
        """Return ``{step: (seconds, queries)}`` of one round, rolled back."""
        self._tidy()
        measured = {}
        with closing(self.registry.cursor()) as cursor:
            env = self._env(cursor)
            for name, step in self._steps(env):
                start, before = time.perf_counter(), cursor.sql_log_count
                step()
                env.flush_all()
                queries = cursor.sql_log_count - before
                measured[name] = (time.perf_counter() - start, queries)
            cursor.rollback()
        return measured

    def _steps(self, env):
        journal = env["account.journal"].search([("type", "=", "bank")], limit=1)
        invoices = env["account.move"].search(UNPAID, limit=self.count)
        values = {
            "payment_type": "inbound",
            "partner_type": "customer",
            "partner_id": invoices[0].partner_id.id,
            "journal_id": journal.id,
            "date": START,
            "amount": 100.0,
        }
        payments = env["account.payment"]

        def create():
            nonlocal payments
            payments = payments.create([dict(values) for _each in range(self.count)])

        def reconcile():
            for payment, invoice in zip(payments, invoices, strict=True):
                line = payment._seek_for_lines()[1]
                invoice.js_assign_outstanding_line(line.id)

        yield "create", create
        yield "post", payments.action_post
        yield "reconcile", reconcile
        yield "reset", payments.action_draft
        yield "cancel", payments.action_cancel


def main():
    arguments = _arguments()
    options = {
        "addons-path": arguments.addons_path,
        "data-dir": arguments.data_dir,
        "log-level": "warn",
    }
    config.parse_config([f"--{name}={value}" for name, value in options.items()])
    names = arguments.databases
    benches = [Bench(name, arguments.count) for name in names]
    rounds = [[] for _name in names]
    for number in range(arguments.rounds + 1):
        turns = list(zip(benches, rounds, strict=True))
        # Forth and back, so that coming first or last is nobody's advantage.
        for bench, measured in turns[:: -1 if number % 2 else 1]:
            result = bench.round()
            if number:  # the first round of each warms the caches
                measured.append(result)
        say(f"round {number} of {arguments.rounds}")
    without, with_addon, *beside = rounds
    rows = verdict.compare(without, with_addon)
    _show("with the addon", rows)
    for measured in beside:
        _show("with OCA's instead", verdict.compare(without, measured))
    problems = verdict.broken(rows)
    say("\n".join(problems) or "within the limits")
    sys.exit(bool(problems))


def _show(title, rows):
    say(f"{'step':<10} {'without':>9} {title:>18} {'ratio (from–to)':>21} {'queries':>15}")
    for row in rows:
        without, with_addon = row.seconds
        lowest, ratio, highest = row.ratios
        times = f"{without:>8.3f}s {with_addon:>17.3f}s"
        ratios = f"{ratio:>6.3f} ({lowest:.3f}–{highest:.3f})"
        queries = " → ".join(map(str, row.queries))
        say(f"{row.step:<10} {times} {ratios:>21} {queries:>15}")


def _arguments():
    parser = argparse.ArgumentParser()
    for name in ("--addons-path", "--data-dir"):
        parser.add_argument(name, required=True)
    parser.add_argument("--count", type=int, required=True)
    parser.add_argument("--rounds", type=int, required=True)
    parser.add_argument("databases", nargs="+", help="without, with, and others to compare")
    return parser.parse_args()


if __name__ == "__main__":
    main()
