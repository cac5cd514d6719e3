"""code_fetch on real repositories."""

import subprocess

import pytest


def _fetch(shop, commit, branch="main", **params):
    return shop.call("code_fetch", {"branch": branch, "commit": commit, **params})


def test_the_commit_is_there_and_nothing_moved(shop):
    commit = shop.commit("1.0.9", models="x = 1\ny = 2\n")
    answer = _fetch(shop, commit)
    assert answer["status"] == "done", answer
    result = answer["result"]
    assert (result["before"], result["after"], result["branch"]) == (shop.first, commit, "main")
    assert [(entry["subject"], entry["id"]) for entry in result["commits"]] == [
        ("Version 1.0.9", commit)
    ]
    assert result["commits"][0]["author"] == "Ada <ada@example.com>"
    assert result["files"] == [
        {"status": "M", "path": "addons/shop/__manifest__.py", "added": 1, "deleted": 1},
        {"status": "A", "path": "addons/shop/models.py", "added": 2, "deleted": 0},
    ]
    assert result["diffstat"] == "2 files changed, 3 insertions(+), 1 deletion(-)"
    assert (result["signed"], result["dropped"]) == (None, [])
    assert shop.head() == shop.first
    assert shop.live("status", "--porcelain", "--branch").startswith("## main...origin/main")
    assert shop.live("rev-parse", "main") == shop.first


def test_only_allowed_branches(shop):
    commit = shop.commit("1.0.9", branch="experiment")
    answer = _fetch(shop, commit, "experiment")
    assert (answer["status"], answer["message"]) == (
        "refused",
        "Parameter 'branch': 'experiment' is not allowed on this host.",
    )
    assert "main, hotfix" in answer["hint"]


def test_only_the_branch_that_was_asked_for_is_fetched(shop):
    other = shop.commit("1.0.10", branch="hotfix")
    shop.git("reset", "--quiet", "--hard", shop.first)
    commit = shop.commit("1.0.9")
    shop.git("tag", "v9", commit)
    shop.git("push", "--quiet", "origin", "v9")
    assert _fetch(shop, commit)["status"] == "done"
    refs = shop.live("for-each-ref", "--format=%(refname)").split()
    assert "refs/remotes/origin/hotfix" not in refs
    assert "refs/tags/v9" not in refs
    with pytest.raises(subprocess.CalledProcessError):
        shop.live("cat-file", "-e", other)


def test_a_commit_of_another_branch(shop):
    other = shop.commit("1.0.10", branch="hotfix")
    shop.git("reset", "--quiet", "--hard", shop.first)
    shop.commit("1.0.9")
    assert _fetch(shop, other, "hotfix")["status"] == "done"
    answer = _fetch(shop, other)
    assert answer["status"] == "failed"
    assert answer["message"] == f"The commit {other} is there, but not on the branch 'main'."


def test_a_commit_that_is_nowhere(shop):
    answer = _fetch(shop, "12" * 20)
    assert answer["status"] == "failed"
    assert "is not on the branch 'main' of the remote" in answer["message"]


def test_a_remote_that_does_not_answer(shop):
    shop.remote.rename(shop.folder / "elsewhere")
    answer = _fetch(shop, shop.first)
    assert answer["status"] == "failed"
    assert answer["message"].startswith("git ended with 128")


def test_the_expected_files(shop):
    commit = shop.commit("1.0.9", models="x = 1\n")
    expected = ["addons/shop/models.py", "addons/shop/__manifest__.py"]
    assert _fetch(shop, commit, files=expected)["status"] == "done"


def test_files_that_were_not_expected_and_files_that_are_missing(shop):
    commit = shop.commit("1.0.9", models="x = 1\n")
    answer = _fetch(shop, commit, files=["addons/shop/__manifest__.py", "addons/shop/views.xml"])
    assert answer["status"] == "failed"
    assert answer["message"] == (
        "The commit changes other files than expected: addons/shop/models.py changed unexpectedly;"
        " addons/shop/views.xml did not change."
    )
    assert answer["result"]["unexpected"] == ["addons/shop/models.py"]
    assert answer["result"]["missing"] == ["addons/shop/views.xml"]
    switched = shop.call("code_switch", {"branch": "main", "commit": commit})
    assert switched["status"] == "refused"
    assert "was not fetched and verified" in switched["message"]


def test_no_file_expected_is_not_the_same_as_no_expectation(shop):
    commit = shop.commit("1.0.9")
    answer = _fetch(shop, commit, files=[])
    assert answer["status"] == "failed"
    assert _fetch(shop, shop.first, files=[])["status"] == "done"


@pytest.mark.parametrize(
    ("path", "named"),
    [
        ("addons/shop/behaviour.json", "addons/shop/behaviour.json"),
        ("addons/shop/new file.py", "addons/shop/new file.py"),
        ("addons/shop/größe.py", "addons/shop/größe.py"),
    ],
)
def test_a_tree_with_changes_is_refused_by_name(shop, path, named):
    commit = shop.commit("1.0.9")
    (shop.repository / path).write_text("{}  ")
    answer = _fetch(shop, commit)
    assert answer["status"] == "refused"
    assert answer["message"] == f"The repository has changes that no commit holds: {named}."
    assert answer["result"]["changed"] == [named]


@pytest.mark.parametrize("folder", ["addons/shop", "addons/shop/migrations/1.0.9"])
def test_pythons_caches_are_no_changes(shop, folder):
    # The second folder was left behind by a way back: nothing but a cache is in it.
    cache = shop.repository / folder / "__pycache__"
    cache.mkdir(parents=True)
    (cache / "models.cpython-311.pyc").write_bytes(b"x")
    assert _fetch(shop, shop.commit("1.0.9"))["status"] == "done"


