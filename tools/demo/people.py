"""The people of the demo: one user for each role in a release and in the payment workflow.

Logins are short first names, everybody has the same password: see :mod:`tools.demo.password`.
"""

from dataclasses import dataclass

from odoo import Command

RELEASE = "ipai_release_governance.group_release_"
PAYMENT = "payment_account_enhanced.group_payment_"
ACCOUNT = "account.group_account_"


@dataclass(frozen=True)
class Person:
    """A demo user. ``groups`` are external ids; those of addons not installed are left out."""

    login: str
    name: str
    role: str
    groups: tuple[str, ...]


PEOPLE = (
    Person("dana", "Dana Okafor", "Release executor (runs the release)", (RELEASE + "executor",)),
    Person("devin", "Devin Aalto", "DevOps (signs)", (RELEASE + "approver",)),
    Person("tess", "Tess Moreau", "Tester", (RELEASE + "tester",)),
    Person(
        "quinn", "Quinn Albrecht", "QA lead (signs)", (RELEASE + "approver", RELEASE + "tester")
    ),
    Person(
        "fiona",
        "Fiona Marchetti",
        "Finance manager (signs)",
        (RELEASE + "approver", PAYMENT + "manager", ACCOUNT + "manager"),
    ),
    Person("ruben", "Ruben Castellan", "Runbook manager", (RELEASE + "manager",)),
    Person("audrey", "Audrey Lindqvist", "Auditor", (RELEASE + "auditor", ACCOUNT + "readonly")),
    Person("vera", "Vera Novak", "Viewer of releases", (RELEASE + "viewer",)),
    Person("adam", "Adam Kowal", "Accountant", (ACCOUNT + "user",)),
    Person("bella", "Bella Thorne", "Billing clerk", (ACCOUNT + "invoice", PAYMENT + "user")),
    Person("rosa", "Rosa Imani", "Payment reviewer", (ACCOUNT + "invoice", PAYMENT + "reviewer")),
    Person("paul", "Paul Estrada", "Payment approver", (ACCOUNT + "invoice", PAYMENT + "approver")),
    Person(
        "alma", "Alma Brandt", "Payment authorizer", (ACCOUNT + "invoice", PAYMENT + "authorizer")
    ),
    Person("mona", "Mona Haddad", "Payment manager", (ACCOUNT + "invoice", PAYMENT + "manager")),
)


def make(env, secret: str):
    """Create the missing users and bring the groups of all up to date.

    A person whose own groups all belong to addons that are not installed is left out. They see
    the companies that the administrator sees, who gets the same password.
    """
    for person in PEOPLE:
        groups = _groups(env, person)
        if groups:
            _make_user(env, person, groups, secret)
    env.ref("base.user_admin").password = secret


def there(env) -> list[Person]:
    """Return the people who have a user in this database."""
    logins = set(env["res.users"].search([]).mapped("login"))
    return [person for person in PEOPLE if person.login in logins]


def _groups(env, person: Person):
    found = env["res.groups"]
    for xmlid in person.groups:
        found |= env.ref(xmlid, raise_if_not_found=False) or found
    return found


def _make_user(env, person: Person, groups, secret: str):
    administrator = env.ref("base.user_admin")
    users = env["res.users"].with_context(active_test=False, no_reset_password=True)
    field = "group_ids" if "group_ids" in users._fields else "groups_id"
    everyone = env.ref("base.group_user")
    values = {field: [Command.link(group.id) for group in groups | everyone]}
    user = users.search([("login", "=", person.login)])
    if user:
        user.write(values)
        return
    users.create(
        {
            **values,
            "name": person.name,
            "login": person.login,
            "password": secret,
            "email": f"{person.login}@larchharbour.example.com",
            "company_id": administrator.company_id.id,
            "company_ids": [Command.set(administrator.company_ids.ids)],
            "tz": "Atlantic/Reykjavik",
        }
    )
