"""The steps that need an Odoo process: ``python -m tools.demo.inside STEP DATABASE``.

:mod:`tools.demo` starts this in the virtual environment of a series, one process for one step.
"""

import argparse
from datetime import datetime, timezone

from tools.inside import add_arguments, environment
from tools.say import command, say

from . import people
from .accounting import history
from .password import password


def make_accounting(env):
    """Print how much accounting data was made, or that it is there already."""
    made = history.create(env, datetime.now(timezone.utc).date())
    if made is None:
        say("Accounting data: already there, nothing done.")
        return
    say(
        f"Accounting data: {made.documents} invoices and bills, {made.payments} payments, "
        f"{made.statement_lines} bank statement lines."
    )


def make_people(env):
    """Create the demo users, for both companies."""
    people.make(env, password())


def print_logins(env):
    """Print who can log in and with which password."""
    for person in people.there(env):
        say(f"   {person.login:<8} {person.role:<38} {person.name}")
    say("   admin    Administrator")
    say(f"   password of all of them: {password()}")


STEPS = {
    "accounting": make_accounting,
    "people": make_people,
    "logins": print_logins,
}


def main():
    parser = argparse.ArgumentParser(prog="tools.demo.inside", description=__doc__)
    parser.add_argument("step", choices=STEPS)
    add_arguments(parser)
    arguments = parser.parse_args()
    with environment(arguments) as env:
        STEPS[arguments.step](env)


if __name__ == "__main__":
    command(main)