def test_a_commit_that_leaves_one_of_the_hosts_behind_names_it(shop):
    commit = shop.commit("1.0.9")
    name = ("-c", "user.name=Ben", "-c", "user.email=ben@example.com")
    shop.live(*name, "commit", "--quiet", "--allow-empty", "--message=Fixed on the host")
    result = shop.done("code_fetch", {"branch": "main", "commit": commit})
    assert [entry["subject"] for entry in result["dropped"]] == ["Fixed on the host"]


def test_a_submodule_is_named_and_not_followed(shop):
    shop.git("update-index", "--add", "--cacheinfo", f"160000,{shop.first},addons/other")
    shop.git("commit", "--quiet", "--message=A submodule")
    shop.git("push", "--quiet", "origin", "HEAD:main")
    linked = shop.git("rev-parse", "HEAD")
    result = shop.done("code_fetch", {"branch": "main", "commit": linked})
    assert result["submodules"] == ["addons/other"]


def test_hooks_and_programs_of_the_repository_do_not_run(shop):
    trap = shop.folder / "trap"
    touch = shop.folder / "touch.sh"
    touch.write_text(f"#!/bin/sh\ntouch {trap}\n")
    touch.chmod(0o755)
    for hook in ("post-checkout", "reference-transaction", "post-merge", "pre-auto-gc"):
        (shop.repository / ".git" / "hooks" / hook).symlink_to(touch)
    shop.live("config", "core.fsmonitor", str(touch))
    shop.live("config", "core.askPass", str(touch))
    shop.switch_to(shop.commit("1.0.9"))
    assert not trap.exists()


@pytest.mark.parametrize(
    "url", ["ext::sh -c touch% trap", "git://127.0.0.1/x", "http://127.0.0.1/"]
)
def test_protocols_that_prove_nothing_are_not_spoken(shop, url):
    shop.live("config", "remote.origin.url", url)
    answer = _fetch(shop, shop.first)
    assert answer["status"] == "failed"
    assert "not allowed" in answer["message"]


# -- signatures


@pytest.fixture
def signing(shop):
    """A shop that wants signatures, the options to sign with, and a key nobody trusts."""
    keys = {}
    for name in ("known", "stranger"):
        path = shop.folder / name
        _ssh_keygen(["-q", "-t", "ed25519", "-N", "", "-C", name, "-f", path])
        keys[name] = ("-c", "gpg.format=ssh", "-c", f"user.signingkey={path}")
    public = (shop.folder / "known.pub").read_text()
    (shop.folder / "signers").write_text(f"ada@example.com {public}")
    shop.configure(repository__signed="commit", repository__signers=shop.folder / "signers")
    return keys


def _ssh_keygen(arguments):
    subprocess.run(["ssh-keygen", *map(str, arguments)], check=True)


def test_a_commit_signed_by_a_known_key(shop, signing):
    commit = shop.commit("1.0.9", sign=(*signing["known"], "-c", "commit.gpgsign=true"))
    result = shop.done("code_fetch", {"branch": "main", "commit": commit})
    assert result["signed"]["how"] == "commit"
    assert 'Good "git" signature for ada@example.com' in result["signed"]["found"]


@pytest.mark.parametrize("who", ["stranger", None])
def test_a_commit_not_signed_by_a_known_key(shop, signing, who):
    sign = (*signing[who], "-c", "commit.gpgsign=true") if who else ()
    commit = shop.commit("1.0.9", sign=sign)
    answer = _fetch(shop, commit)
    assert answer["status"] == "failed"
    assert answer["message"].startswith(f"The commit {commit} is not signed by a known key")
    assert shop.call("code_switch", {"branch": "main", "commit": commit})["status"] == "refused"


def test_the_repository_does_not_choose_who_judges_signatures(shop, signing):
    yes = shop.folder / "yes.sh"
    good = 'Good "git" signature for ada@example.com with ED25519 key SHA256:x'
    yes.write_text(
        f"#!/bin/sh\ncase $2 in find-*) echo ada@example.com;; *) echo '{good}';; esac\n"
    )
    yes.chmod(0o755)
    shop.live("config", "gpg.program", str(yes))
    shop.live("config", "gpg.ssh.program", str(yes))
    shop.live("config", "gpg.ssh.allowedSignersFile", str(shop.folder / "stranger.pub"))
    commit = shop.commit("1.0.9", sign=(*signing["stranger"], "-c", "commit.gpgsign=true"))
    assert _fetch(shop, commit)["status"] == "failed"


def test_a_signed_tag_proves_its_commit(shop, signing):
    shop.configure(repository__signed="tag")
    commit = shop.commit("1.0.9")
    refused = _fetch(shop, commit)
    assert refused["message"].endswith("by a known key: no signed tag names it.")
    shop.git(*signing["known"], "tag", "--sign", "--message=Release", "v1.0.9", commit)
    shop.git("push", "--quiet", "origin", "v1.0.9")
    result = shop.done("code_fetch", {"branch": "main", "commit": commit})
    assert result["signed"]["how"] == "tag"
    assert "refs/tags/v1.0.9" not in shop.live("for-each-ref")


def test_a_tag_made_on_the_host_or_without_a_signature_proves_nothing(shop, signing):
    shop.configure(repository__signed="tag")
    commit = shop.commit("1.0.9")
    shop.git("tag", "plain", commit)
    shop.git("push", "--quiet", "origin", "plain")
    shop.live("fetch", "--quiet")
    shop.live(*signing["known"], "tag", "--sign", "--message=Here", "here", commit)
    assert _fetch(shop, commit)["status"] == "failed"
