"""Compare the files that changed with those that were reviewed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..base import FAILED, Inconclusive, Measurement, Verdict
from ..host_verb import OF, EarlierResult, failure_text, require_run
from ..parameters import parameters_schema
from ..values import plural
from .host_code_fetch import file_line


class HostCodeFiles(EarlierResult):
    """The list of changed files, and each one that nobody expected or that did not change."""

    name = "code_files"
    title = "Host: files that changed"
    description = "Compares the files that an earlier fetch brought with those the release expects."
    hint = "Review the files named. Then plan a release that expects them, or roll back."
    schema = parameters_schema({"of": OF}, ("of",))

    def collect(self, context: Any, params: Mapping[str, Any]) -> Measurement:
        """Take the fetched files and the planned ones."""
        found = super().collect(context, params)
        planned = context.plan.files
        data = {**found.data, "planned": None if planned is None else list(planned)}
        changed = {file["path"] for file in data["answer"]["result"].get("files") or ()}
        unexpected = "" if planned is None else ", ".join(sorted(changed - set(planned))) or "none"
        values = {"files_changed": len(changed), "unexpected": unexpected}
        return Measurement(values=values, output=found.output, data=data)

    def output(self, params: Mapping[str, Any], result: Mapping[str, Any]) -> str:
        """Return the changed files, one a line."""
        return "\n".join(map(file_line, result.get("files") or ()))

    def evaluate(
        self,
        params: Mapping[str, Any],
        measurement: Measurement,
        reference: Measurement | None = None,
    ) -> Verdict:
        """Require exactly the planned files."""
        answer, planned = measurement.data["answer"], measurement.data["planned"]
        require_run(answer)
        if answer["status"] == FAILED:
            return self.failed(failure_text(answer))
        if planned is None:
            raise Inconclusive(
                "The release does not say which files may change: nothing to compare with.",
                "Plan a release with its expected files.",
            )
        changed = {file["path"] for file in answer["result"]["files"]}
        wrong = [f"not expected: {path}" for path in sorted(changed - set(planned))]
        wrong += [f"did not change: {path}" for path in sorted(set(planned) - changed)]
        if wrong:
            return self.failed(f"{plural(len(wrong), 'file')} differ from the plan.", wrong)
        return self.passed(f"{plural(len(changed), 'file')} changed, all of them expected.")
