"""One name for what the supported series name differently.

The suite is written as for Odoo 19.0. Whatever an older series spells otherwise is imported from
here, so that dropping a series means deleting branches in this file.
"""

import odoo
from odoo import models

#: Odoo's series as a number, 17 for 17.0; from ``odoo/release.py``.
SERIES = odoo.release.version_info[0]

#: Groups of users, actions, reports and views: ``group_ids`` since 19, ``groups_id`` before.
#: On users it is what was granted directly on 19, and includes the implied groups before.
GROUPS = "group_ids" if SERIES >= 19 else "groups_id"

#: Groups of a user, implied ones included: ``all_group_ids`` since 19, ``groups_id`` before.
ALL_GROUPS = "all_group_ids" if SERIES >= 19 else "groups_id"

#: Users a group was granted to: ``user_ids`` since 19, ``users`` (implied ones too) before.
GROUP_USERS = "user_ids" if SERIES >= 19 else "users"

#: Users who hold a group, implied ones included: ``all_user_ids`` since 19, ``users`` before.
ALL_GROUP_USERS = "all_user_ids" if SERIES >= 19 else "users"

#: Field attribute that names the SQL aggregate: ``aggregator`` since 18, ``group_operator`` before.
AGGREGATOR = "aggregator" if SERIES >= 18 else "group_operator"


if SERIES >= 19:
    from odoo.fields import Domain

    Constraint = models.Constraint
else:
    from odoo.osv import expression

    class Domain:
        """The two combinators of Odoo 19's ``Domain``; they return plain lists.

        Pass the result through ``list()`` where JSON is written: 19 returns an object.
        """

        AND = staticmethod(expression.AND)
        OR = staticmethod(expression.OR)

    class Constraint:
        """A table constraint as Odoo 19 declares it, kept in ``_sql_constraints`` before 19.

        ``_positive = Constraint("CHECK(amount > 0)", "…")`` on the table ``t`` is the PostgreSQL
        constraint ``t_positive`` on every series, as long as that name has at most 63 characters.
        """

        def __init__(self, definition, message=""):
            self.definition = definition
            self.message = message

        def __set_name__(self, owner, name):
            if not name.startswith("_"):
                raise ValueError(f"The name of the constraint {name!r} must start with '_'.")
            # A new list: the one that is there may belong to a parent class.
            owner._sql_constraints = [
                *owner._sql_constraints,
                (name[1:], self.definition, self.message),
            ]


def check_access(records, operation):
    """Raise ``AccessError`` unless the user may do ``operation`` on ``records``.

    ``operation`` is ``create``, ``read``, ``write`` or ``unlink``. Access rights and record rules
    are one call since 18 and two before.
    """
    if SERIES >= 18:
        records.check_access(operation)
    else:
        records.check_access_rights(operation)
        records.check_access_rule(operation)
