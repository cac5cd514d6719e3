"""One shop's server for all tests of this folder, set back to its beginning for each."""

import os
import secrets
from datetime import date

import machine
import pytest
from odoo import SUPERUSER_ID, Command, api
from odoo.modules.registry import Registry
from odoo.tests.common import get_db_name
from shophost import PROBE, ShopHost

from tools import runtime
from tools.database import put_jobs_off
from tools.demo import people
from tools.demo.accounting import companies, facts
from tools.demo.password import password


@pytest.fixture(scope="session")
def built_host():
    machine.require()
    secret = secrets.token_urlsafe()
    _fill(secret)
    series = runtime.get(os.environ["IPAI_SERIES"])
    put_jobs_off(series, get_db_name())
    host = ShopHost(series, secret)
    try:
        host.build(get_db_name())
        yield host
    finally:
        host.destroy()


@pytest.fixture
def host(built_host):
    """The server, as on the first day, with Odoo up."""
    built_host.reset()
    return built_host


def _fill(secret):
    """Give the shop people, books and a user who may do nothing but log in."""
    with Registry(get_db_name()).cursor() as cr:
        env = api.Environment(cr, SUPERUSER_ID, {})
        if not companies.existing(env):  # else the tests run again on the same database
            books = companies.make(env, date.today())[facts.MAIN]  # noqa: DTZ011 the books' day
            _sell(books, 100.0)
            _sell(books, 300.0)
            _make_probe(env)
        people.make(env, password())
        env["res.users"].search([("login", "=", PROBE)]).password = secret


def _sell(books, amount):
    """An invoice, posted and paid."""
    env = books.company.with_company(books.company).env
    invoice = env["account.move"].create(
        {
            "move_type": "out_invoice",
            "partner_id": env["res.partner"].create({"name": f"Buyer of {amount}"}).id,
            "invoice_date": date.today(),  # noqa: DTZ011
            "invoice_line_ids": [
                Command.create({"name": "Rent", "price_unit": amount, "tax_ids": [Command.clear()]})
            ],
        }
    )
    invoice.action_post()
    env["account.payment.register"].with_context(
        active_model="account.move", active_ids=invoice.ids
    ).create({"journal_id": books.journals["bank"].id})._create_payments()


def _make_probe(env):
    field = "group_ids" if "group_ids" in env["res.users"]._fields else "groups_id"
    values = {
        "name": "Probe",
        "login": PROBE,
        field: [Command.set(env.ref("base.group_portal").ids)],
    }
    env["res.users"].with_context(no_reset_password=True).create(values)
