"""The commit hook judges what is staged: its format, its includes, and what it awaits."""

import shutil
import subprocess
from pathlib import Path

import pytest

from support.program import REPOSITORY

# A file of a room that may know no other.
SOURCE = "src/base/cores.cpp"


def git(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    named = ["-c", "user.name=somebody", "-c", "user.email=somebody@example.org"]
    return subprocess.run(["git", *named, *arguments], cwd=folder, capture_output=True, text=True, timeout=120)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository with the files of this one and the hook installed; nothing is staged."""
    listed = git(REPOSITORY, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    if listed.returncode != 0:
        pytest.skip("not a checkout")
    folder = tmp_path / "repository"
    for name in filter(None, listed.stdout.split("\0")):
        if (REPOSITORY / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(REPOSITORY / name, folder / name)
    assert git(folder, "init", "-q").returncode == 0
    git(folder, "add", "--all")
    assert git(folder, "commit", "-q", "-m", "all").returncode == 0
    done = subprocess.run(["tests/check/commit_hook.sh", "--install"], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return folder


def commit(repository: Path, text: str, *, working_tree: str | None = None) -> subprocess.CompletedProcess[str]:
    """Stages the source with this text behind it, and commits; the working tree may hold another text by then."""
    path = repository / SOURCE
    before = path.read_text()
    path.write_text(before + text)
    git(repository, "add", SOURCE)
    if working_tree is not None:
        path.write_text(before + working_tree)
    return git(repository, "commit", "-q", "-m", "one change")


def commits(repository: Path) -> int:
    return int(git(repository, "rev-list", "--count", "HEAD").stdout)


@pytest.mark.parametrize("text, says", [
    ("int   badly( ) ;\n", "should be clang-formatted"),
    ('\n#include "flow/services.h"\n', "must not know"),
    ("\nTask<void> wait() { co_await run(Work{1}); }\n", "an aggregate temporary"),
], ids=["format", "includes", "awaits"])
def test_what_the_checks_refuse_is_not_committed(repository, text, says):
    refused = commit(repository, text)
    assert refused.returncode != 0
    assert says in refused.stderr, refused.stderr
    assert commits(repository) == 1


def test_what_is_staged_counts_and_not_the_working_tree(repository):
    assert commit(repository, "int   badly( ) ;\n", working_tree="").returncode != 0
    assert commits(repository) == 1
    git(repository, "checkout", "HEAD", SOURCE)
    assert commit(repository, "// A comment.\n", working_tree="int   badly( ) ;\n").returncode == 0
    assert commits(repository) == 2


def test_a_commit_without_sources_is_let_through(repository):
    (repository / "README.md").write_text("# Another\n")
    git(repository, "add", "README.md")
    assert git(repository, "commit", "-q", "-m", "one change").returncode == 0


def test_a_hook_that_is_there_already_is_not_replaced(repository):
    hook = repository / ".git/hooks/pre-commit"
    hook.unlink()
    hook.write_text("#!/bin/sh\nexit 0\n")
    done = subprocess.run(["tests/check/commit_hook.sh", "--install"], cwd=repository, capture_output=True, text=True)
    assert done.returncode == 1 and "exists already" in done.stderr
    assert hook.read_text() == "#!/bin/sh\nexit 0\n"
