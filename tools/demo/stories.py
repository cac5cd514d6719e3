"""What the demo shows: each story is played on a host of its own and returns it, Odoo stopped."""

from tools.places import BUILD
from tools.say import say

from . import shopcode

#: Who finds a release to approve when the demo is served.
WAITING_FOR = "fiona"
#: Who works on while a release is on.
ACCOUNTANT = "adam"
DAMAGED = "_damaged"


def deploy(demo):
    """1.0.9 goes live: the machine does and proves it, people look at it and sign.

    Then the same runbook for a shop whose host Odoo does not reach, up to the last signature; and
    once more on a copy in which records were damaged: its release ends before it changes anything.
    """
    host = demo.host()
    with demo.at_work(host) as plan:
        plan("1.0.9", _code(host)).to_the_end(BUILD / "execution-log.pdf")
        plan("1.0.9, second shop", None).to_the_last_signature(WAITING_FOR)
    damaged = demo.host(DAMAGED)
    demo.damage(damaged)
    with demo.at_work(damaged) as plan:
        plan("1.0.9", _code(damaged)).to_the_end(BUILD / "execution-log-damaged.pdf")
    return host


def rollback(demo):
    """The upgrade to 1.0.9 raises; the release takes everything back by itself and says so."""
    host = demo.host(SUFFIXES["rollback"])
    with demo.at_work(host) as plan:
        release = plan("1.0.9", _code(host, shopcode.RAISES))
        release.to_the_end(BUILD / "execution-log-rollback.pdf")
    say(f"   the code is at {host.code.head()[:10]}, {shopcode.BEFORE} as before")
    return host


def restore(demo):
    """Data is damaged after 1.0.9 went live: the backup comes back, what that costs is listed."""
    host = demo.host(SUFFIXES["restore"])
    with demo.at_work(host) as plan:
        release = plan("1.0.9", _code(host))
        release.run_to_signoff()
        release.work_goes_on(ACCOUNTANT)
        demo.damage(host)
        release.restore("Journal entries were damaged on a console")
        release.print_log(BUILD / "execution-log-restore.pdf")
        say("   entered or changed since the backup, and no longer in the books:")
        for line in release.entered_since():
            say(f"      {line}")
    return host


def _code(host, version=shopcode.GOOD):
    """Somebody publishes a version, and the plan names its commit and its files."""
    files = {*shopcode.FILES, *(f"{shopcode.ADDON}/{name}" for name in version)}
    return {
        "branch_to": shopcode.BRANCH,
        "commit_to": host.code.publish(version),
        "files_expected": "\n".join(sorted(files)),
    }


STORIES = {"deploy": deploy, "rollback": rollback, "restore": restore}
SUFFIXES = {"deploy": "", "rollback": "_rollback", "restore": "_restore"}
INVITATIONS = {
    "deploy": f"A release waits for the signature of {WAITING_FOR}: log in and open Releases.",
    "rollback": "The release that took itself back: log in as dana and open Releases.",
    "restore": "The release that outlived its database: log in as dana and open Releases.",
}
