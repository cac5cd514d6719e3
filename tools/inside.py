"""An Odoo environment in a process of our own, for tools that run in the virtual environment."""

import contextlib

from odoo import SUPERUSER_ID, api
from odoo.modules.registry import Registry
from odoo.tools import config


def add_arguments(parser):
    """Let a command take what :func:`environment` needs."""
    parser.add_argument("database")
    parser.add_argument("--addons-path", required=True)
    parser.add_argument("--data-dir", required=True)


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
        yield root(user=root.ref("base.user_admin"))
