"""code_switch and its way back on real repositories."""

import json
import os

import pytest
from kit_shop import release_host


def _switch(shop, commit, key=None, branch="main"):
    return shop.call("code_switch", {"branch": branch, "commit": commit}, key)


def test_the_whole_tree_is_switched_and_no_branch_moves(shop):
    commit = shop.commit("1.0.9", models="x = 1\n")
    result = shop.switch_to(commit)
    assert (result["before"], result["after"]) == (shop.first, commit)
    assert result["files"] == ["addons/shop/__manifest__.py", "addons/shop/models.py"]
    assert shop.head() == commit
    assert shop.live("rev-parse", "main") == shop.first
    assert shop.live("status", "--porcelain") == ""
    assert (shop.repository / "addons/shop/models.py").read_text() == "x = 1\n"


def test_the_way_back_is_recorded_in_state_and_journal(shop):
    commit = shop.commit("1.0.9")
    key = shop.key()
    shop.done("code_fetch", {"branch": "main", "commit": commit})
    _switch(shop, commit, key)
    kept = json.loads((shop.state / "code.json").read_text())["switches"]
    assert [(entry["key"], entry["before"], entry["after"]) for entry in kept] == [
        (key, {"commit": shop.first, "branch": "main"}, commit)
    ]
    journal = release_host.State(shop.config).journal
    steps = [event["payload"] for event in journal.events() if event["kind"] == "step"]
    assert f"{shop.first} → {commit}" in [step["note"] for step in steps]


def test_already_there(shop):
    shop.done("code_fetch", {"branch": "main", "commit": shop.first})
    result = _switch(shop, shop.first)["result"]
    assert (result["before"], result["after"], result["files"]) == (shop.first, shop.first, [])
    assert shop.live("symbolic-ref", "HEAD") == "refs/heads/main"
    assert (
        "switches" not in (shop.state / "code.json").read_text()
        or not json.loads((shop.state / "code.json").read_text())["switches"]
    )


def test_a_commit_that_was_not_verified_is_refused(shop):
    commit = shop.commit("1.0.9")
    shop.live("fetch", "--quiet")
    answer = _switch(shop, commit)
    assert answer["status"] == "refused"
    assert "was not fetched and verified on this host" in answer["message"]
    assert shop.head() == shop.first


def test_verified_on_another_branch_is_not_verified_here(shop):
    commit = shop.commit("1.0.9")
    shop.done("code_fetch", {"branch": "main", "commit": commit})
    assert _switch(shop, commit, branch="hotfix")["status"] == "refused"


def test_what_another_release_verified_is_not_verified_for_this_one(shop):
    """It may have had no list of files."""
    commit = shop.commit("1.0.9")
    shop.done("code_fetch", {"branch": "main", "commit": commit}, "REL/1/item/1")
    answer = _switch(shop, commit, "REL/2/item/1")
    assert answer["status"] == "refused"
    assert "by this release" in answer["message"] and "code_fetch" in answer["hint"]
    assert shop.head() == shop.first


def test_a_fetch_that_fails_for_its_files_undoes_one_without_a_list(shop):
    commit = shop.commit("1.0.9", models="x = 1\n")
    params = {"branch": "main", "commit": commit}
    shop.done("code_fetch", params)
    listed = {**params, "files": ["addons/shop/__manifest__.py"]}
    assert shop.call("code_fetch", listed)["status"] == "failed"
    assert _switch(shop, commit)["status"] == "refused"
    shop.done("code_fetch", {**params, "files": [*listed["files"], "addons/shop/models.py"]})
    assert _switch(shop, commit)["status"] == "done"


def test_a_tree_that_moved_since_it_was_compared_is_refused(shop):
    hotfix, commit = shop.commit("1.0.9"), shop.commit("1.0.10")
    shop.done("code_fetch", {"branch": "main", "commit": commit})
    shop.live("checkout", "--quiet", "--detach", hotfix)
    answer = _switch(shop, commit)
    assert answer["status"] == "refused"
    assert f"The tree is at {hotfix} by now" in answer["message"]
    assert "Run code_fetch again" in answer["hint"]
    assert shop.head() == hotfix
    shop.done("code_fetch", {"branch": "main", "commit": commit})
    assert _switch(shop, commit)["status"] == "done"


