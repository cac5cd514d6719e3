"""Which branch and commit a folder is at, read from git's own files without running git."""

from pathlib import Path

HEAD_OF_BRANCH = "ref: "


def _git_folder(path):
    """The git folder of the repository that holds ``path``, or ``None``."""
    for folder in (path, *path.parents):
        dot_git = folder / ".git"
        if dot_git.is_dir():
            return dot_git
        if dot_git.is_file():
            # A work tree or submodule: the file names the real folder.
            named = dot_git.read_text().strip().removeprefix("gitdir: ")
            return (folder / named).resolve()
    return None


def _common_folder(git):
    """Where branches are kept: a work tree's own folder points to the repository's."""
    common = git / "commondir"
    return (git / common.read_text().strip()).resolve() if common.is_file() else git


def _packed(git, ref):
    packed = git / "packed-refs"
    if packed.is_file():
        for line in packed.read_text().splitlines():
            commit, _space, name = line.partition(" ")
            if name == ref:
                return commit
    return ""


def read(path):
    """Branch and commit of the repository around ``path``.

    :param path: a folder, for example of an addon
    :return: ``(branch, commit)``; the branch is empty on a detached HEAD, both are empty
        outside a repository
    """
    git = _git_folder(Path(path).resolve())
    if git is None:
        return "", ""
    head = (git / "HEAD").read_text().strip()
    if not head.startswith(HEAD_OF_BRANCH):
        return "", head
    ref = head.removeprefix(HEAD_OF_BRANCH)
    common = _common_folder(git)
    loose = common / ref
    commit = loose.read_text().strip() if loose.is_file() else _packed(common, ref)
    return ref.removeprefix("refs/heads/"), commit
