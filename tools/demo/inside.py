"""The steps that need an Odoo process: ``python -m tools.demo.inside STEP DATABASE --addons-path …``.

:mod:`tools.demo` starts this in the virtual environment of a series, one process for one step.
"""

import argparse
import contextlib
from datetime import date

from odoo import SUPERUSER_ID, api
from odoo.modules.registry import Registry
from odoo.tools import config

from tools.say import command, say

from . import accounting, companies, people


@contextlib.contextmanager
def environment(arguments):
    """Yield an environment of the administrator; commit at the end, roll back on any error."""
    config.parse_config(
        [
            f"--addons-path={arguments.addons_path}",
            f"--data-dir={arguments.data_dir}",
            f"--database={arguments.database}",
            "--http-interface=127.0.0.1",
            "--log-level=warn",
        ]
    )
    with Registry(arguments.database).cursor() as cursor:
        root = api.Environment(cursor, SUPERUSER_ID, {})
        yield root(user=root.ref("base.user_admin"), su=True)


def make_accounting(env):
    """Print how much accounting data was made, or that it is there already."""
    made = accounting.create(env, date.today())
    if made is None:
        say("Accounting data: already there, nothing done.")
        return
    say(
        f"Accounting data: {made.documents} invoices and bills, {made.payments} payments, "
        f"{made.statement_lines} bank statement lines."
    )


def make_people(env):
    """Create the demo users and print their logins."""
    found = companies.existing(env)
    secret = people.password()
    there = people.make(env, env.ref("base.user_admin").company_ids or found, secret)
    for person in there:
        say(f"   {person.login:<8} {person.role:<38} {person.name}")
    say(f"   password of all of them and of admin: {secret}")


STEPS = {"accounting": make_accounting, "people": make_people}


def main():
    parser = argparse.ArgumentParser(prog="tools.demo.inside", description=__doc__)
    parser.add_argument("step", choices=STEPS)
    parser.add_argument("database")
    parser.add_argument("--addons-path", required=True)
    parser.add_argument("--data-dir", required=True)
    arguments = parser.parse_args()
    with environment(arguments) as env:
        STEPS[arguments.step](env)


if __name__ == "__main__":
    command(main)
