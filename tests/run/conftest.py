"""One Odoo for all tests of this folder: served, with its own scheduler and its people."""

import os

import psycopg2
import pytest
from hosted import HostedHouse
from house import House
from odoo import SUPERUSER_ID, api
from odoo.modules.registry import Registry
from odoo.tests.common import get_db_name
from service import Service
from shop import Shop

from tools import runtime
from tools.database import put_jobs_off
from tools.demo import people
from tools.demo.password import password
from tools.demo.release import People


@pytest.fixture(scope="session")
def built_house():
    series = runtime.get(os.environ["IPAI_SERIES"])
    put_jobs_off(series, get_db_name())
    house = House(series, get_db_name())
    yield house
    house.stop()


@pytest.fixture
def house(built_house):
    """The house, open, also after a test that killed it and failed."""
    if not built_house.is_open():
        built_house.start()
    return built_house


@pytest.fixture
def shop(house, password_of_all):
    return Shop(People(house.address, house.database, password_of_all), house)


@pytest.fixture(scope="session")
def password_of_all(built_house):
    """The password of the people, who are made here."""
    with Registry(built_house.database).cursor() as cr:
        people.make(api.Environment(cr, SUPERUSER_ID, {}), password())
    return password()


@pytest.fixture
def service():
    service = Service()
    yield service
    service.let_go()
    service.shutdown()
    service.server_close()


@pytest.fixture
def database(house):
    """A connection to the database, as an administrator of PostgreSQL has it."""
    connection = psycopg2.connect(dbname=house.database)
    connection.autocommit = True
    yield connection
    connection.close()


@pytest.fixture(scope="session")
def hosted(tmp_path_factory):
    """A house on a database of its own, which its host helper stops, upgrades and restores."""
    folder = tmp_path_factory.mktemp("host") / "shop"
    folder.mkdir()
    series = runtime.get(os.environ["IPAI_SERIES"])
    house = HostedHouse(series, f"{get_db_name()}_host", folder).build()
    yield house
    house.stop()
    house.drop()


@pytest.fixture
def quay(hosted):
    """The shop's people in the house that has a host, open also after a test that failed."""
    if not hosted.is_open():
        hosted.start()
    return Shop(People(hosted.address, hosted.database, password()), hosted)
