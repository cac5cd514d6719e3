"""The whole suite is installed and uninstalled again: the database is what it was."""

import os
import subprocess

import psycopg2
import pytest
from footprint import footprint

from tools import database, runtime

UPDATE_LIST = "env['ir.module.module'].update_list(); env.cr.commit()"
# Every other addon depends on this one, so that all go.
UNINSTALL = """
env['ir.module.module'].search([('name', '=', 'ipai_series')]).button_immediate_uninstall()
env.cr.commit()
"""


@pytest.fixture(scope="module")
def odoo():
    return runtime.get(os.environ["IPAI_SERIES"])


@pytest.fixture(scope="module")
def name(odoo):
    name = f"ipai_test_{odoo.series.replace('.', '')}_{os.getpid()}"
    database.new(odoo, name)
    yield name
    database.drop(odoo, name)


def shell(odoo, name, script):
    """Run ``script`` in Odoo's shell and return its log."""
    options = (f"--database={name}", "--no-http", "--max-cron-threads=0")
    done = odoo.run(
        odoo.odoo("shell", *options),
        input=script,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=True,
    )
    return done.stdout.splitlines()


def measured(odoo, name):
    connection = psycopg2.connect(dbname=name, user=odoo.variables["PGUSER"])
    try:
        with connection.cursor() as cr:
            return footprint(cr)
    finally:
        connection.close()


def test_uninstall_leaves_nothing(odoo, name):
    # Before the first measurement: the list of modules stays longer, whatever is installed.
    shell(odoo, name, UPDATE_LIST)
    before = measured(odoo, name)
    database.install(odoo, name, list(database.addons()))
    assert measured(odoo, name) != before
    log = shell(odoo, name, UNINSTALL)
    after = measured(odoo, name)
    assert not sorted(after - before), "left behind"
    assert not sorted(before - after), "lost or changed"
    assert not [line for line in log if database.TROUBLE.search(line)]
