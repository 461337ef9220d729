"""What ./test says without running anything."""

import subprocess

from support.program import REPOSITORY


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([REPOSITORY / "test", *arguments], capture_output=True, text=True, timeout=60)


def test_the_list_has_every_folder_of_tests_and_names_that_run_them():
    listed = run("--list")
    assert listed.returncode == 0, listed.stderr
    lines = listed.stdout.splitlines()
    folders = {path.parent.relative_to(REPOSITORY / "tests").as_posix()
               for pattern in ("**/test_*.py", "**/*_test.cpp") for path in (REPOSITORY / "tests").glob(pattern)}
    assert len(folders) > 5
    for folder in folders:
        assert any(line.startswith(f"  {folder}") for line in lines), folder
    words = listed.stdout.split()
    assert "test_command" in words and "Argon2id" in words and "refresh" in words


def test_a_reader_of_the_list_that_has_seen_enough_is_no_error():
    shell = subprocess.run(["bash", "-c", f"{REPOSITORY}/test --list | head -1"], capture_output=True, text=True, timeout=60)
    assert (shell.returncode, shell.stderr) == (0, "") and len(shell.stdout.splitlines()) == 1


def test_an_option_that_is_none_runs_nothing():
    refused = run("--slow")
    assert refused.returncode == 2 and "unknown option --slow" in refused.stderr


def test_fast_takes_no_names():
    refused = run("--fast", "refresh")
    assert refused.returncode == 2 and "takes no names" in refused.stderr


def test_threads_takes_no_names():
    refused = run("--threads", "refresh")
    assert refused.returncode == 2 and "takes no names" in refused.stderr


def test_help_names_the_options():
    shown = run("--help").stdout
    assert "./test --fast" in shown and "./test --list" in shown and "#" not in shown
