"""Do the groups exist, by external id, and does somebody belong to them?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..base import CheckKind, Measurement, Verdict
from ..parameters import figure, parameters_schema
from ..values import plural

_GROUP = parameters_schema(
    {
        "group": {
            "type": "string",
            "pattern": r"^[a-z0-9_]+\.[A-Za-z0-9_.-]+$",
            "description": "External id of the group, such as base.group_user.",
        },
        "min_members": figure("How many active users it needs, direct or implied.", default=1),
    },
    ("group",),
)


class GroupMembersCheck(CheckKind):
    """Count the active users of groups."""

    name = "group_members"
    title = "Group members"
    description = (
        "Looks up each group by its external id (names are translated) and counts active users, "
        "direct and implied."
    )
    hint = "Add the people to the group, or install the addon that brings it."
    schema = parameters_schema(
        {
            "groups": {
                "type": "array",
                "items": _GROUP,
                "minItems": 1,
                "description": 'Such as [{"group": "base.group_user", "min_members": 1}].',
            }
        },
        ("groups",),
    )

    def collect(self, context: Any, params: Mapping[str, Any]) -> Measurement:
        """Ask for the logins of each group's users."""
        members = {
            wanted["group"]: context.group_members(wanted["group"]) for wanted in params["groups"]
        }
        return Measurement(
            values={
                group: None if found is None else len(found) for group, found in members.items()
            },
            output="\n".join(_line(group, found) for group, found in members.items()),
            data={"members": {group: found and sorted(found) for group, found in members.items()}},
        )

    def evaluate(
        self,
        params: Mapping[str, Any],
        measurement: Measurement,
        reference: Measurement | None = None,
    ) -> Verdict:
        """Name each group that is missing or too small."""
        wrong, right = [], []
        for wanted in params["groups"]:
            group, minimum = wanted["group"], wanted.get("min_members", 1)
            count = measurement.values[group]
            if count is None:
                wrong.append(f"the group {group} does not exist")
            else:
                text = f"{group} has {plural(count, 'member')}, expected at least {minimum}"
                (right if count >= minimum else wrong).append(text)
        if wrong:
            return self.failed(f"{'; '.join(wrong)}.", wrong)
        return self.passed(f"{'; '.join(right)}.")


def _line(group: str, members: list[str] | None) -> str:
    if members is None:
        return f"{group}: does not exist"
    return f"{group}: {', '.join(sorted(members)) or 'nobody'}"
