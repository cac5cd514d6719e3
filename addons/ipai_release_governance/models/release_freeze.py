from datetime import timezone

from odoo import _, api, fields, models
from odoo.addons.ipai_series.compat import Constraint

from ..core import calendar


class ReleaseFreeze(models.Model):
    """A time in which no release acts: month-end closing, holidays, or once."""

    _name = "ipai.release.freeze"
    _description = "Release Freeze"
    _inherit = ["mail.thread"]
    _order = "kind, date_start, first_day, name, id"

    name = fields.Char(required=True, tracking=True)
    active = fields.Boolean(default=True, tracking=True)
    company_id = fields.Many2one(
        "res.company", tracking=True, help="Empty: releases of all companies."
    )
    target_ids = fields.Many2many(
        "ipai.release.target", string="Targets", help="Empty: all targets."
    )
    kind = fields.Selection(
        [("month_end", "Month-end Closing"), ("holiday", "Holiday"), ("once", "Once")],
        required=True,
        default="month_end",
        tracking=True,
    )
    days_before = fields.Integer(
        string="Days before Month-end",
        default=2,
        tracking=True,
        help="Days of the old month that are frozen, its last one included.",
    )
    days_after = fields.Integer(
        string="Days after Month-end",
        default=5,
        tracking=True,
        help="Days of the new month that are frozen. The freeze is over earlier where the "
        "company's lock date covers the old month.",
    )
    first_day = fields.Date(tracking=True)
    last_day = fields.Date(tracking=True, help="Included.")
    yearly = fields.Boolean(string="Every Year", tracking=True)
    date_start = fields.Datetime(string="From", tracking=True)
    date_end = fields.Datetime(string="To", tracking=True)

    _month_end_days = Constraint(
        "check(kind != 'month_end' or (days_before between 0 and 28 and days_after between 0 and "
        "28 and days_before + days_after > 0))",
        "Days before and after Month-end: 0 to 28 each, and at least one of them.",
    )
    _holiday_days = Constraint(
        "check(kind != 'holiday' or (first_day is not null and last_day >= first_day "
        "and last_day - first_day < 366))",
        "First and Last Day: enter both, the last one not before the first, a year at most.",
    )
    _once_times = Constraint(
        "check(kind != 'once' or (date_start is not null and date_end > date_start))",
        "From and To: enter both, and end after the start.",
    )

    @api.model
    def _within(self, target, company, span):
        """Freezes that a span of time touches.

        :param span: of :class:`~..core.calendar.Span`
        :return: list of ``(freeze, Span)``, the earliest first
        """
        # sudo: freezes of all companies' releases hold for who may not see their settings.
        freezes = self.sudo().search([("company_id", "in", [company.id, False])])
        found = [
            (freeze, frozen)
            for freeze in freezes
            if not freeze.target_ids or target in freeze.target_ids
            for frozen in freeze._spans(span, target.tz, company)
            if frozen.overlaps(span)
        ]
        return sorted(found, key=lambda pair: pair[1])

    def _spans(self, span, zone, company):
        """The times of this freeze that ``span`` may touch."""
        self.ensure_one()
        if self.kind == "once":
            return [utc_span(self.date_start, self.date_end)]
        if self.kind == "holiday":
            return calendar.holidays(span, self.first_day, self.last_day, self.yearly, zone)
        closed = self._closed_until(company)
        return calendar.month_ends(span, self.days_before, self.days_after, zone, closed)

    @api.model
    def _closed_until(self, company):
        """The date up to which the company's books are locked; unknown without accounting.

        Odoo 17.0 has one lock date for everybody, later series add one that cannot be taken back.
        """
        names = ("fiscalyear_lock_date", "hard_lock_date")
        return max(
            (company[name] for name in names if name in company._fields and company[name]),
            default=None,
        )

    def _describe(self, span, zone):
        """The freeze and its time, as a person reads it in the target's time zone."""
        self.ensure_one()
        return _(
            "%(freeze)s, %(start)s to %(end)s (%(zone)s)",
            freeze=self.name,
            start=local_text(span.start, zone),
            end=local_text(span.end, zone),
            zone=zone,
        )


def utc_span(start, end):
    """A span from two naive datetimes in UTC, as Odoo's fields hold them."""
    return calendar.Span(start.replace(tzinfo=timezone.utc), end.replace(tzinfo=timezone.utc))


def local_text(moment, zone):
    """A moment as day and minute on the clock of ``zone``."""
    return moment.astimezone(calendar.pytz.timezone(zone)).strftime("%Y-%m-%d %H:%M")
