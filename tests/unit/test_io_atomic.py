"""Results are whole or absent, and nothing of the user's is ever deleted."""

import errno
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from lamina.errors import FileError, OutputError
from lamina.io import atomic_file, atomic_folder, check_output_file, check_output_folder

posix = pytest.mark.skipif(os.name != "posix", reason="needs the signals and limits of POSIX")


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_file_appears_only_when_the_block_ends(tmp_path):
    target = tmp_path / "a.txt"
    with atomic_file(target) as partial:
        partial.write_text("whole")
        assert not target.exists()
        assert partial.parent == tmp_path
        assert partial.suffix == ".partial"
    assert target.read_text() == "whole"
    assert names(tmp_path) == ["a.txt"]


@pytest.mark.parametrize("failure", [ValueError("x"), KeyboardInterrupt(), SystemExit(3)])
def test_failure_keeps_the_old_file_and_leaves_nothing(tmp_path, failure):
    target = tmp_path / "a.txt"
    target.write_text("old")
    with pytest.raises(type(failure)), atomic_file(target) as partial:  # noqa: PT012
        partial.write_text("half")
        raise failure
    assert target.read_text() == "old"
    assert names(tmp_path) == ["a.txt"]


def test_link_is_followed(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "a.txt").write_text("old")
    (tmp_path / "link.txt").symlink_to(tmp_path / "real" / "a.txt")
    with atomic_file(tmp_path / "link.txt") as partial:
        partial.write_text("new")
    assert (tmp_path / "link.txt").is_symlink()
    assert (tmp_path / "real" / "a.txt").read_text() == "new"


def test_permissions_are_those_of_an_ordinary_file(tmp_path):
    (tmp_path / "plain").write_text("x")
    with atomic_file(tmp_path / "ours") as partial:
        partial.write_text("x")
    with atomic_folder(tmp_path / "folder"):
        pass
    (tmp_path / "plain_folder").mkdir()
    assert (tmp_path / "ours").stat().st_mode == (tmp_path / "plain").stat().st_mode
    assert (tmp_path / "folder").stat().st_mode == (tmp_path / "plain_folder").stat().st_mode


@pytest.mark.parametrize("room", [atomic_file, atomic_folder])
def test_missing_folder_names_the_remedy(tmp_path, room):
    with pytest.raises(OutputError, match=r"mkdir -p .*missing"), room(tmp_path / "missing" / "a"):
        pytest.fail("the block must not run")


@pytest.mark.parametrize("room", [atomic_file, atomic_folder])
def test_file_in_place_of_the_folder(tmp_path, room):
    (tmp_path / "file").write_text("mine")
    with pytest.raises(OutputError, match="is a file, not a folder"), room(tmp_path / "file" / "a"):
        pytest.fail("the block must not run")
    with pytest.raises(OutputError), room(tmp_path / "file" / "a" / "b"):
        pytest.fail("the block must not run")
    assert (tmp_path / "file").read_text() == "mine"


def test_device_and_folder_are_never_replaced(tmp_path):
    before = os.stat("/dev/null")
    with pytest.raises(OutputError, match="device"), atomic_file("/dev/null"):
        pytest.fail("the block must not run")
    assert os.stat("/dev/null").st_rdev == before.st_rdev
    with pytest.raises(OutputError, match="a folder"):
        check_output_file(tmp_path)


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EROFS, errno.EACCES, errno.EDQUOT, errno.EIO, None])
def test_write_errors_become_output_errors(tmp_path, code):
    failure = OSError("512 requested and 100 written") if code is None else OSError(code, os.strerror(code))
    for room in (atomic_file, atomic_folder):
        with pytest.raises(OutputError) as caught, room(tmp_path / "a"):
            raise failure
        assert "cannot write" in str(caught.value)
        assert "\n" not in str(caught.value)
        assert names(tmp_path) == []


@pytest.mark.parametrize("room", [atomic_file, atomic_folder])
def test_errors_about_a_part_name_the_whole(tmp_path, room):
    """A figure that does not fit is told as the user's folder, not by a temporary name."""
    full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    with pytest.raises(OutputError) as caught, room(tmp_path / "a") as partial:
        raise OutputError(f"cannot write {partial / 'figure.png'}: full") from full
    assert str(caught.value).startswith(f"cannot write {tmp_path / 'a'}: the disk is full;")
    missing = FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(tmp_path / "none" / "b.txt"))
    with pytest.raises(OutputError, match="none of this"), room(tmp_path / "a"):
        raise OutputError("cannot write none of this") from missing
    assert names(tmp_path) == []


def test_errors_about_other_files_stay_what_they_are(tmp_path):
    with pytest.raises(FileNotFoundError), atomic_folder(tmp_path / "a"):
        (tmp_path / "image.png").read_bytes()
    with pytest.raises(FileError, match="not ours"), atomic_folder(tmp_path / "a"):
        raise FileError("not ours")
    with pytest.raises(ConnectionResetError), atomic_file(tmp_path / "a"):
        raise ConnectionResetError("peer")
    assert names(tmp_path) == []


def test_folder_is_whole_and_marked(tmp_path):
    with atomic_folder(tmp_path / "run") as partial:
        (partial / "figures").mkdir()
        (partial / "figures" / "a.png").write_bytes(b"1")
        (partial / "metrics.json").write_text("{}")
        assert not (tmp_path / "run").exists()
    assert names(tmp_path) == ["run"]
    marker = json.loads((tmp_path / "run" / ".lamina").read_text())
    assert marker["files"] == ["figures/a.png", "metrics.json"]


