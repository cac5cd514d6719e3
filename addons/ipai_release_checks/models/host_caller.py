from dataclasses import replace
from datetime import timedelta

from odoo import _, fields

from ..checks.base import CheckError, NotYet
from ..transport import HostUnreachable

#: How long a host may be away, since it or its SSH may be restarting, before that is an error.
PATIENCE = timedelta(minutes=3)
#: What the helper refuses with while another job has the host.
BUSY = "busy"


class HostAway(NotYet):
    """The host cannot be reached and may be back in a moment."""


class Forgotten(NotYet):
    """The host remembers more of the release than this database."""


class HostCaller:
    """The host as an item's check sees it: adds key and anchor, and keeps the record before.

    :param item: the item that acts
    :param pool: :class:`HostPool`
    """

    def __init__(self, item, pool):
        self._item = item
        self._release = item.release_id
        self._pool = pool

    def call(self, verb, params):
        """Ask for a verb; see ``checks.context.Host``.

        :raises HostAway: it cannot be reached, for less than :data:`PATIENCE`
        :raises Forgotten: the database was restored, and its record has not come back yet
        :raises CheckError: it cannot be asked
        """
        try:
            client = self._pool.client(self._release.target_id)
            changes = self._item._kind().changes
            if changes:
                self._keep_record(client)
            answer = client.call(verb, params, self._item._host_key(), self._release._host_anchor())
        except HostUnreachable as problem:
            if self._release._host_is_away_for_good(PATIENCE):
                raise
            raise HostAway({"step": _("Waiting for the host: %s", problem.message)}) from problem
        self._refuse_forgotten(answer)
        answer = self._without_busy(answer)
        # A host that refused, or cannot read its journal, may not have written the head down.
        if changes and answer.status in ("done", "failed") and answer.journal:
            # What is written now is undone with everything the check did to the database.
            self._pool.anchors[self._release.id] = self._release._anchor_values(answer.journal)
        return answer

    def _keep_record(self, client):
        """Give the host the record, unless it has this very one."""
        release = self._release
        if self._pool.kept.get(release.id) == release.journal_head:
            return
        answer = release._send_record(client)
        self._refuse_forgotten(answer)
        if not answer.done:
            raise CheckError(
                _("The host did not keep the record of this release: %s", answer.message),
                answer.hint,
            )
        self._pool.kept[release.id] = release.journal_head

    def _refuse_forgotten(self, answer):
        if not answer.forgotten:
            return
        if self._release.id in self._pool.refused:
            raise CheckError(
                _("The host keeps another record of this release, which could not be taken back."),
                _("Read the incident of the release, and compare both journals."),
            )
        raise Forgotten({"step": _("Taking back what the database has forgotten")})

    def _without_busy(self, answer):
        """Another job has the host: wait for its end like for our own."""
        if answer.status == "refused" and answer.result.get("reason") == BUSY:
            return replace(answer, status="running", progress={"step": answer.message})
        return answer


def away_since(release):
    """Values that note the host is away, from the first time on."""
    return {"host_away_since": release.host_away_since or fields.Datetime.now()}
