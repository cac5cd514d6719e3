"""A release of the shop's payment addon: the machine does all of it, over SSH, and people sign."""

import contextlib
import time
from http.client import HTTPException

from tests.run.shop import MANAGER, SIGNER, Shop, sql
from tools.demo import shopcode
from tools.demo.password import password
from tools.demo.release import People
from tools.say import Missing

#: Seconds a whole release may take on a busy machine, killed a few times.
PATIENCE = 420
CODE = "2"
BACKUP = [("backup", {}), ("verify_backup", {"of": "1.1"})]
SWITCH = [("code_fetch", {}), ("code_switch", {}), ("code_files", {"of": "2.1"})]
LIVE = [
    ("upgrade", {}),
    ("host_health", {"login": True}),
    ("module", {"module": shopcode.ADDON, "version": shopcode.AFTER}),
    sql(),
]
WAY_BACK = [
    ("rollback", {}),
    ("host_step", {"of": "R.1", "step": "stop", "optional": True}),
    ("restore", {"of": "1.1"}),
    sql(),
]
GOES_ON = ("pending", "running")


class Deployment:
    """One release on the shop's own host.

    :param host: of :mod:`shophost`
    :param version: of :mod:`tools.demo.shopcode`: what its 1.0.9 brings besides
    :param then: items of the last phase, after it went live
    """

    def __init__(self, host, version=shopcode.GOOD, then=()):
        self.host = host
        self.people = People(host.address, "shop", password())
        self.shop = Shop(self.people, host)
        self.commit = host.code.publish(version)
        phases = [BACKUP, SWITCH, LIVE, *([list(then)] if then else [])]
        runbook = self.shop.runbook(
            *phases,
            gate="roll_back",
            modules=f"{shopcode.ADDON} {shopcode.AFTER}",
            way_back=WAY_BACK,
        )
        self.release = self.shop.planned(runbook, **self._over_ssh())
        self._pin()
        self.release.change(
            branch_to=shopcode.BRANCH,
            commit_to=self.commit,
            files_expected="\n".join([*shopcode.FILES, *self._more(version)]),
        )
        self.release.press("action_schedule")

    def _over_ssh(self):
        sshd = self.host.sshd
        values = {"ssh_host": sshd.host, "ssh_port": sshd.port, "ssh_user": "root"}
        return {"host_kind": "ssh", "database": "shop", **values}

    def _pin(self):
        """The manager reads the host key, compares it with the host's own, and pins it."""
        manager = self.people[MANAGER]
        target = self.release.value("target_id")[0]
        opened = manager.call("ipai.release.target", "action_read_host_key", [target])
        manager.call(opened["res_model"], "action_pin", [opened["res_id"]])

    @staticmethod
    def _more(version):
        files = {f"{shopcode.ADDON}/{name}" for name in version}
        return sorted(files - set(shopcode.FILES))

    # -- followed ----------------------------------------------------------------------------

    def start(self):
        self.release.press("action_start")

    def until(self, what, condition):
        """Wait for a condition on the release; Odoo goes down and up meanwhile."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            # What a service answers, or does not, that goes down and comes up.
            with contextlib.suppress(OSError, HTTPException, Missing):
                if condition():
                    return
            time.sleep(0.3)
        raise AssertionError(f"waited {PATIENCE} s for {what}: {self.told()}")

    def told(self):
        """State, and each item's outcome and summary."""
        rows = self.release.items("outcome", "summary")
        lines = [f"{code} {row['outcome']}: {row['summary']}" for code, row in rows.items()]
        return "\n".join([self.release.value("state"), *sorted(lines)])

    def until_signing(self):
        """Wait until the machine has done all it can."""
        self.until("the signatures to be asked for", lambda: self.asked_to_sign() or self.over())

    def until_over(self):
        self.until("the release to end", self.over)

    def over(self):
        """Whether it is at an end, or holds for a person."""
        return self.release.value("state") in ("done", "aborted", "rolled_back") or bool(
            self.release.value("blocked_phase_id")
        )

    def sign(self):
        [signoff] = self.asked_to_sign()
        signer = self.people[SIGNER]
        [person] = signer.search("res.users", [("id", "=", signer.uid)], ["name"])
        signer.sign(signoff["id"], person["name"])

    def asked_to_sign(self):
        mine = [("release_id", "=", self.release.id), ("is_mine", "=", True)]
        return self.people[SIGNER].search("ipai.release.signoff", mine, ["display_name"])

    def outcomes(self, way_back=False):
        """Outcomes by code, of the phases or of the way back."""
        return {
            code: outcome
            for code, outcome in self.release.outcomes().items()
            if code.startswith("R") == way_back
        }