def test_own_folder_is_replaced(tmp_path):
    for content in ("first", "second"):
        with atomic_folder(tmp_path / "run") as partial:
            (partial / f"{content}.txt").write_text(content)
    assert names(tmp_path / "run") == [".lamina", "second.txt"]
    assert names(tmp_path) == ["run"]


def test_empty_folder_is_replaced_and_browser_litter_does_not_count(tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / ".DS_Store").write_bytes(b"")
    with atomic_folder(tmp_path / "run"):
        pass
    assert names(tmp_path / "run") == [".lamina"]


@pytest.mark.parametrize("theirs", ["notes.txt", "metrics.json", "sub/deep/thesis.tex"])
def test_users_files_are_never_deleted(tmp_path, theirs):
    file = tmp_path / "run" / theirs
    file.parent.mkdir(parents=True)
    file.write_text("mine")
    with pytest.raises(OutputError, match="did not write"), atomic_folder(tmp_path / "run"):
        pytest.fail("the block must not run")
    assert file.read_text() == "mine"
    assert names(tmp_path) == ["run"]


def test_file_added_to_our_folder_protects_it_even_while_running(tmp_path):
    with atomic_folder(tmp_path / "run"):
        pass
    with pytest.raises(OutputError, match=r"notes\.txt"), atomic_folder(tmp_path / "run"):
        (tmp_path / "run" / "notes.txt").write_text("mine")
    assert names(tmp_path / "run") == [".lamina", "notes.txt"]
    assert names(tmp_path) == ["run"]


@pytest.mark.parametrize("marker", ["", "[]", "null", '{"files": 3}', '{"files": [[1]]}', "\udcff"])
def test_damaged_marker_protects_the_folder(tmp_path, marker):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / ".lamina").write_text(marker, errors="surrogateescape")
    (tmp_path / "run" / "a").write_text("mine")
    with pytest.raises(OutputError, match="did not write"):
        check_output_folder(tmp_path / "run")


def test_links_in_our_folder_are_foreign_and_not_entered(tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "a").write_text("mine")
    with atomic_folder(tmp_path / "run"):
        pass
    (tmp_path / "run" / "link").symlink_to(tmp_path / "data")
    with pytest.raises(OutputError, match="'link'"):
        check_output_folder(tmp_path / "run")


def test_current_folder_and_those_above_are_refused(tmp_path, monkeypatch):
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    for path in (tmp_path / "here", "..", "."):
        with pytest.raises(OutputError):
            check_output_folder(path)


def test_failed_rename_brings_the_old_folder_back(tmp_path, monkeypatch):
    with atomic_folder(tmp_path / "run") as partial:
        (partial / "old.txt").write_text("old")
    rename = Path.rename
    calls = []

    def failing(self, target):
        calls.append(self.name)
        if len(calls) == 2:
            raise OSError(errno.EIO, "input/output error", str(self))
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", failing)
    with pytest.raises(OutputError, match="input/output"), atomic_folder(tmp_path / "run"):
        pass
    assert names(tmp_path) == ["run"]
    assert (tmp_path / "run" / "old.txt").read_text() == "old"


@pytest.mark.parametrize("check", [check_output_file, check_output_folder])
def test_read_only_disk_shows_before_the_work(tmp_path, monkeypatch, check):
    """A read-only disk cannot be made here: the refusal of the system is put in its place."""

    def refuse(self, **_):
        raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(self))

    check(tmp_path / "a")
    assert names(tmp_path) == []
    monkeypatch.setattr(Path, "touch", refuse)
    with pytest.raises(OutputError, match="the disk is read-only; write elsewhere"):
        check(tmp_path / "a")


def test_read_only_files_and_links_in_a_result(tmp_path):
    with atomic_folder(tmp_path / "run") as partial:
        (partial / "a").write_text("1")
        (partial / "a").chmod(0o400)
        (partial / "link").symlink_to("nowhere")
    assert names(tmp_path / "run") == [".lamina", "a", "link"]


@posix
def test_disk_that_fills_up(tmp_path):
    """A file size limit stands in for a full disk: the kernel refuses the write half-way, as that does."""
    code = """
import numpy as np, resource, sys
from lamina.errors import OutputError
from lamina.io import atomic_folder, write_signal
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
for name in ("a.npy", "a.csv"):
    try:
        write_signal(name, np.arange(10_000.0))
    except OutputError as error:
        print(error)
try:
    with atomic_folder("run") as partial:
        (partial / "small").write_bytes(b"1")
        np.save(partial / "large.npy", np.zeros(10_000))
except OutputError as error:
    print(error)
"""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=60
    )
    assert done.stderr == ""
    assert [line.split(":")[0] for line in done.stdout.splitlines()] == [
        "cannot write a.npy",
        "cannot write a.csv",
        "cannot write run",
    ]
    assert names(tmp_path) == []


@posix
def test_interrupt_leaves_nothing(tmp_path):
    # whoever runs the tests in the background may have them ignore SIGINT, and processes inherit that
    code = """
import signal, time
from lamina.io import atomic_folder
signal.signal(signal.SIGINT, signal.default_int_handler)
with atomic_folder("run") as partial:
    (partial / "half").write_text("half")
    print("ready", flush=True)
    time.sleep(60)
"""
    with subprocess.Popen(
        [sys.executable, "-c", code], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        assert len(names(tmp_path)) == 1
        time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        process.wait(timeout=30)
    assert names(tmp_path) == []
