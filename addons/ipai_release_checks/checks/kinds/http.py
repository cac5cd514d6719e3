"""Does the target answer over HTTP, and how fast?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..base import CheckKind, Measurement, Verdict
from ..parameters import figure, parameters_schema

_STATUS = {"type": "integer", "minimum": 100, "maximum": 599}
_PRINTED = 2_000


class HttpCheck(CheckKind):
    """Get a page of the target's own address. Redirects to other hosts are not followed."""

    name = "http"
    title = "HTTP answer"
    description = "Gets a page of the target's own address and judges status, text and time."
    severity = "critical"
    hint = "Check that the service runs, and read its log."
    schema = parameters_schema(
        {
            "path": {
                "type": "string",
                "pattern": "^/(?!/)[^\\\\\\s]*$",
                "default": "/web/login",
                "description": "Path on the target's own address; starts with one slash.",
            },
            "status": {
                "anyOf": [_STATUS, {"type": "array", "items": _STATUS, "minItems": 1}],
                "default": 200,
                "description": "Status code, or list of status codes, expected.",
            },
            "timeout_seconds": {
                "type": "number",
                "exclusiveMinimum": 0,
                "maximum": 120,
                "default": 10,
                "description": "Longest time to wait for the answer, in seconds.",
            },
            "max_seconds": figure("An answer slower than this, in seconds, is a warning."),
            "contains": {
                "type": "string",
                "minLength": 1,
                "description": "Text that the page must hold.",
            },
        }
    )

    def collect(self, context: Any, params: Mapping[str, Any]) -> Measurement:
        """Get the page once."""
        answer = context.http_get(params["path"], params["timeout_seconds"])
        values = {"status": answer.status, "seconds": round(answer.seconds, 3)}
        if "contains" in params:
            values["contains"] = params["contains"] in answer.body
        return Measurement(
            values=values,
            output=f"GET {answer.url}\n"
            f"{answer.refused or answer.status} in {answer.seconds:.3f} s\n\n"
            + answer.body[:_PRINTED],
            data={"url": answer.url, "location": answer.location, "refused": answer.refused},
        )

    def evaluate(
        self,
        params: Mapping[str, Any],
        measurement: Measurement,
        reference: Measurement | None = None,
    ) -> Verdict:
        """Judge status first, then the text, then the time."""
        values, url = measurement.values, measurement.data["url"]
        if measurement.data["refused"]:
            return self.failed(f"{url} cannot be reached: {measurement.data['refused']}.")
        wanted = params["status"]
        accepted = wanted if isinstance(wanted, list) else [wanted]
        if values["status"] not in accepted:
            codes = " or ".join(map(str, accepted))
            elsewhere = measurement.data["location"]
            led = f" and a redirect to {elsewhere}" if elsewhere else ""
            return self.failed(
                f"{url} answered with status {values['status']}{led}, expected {codes}."
            )
        if not values.get("contains", True):
            return self.failed(f"{url} does not hold the text '{params['contains']}'.")
        return self._timed(params, values, url)

    def _timed(self, params: Mapping[str, Any], values: Mapping[str, Any], url: str) -> Verdict:
        text = f"{url} answered with status {values['status']} in {values['seconds']:.2f} s"
        limit = params.get("max_seconds")
        if limit is not None and values["seconds"] > limit:
            return self.warned(f"{text}, expected at most {limit:g} s.")
        return self.passed(f"{text}.")