def test_a_second_switch_to_where_the_tree_is_changes_nothing(shop):
    commit = shop.commit("1.0.9")
    shop.switch_to(commit)
    result = _switch(shop, commit)["result"]
    assert (result["before"], result["after"], result["files"]) == (commit, commit, [])


def test_a_branch_that_is_not_allowed_any_more(shop):
    commit = shop.commit("1.0.9")
    shop.done("code_fetch", {"branch": "main", "commit": commit})
    shop.configure(repository__branches="hotfix")
    assert _switch(shop, commit)["status"] == "refused"


def test_a_tree_with_changes_is_refused(shop):
    commit = shop.commit("1.0.9")
    shop.done("code_fetch", {"branch": "main", "commit": commit})
    (shop.repository / "addons/shop/behaviour.json").write_text('{"by": "hand"}')
    answer = _switch(shop, commit)
    assert answer["status"] == "refused"
    assert "addons/shop/behaviour.json" in answer["message"]
    assert (shop.repository / "addons/shop/behaviour.json").read_text() == '{"by": "hand"}'


def test_asked_again_it_switches_once(shop):
    commit = shop.commit("1.0.9")
    shop.done("code_fetch", {"branch": "main", "commit": commit})
    key = shop.key()
    first = _switch(shop, commit, key)
    shop.live("checkout", "--quiet", "main")
    assert _switch(shop, commit, key)["result"] == first["result"]
    assert shop.head() == shop.first


def test_a_checkout_killed_in_the_middle_is_completed(shop):
    """The tree is half the new one, and the lock of the git that was killed lies there."""
    commit = shop.commit("1.0.9", models="x = 1\n", views="y = 1\n")
    shop.done("code_fetch", {"branch": "main", "commit": commit})
    key = shop.key()
    state = release_host.State(shop.config)
    job = release_host.Job(state, key)
    params = {"branch": "main", "commit": commit}
    job.create(release_host.CodeSwitch, params)
    verb = release_host.CodeSwitch(release_host.Host(shop.config), state, params, job)

    class Killed(BaseException):
        pass

    def half(repository, *_arguments, **_options):
        (shop.repository / "addons/shop/models.py").write_text("x = 1\n")
        (shop.repository / "addons/shop/behaviour.json").unlink()
        (shop.repository / ".git/index.lock").touch()
        old = os.stat(shop.repository / ".git/index.lock").st_mtime - 60
        os.utime(shop.repository / ".git/index.lock", (old, old))
        raise Killed

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(release_host.Repository, "check_out", half)
        with pytest.raises(Killed):
            verb.run()
    answer = _switch(shop, commit, key)
    assert answer["status"] == "done", answer
    assert answer["result"]["before"] == shop.first
    assert shop.head() == commit
    assert shop.live("status", "--porcelain") == ""


@pytest.mark.parametrize("detached", [False, True])
def test_rollback_gets_exactly_there_again(running, detached):
    if detached:
        running.live("checkout", "--quiet", "--detach")
    running.switch_to(running.commit("1.0.9", models="x = 1\n"))
    result = running.done("rollback", {"modules": ["shop"]})
    assert result["after"] == running.first == running.head()
    assert not (running.repository / "addons/shop/models.py").exists()
    head = (running.repository / ".git/HEAD").read_text().strip()
    assert head == (running.first if detached else "ref: refs/heads/main")


def test_two_switches_of_one_release_go_back_to_before_the_first(running):
    running.switch_to(running.commit("1.0.9"))
    running.switch_to(running.commit("1.0.10"))
    assert running.done("rollback")["after"] == running.first


def test_a_release_does_not_undo_what_an_earlier_one_proved(running):
    earlier = running.commit("1.0.9")
    running.switch_to(earlier)
    assert running.done("restart")["authenticated"] is True
    answer = running.call("rollback", {}, "REL/2/item/1")
    assert answer["status"] == "refused"
    assert "no way back" in answer["message"]
    assert answer["result"]["reason"] == "no_switch"
    named = running.call("rollback", {"commit": running.first}, "REL/2/item/2")
    assert named["result"]["after"] == running.first
    unknown = running.call("rollback", {"commit": "ab" * 20}, "REL/2/item/3")
    assert "was never live on this host" in unknown["message"]
