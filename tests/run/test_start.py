"""From the Start button to the printed log: the machine does its part by itself."""

from shop import SIGNER, http, manual, sql, until


def test_a_release_runs_by_itself_from_the_start_button(shop, service):
    release = shop.release([sql(), http("/health")], [manual(), sql()], base_url=service.address)
    assert set(release.outcomes().values()) == {"pending"}
    release.press("action_start")
    until("the first phase to pass", lambda: release.items("is_mine")["2.1"]["is_mine"])
    assert release.outcomes() == {
        "1.1": "passed",
        "1.2": "passed",
        "2.1": "pending",
        "2.2": "pending",
    }
    release.do("2.1")
    assert set(release.settled().values()) == {"passed"}
    sign(shop, release)
    assert (release.value("state"), release.value("verdict")) == ("done", "complete_success")
    assert service.asked == {"/health": 1}
    assert printed_log(release).startswith(b"%PDF")
    release.check_journal()


def sign(shop, release):
    signer = shop.people[SIGNER]
    [asked] = signer.search(
        "ipai.release.signoff", [("release_id", "=", release.id), ("is_mine", "=", True)], []
    )
    signer.sign(asked["id"], "Fiona Marchetti")


def printed_log(release):
    [kept] = release._search(
        "ir.attachment",
        [
            ("res_model", "=", "ipai.release"),
            ("res_id", "=", release.id),
            ("mimetype", "=", "application/pdf"),
        ],
        ["name"],
    )
    return release.shop.people["dana"].download(f"/web/content/{kept['id']}?download=true")


def test_a_failed_check_is_retried(shop, service):
    service.status = 503
    release = shop.release([http("/health"), sql()], base_url=service.address)
    release.press("action_start")
    assert release.settled() == {"1.1": "failed", "1.2": "passed"}
    service.status = 200
    release.press("action_retry_failed")
    assert release.settled() == {"1.1": "passed", "1.2": "passed"}
    assert release.items("attempt")["1.1"]["attempt"] == 2
    release.check_journal()
