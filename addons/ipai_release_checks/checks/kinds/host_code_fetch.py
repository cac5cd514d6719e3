"""Fetch the code that was reviewed, and refuse any other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..base import CheckError, Inconclusive, Verdict
from ..host_verb import MAX_MINUTES, HostVerb, short, without_none
from ..parameters import parameters_schema
from ..values import plural


class HostCodeFetch(HostVerb):
    """Fetches the planned branch and verifies commit and changed files; nothing moves yet."""

    name = "code_fetch"
    title = "Host: fetch the code"
    description = (
        "Fetches the release's branch in the host's repository and verifies that the planned "
        "commit is on it, that the working tree is clean, and that only the planned files change. "
        "The code that runs is not touched."
    )
    hint = "Compare what was fetched with what was reviewed; plan the release for that commit."
    verb = "code_fetch"
    changes = True
    schema = parameters_schema(dict(MAX_MINUTES))

    def arguments(self, context: Any, params: Mapping[str, Any]) -> dict[str, Any]:
        """Return branch, commit and files of the release."""
        files = context.plan.files
        return {**planned_commit(context), "files": None if files is None else list(files)}

    def values(self, result: Mapping[str, Any]) -> dict[str, Any]:
        """Return branch, commits and how many files change."""
        return without_none(
            {
                "branch": result.get("branch"),
                "head_before": result.get("before"),
                "head_after": result.get("after"),
                "commits": len(result["commits"]) if "commits" in result else None,
                "files_changed": len(result["files"]) if "files" in result else None,
                "signed": result.get("signed"),
            }
        )

    def output(self, result: Mapping[str, Any]) -> str:
        """Return the commits as ``git log`` shows them, and the statistics of the files."""
        return "\n".join([*map(_commit_line, result.get("commits") or ()), _statistics(result)])

    def judge(self, params: Mapping[str, Any], result: Mapping[str, Any]) -> Verdict:
        """Require something to put live; the host has compared the rest before it answered."""
        if result["after"] == result["before"]:
            raise Inconclusive(
                f"The host is at {short(result['after'])} already: there is nothing to put live.",
                "Check the planned commit; where it was put live by hand, retry after a rollback.",
            )
        return self.passed(
            f"{result['branch']}: {short(result['before'])} → {short(result['after'])}, "
            f"{plural(len(result['commits']), 'commit')}, "
            f"{plural(len(result['files']), 'file')} changed."
        )


def planned_commit(context: Any) -> dict[str, str]:
    """Return branch and commit of the release; raise `CheckError` where the plan names none."""
    if not (context.plan.branch and context.plan.commit):
        raise CheckError(
            "The release does not say which branch and commit are put live.",
            "Plan a release with Branch and Commit to Deploy.",
        )
    return {"branch": context.plan.branch, "commit": context.plan.commit}


def file_line(file: Mapping[str, Any]) -> str:
    """Return one changed file: status, path, lines added and deleted."""
    numbers = f" (+{file.get('added', 0)} -{file.get('deleted', 0)})"
    return f"{file.get('status', 'M')} {file['path']}{numbers}"


def _commit_line(commit: Mapping[str, Any]) -> str:
    return (
        f"{short(commit['id'])} {commit.get('date', '')} {commit.get('author', '')}: "
        f"{commit.get('subject', '')}"
    )


def _statistics(result: Mapping[str, Any]) -> str:
    told = result.get("diffstat")
    return told if isinstance(told, str) else "\n".join(map(file_line, result.get("files") or ()))
