"""Downloads that break off go on, and nothing counts as done before its checksum holds."""

import hashlib
import http.server
import os
import shutil
import subprocess
import sys
import threading

import numpy as np
import pytest

from lamina.datasets import cache, download
from lamina.datasets.cache import alone_in, cache_folder
from lamina.datasets.checksums import check_checksum, parse_checksums, verify
from lamina.datasets.download import fetch, fetch_text
from lamina.datasets.obtaining import check_source, obtain
from lamina.errors import ArgumentError, ArgumentTypeError, FileError, OutputError

CONTENT = np.random.default_rng(0).integers(0, 256, 300_000, dtype=np.uint8).tobytes()
MD5 = "md5:" + hashlib.md5(CONTENT).hexdigest()
SHA256 = "sha256:" + hashlib.sha256(CONTENT).hexdigest()


class Server(http.server.ThreadingHTTPServer):
    """Serves one content, as badly as it is told to, and remembers what it was asked for."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.content = CONTENT
        self.tag = '"one"'
        self.ranges = True
        self.length = True
        self.cuts = []  # bytes after which each request breaks off
        self.statuses = []  # answers in place of the content
        self.shift = 0  # how far the parts are from those that were asked for
        self.asked = []
        self.sent = 0

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_address[1]}/file.bin"


class Handler(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def do_GET(self):
        server = self.server
        wanted = self.headers.get("Range")
        server.asked.append(wanted)
        if server.statuses:
            self.send_error(server.statuses.pop(0))
            return
        start = 0
        condition = self.headers.get("If-Range")
        if wanted and server.ranges and condition in (None, server.tag):
            start = int(wanted.removeprefix("bytes=").removesuffix("-"))
            if start >= len(server.content):
                self.send_response(416)
                self.send_header("Content-Range", f"bytes */{len(server.content)}")
                self.end_headers()
                return
            self.send_response(206)
            last = len(server.content) - 1
            self.send_header("Content-Range", f"bytes {start + server.shift}-{last}/{len(server.content)}")
        else:
            self.send_response(200)
        body = server.content[start:]
        if server.tag:
            self.send_header("ETag", server.tag)
        if server.length:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        body = body[: server.cuts.pop(0)] if server.cuts else body
        server.sent += len(body)
        self.wfile.write(body)


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setattr(download, "PAUSE_S", 0.0)
    with Server() as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield running
        running.shutdown()
        thread.join()


def only(folder, *names):
    assert {path.name for path in folder.iterdir()} == set(names)


@pytest.mark.parametrize("checksum", [MD5, SHA256, None], ids=["md5", "sha256", "unknown"])
def test_a_file_is_fetched_whole(server, tmp_path, checksum):
    assert fetch(server.url, tmp_path / "got", checksum) == tmp_path / "got"
    assert (tmp_path / "got").read_bytes() == CONTENT
    only(tmp_path, "got")


def test_a_transfer_that_breaks_off_goes_on_where_it_stopped(server, tmp_path):
    server.cuts = [100_000, 50_000]
    fetch(server.url, tmp_path / "got", MD5)
    assert server.asked == [None, "bytes=100000-", "bytes=150000-"]
    assert server.sent == len(CONTENT)
    assert (tmp_path / "got").read_bytes() == CONTENT
    only(tmp_path, "got")


def test_what_was_interrupted_goes_on_in_the_next_call(server, tmp_path):
    server.cuts = [100_000]
    with pytest.raises(FileError, match=r"broke off after 100,000 of 300,000 bytes; 100,000 bytes are kept"):
        fetch(server.url, tmp_path / "got", MD5, attempts=1)
    only(tmp_path, "got.part", "got.part.tag")
    fetch(server.url, tmp_path / "got", MD5)
    assert server.asked[-1] == "bytes=100000-"
    assert server.sent == len(CONTENT)
    assert (tmp_path / "got").read_bytes() == CONTENT
    only(tmp_path, "got")


def test_a_server_without_ranges_sends_all_again(server, tmp_path):
    server.cuts, server.ranges = [100_000], False
    fetch(server.url, tmp_path / "got", MD5)
    assert server.sent == 100_000 + len(CONTENT)
    assert (tmp_path / "got").read_bytes() == CONTENT


def test_a_file_that_changed_on_the_server_is_not_mixed_with_its_predecessor(server, tmp_path):
    server.cuts = [100_000]
    with pytest.raises(FileError):
        fetch(server.url, tmp_path / "got", None, attempts=1)
    server.content, server.tag = CONTENT[::-1], '"two"'
    fetch(server.url, tmp_path / "got", None)
    assert (tmp_path / "got").read_bytes() == CONTENT[::-1]


def test_without_checksum_and_tag_nothing_is_resumed(server, tmp_path):
    server.cuts, server.tag = [100_000], ""
    fetch(server.url, tmp_path / "got", None)
    assert server.asked == [None, None]
    assert (tmp_path / "got").read_bytes() == CONTENT


def test_a_damaged_beginning_is_fetched_anew(server, tmp_path):
    (tmp_path / "got.part").write_bytes(b"x" * 100_000)
    fetch(server.url, tmp_path / "got", MD5)
    assert server.asked == ["bytes=100000-", None]
    assert (tmp_path / "got").read_bytes() == CONTENT


def test_a_part_that_is_whole_already_is_taken(server, tmp_path):
    (tmp_path / "got.part").write_bytes(CONTENT)
    fetch(server.url, tmp_path / "got", MD5)
    assert server.sent == 0
    assert (tmp_path / "got").read_bytes() == CONTENT


def test_a_part_that_is_too_long_is_fetched_anew(server, tmp_path):
    (tmp_path / "got.part").write_bytes(CONTENT + b"more")
    fetch(server.url, tmp_path / "got", MD5)
    assert (tmp_path / "got").read_bytes() == CONTENT


def test_parts_from_the_wrong_place_are_not_used(server, tmp_path):
    (tmp_path / "got.part").write_bytes(CONTENT[:1000])
    server.shift = 7
    with pytest.raises(FileError, match="another part than was asked for"):
        fetch(server.url, tmp_path / "got", MD5, attempts=2)
    assert not (tmp_path / "got").exists()


def test_a_wrong_checksum_leaves_nothing(server, tmp_path):
    wrong = "md5:" + "0" * 32
    with pytest.raises(FileError, match=r"300,000 bytes that do not have the checksum md5:0{32}"):
        fetch(server.url, tmp_path / "got", wrong)
    only(tmp_path)


def test_a_server_that_hides_the_length_is_believed_only_with_a_checksum(server, tmp_path):
    server.length, server.cuts = False, [100_000]
    with pytest.raises(FileError, match="do not have the checksum"):
        fetch(server.url, tmp_path / "got", MD5)
    only(tmp_path)
    fetch(server.url, tmp_path / "got", MD5)
    assert (tmp_path / "got").read_bytes() == CONTENT


def test_a_busy_server_is_asked_again_and_a_missing_file_is_not(server, tmp_path):
    server.statuses = [503, 429]
    fetch(server.url, tmp_path / "got", MD5)
    assert len(server.asked) == 3
    server.statuses = [404, 404]
    with pytest.raises(FileError, match="404 Not Found"):
        fetch(server.url, tmp_path / "other", MD5)
    assert len(server.asked) == 4
    only(tmp_path, "got")


def test_no_server_is_said_at_once(server, tmp_path, monkeypatch):
    url = server.url
    server.shutdown()
    server.server_close()
    monkeypatch.setattr(
        download.time, "sleep", lambda _: pytest.fail("waited for a server that is not there")
    )
    with pytest.raises(FileError, match="Check the connection and the address"):
        fetch(url, tmp_path / "got", MD5)
    only(tmp_path)


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://host/file", "nothing"])
def test_only_web_addresses_are_opened(url, tmp_path):
    with pytest.raises(ArgumentError, match=r"^base_url must be an address"):
        fetch(url, tmp_path / "got", MD5)


def test_a_disk_that_is_too_small_is_noticed_before_it_is_full(server, tmp_path, monkeypatch):
    monkeypatch.setattr(download.shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(10, 5, 5))
    with pytest.raises(OutputError, match="300,000 bytes are to come and the disk has 5 free"):
        fetch(server.url, tmp_path / "got", MD5)
    assert not (tmp_path / "got").exists()


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="the system has no /dev/full")
def test_a_full_disk_is_named(server, tmp_path):
    (tmp_path / "got.part").symlink_to("/dev/full")
    with pytest.raises(OutputError, match="No space left on device"):
        fetch(server.url, tmp_path / "got", MD5)
    assert not (tmp_path / "got").exists()


def test_a_folder_that_is_missing_is_named(server, tmp_path):
    with pytest.raises(OutputError, match="No such file or directory"):
        fetch(server.url, tmp_path / "missing" / "got", MD5)


def test_progress_is_told(server, tmp_path):
    told = []
    fetch(server.url, tmp_path / "got", MD5, progress=lambda fraction, text: told.append((fraction, text)))
    assert told[0][0] == 0.0
    assert told[-1] == (1.0, "got: 0.3 of 0.3 MB")
    fractions = [fraction for fraction, _ in told]
    assert fractions == sorted(fractions)
    with pytest.raises(ArgumentTypeError, match=r"^progress must be"):
        fetch(server.url, tmp_path / "other", MD5, progress="yes")


def test_progress_on_a_terminal_that_is_none_says_nothing(server, tmp_path, capsys):
    fetch(server.url, tmp_path / "got", MD5, progress=True)
    assert capsys.readouterr().out == ""


def test_a_killed_process_leaves_what_the_next_one_goes_on_with(server, tmp_path):
    """The first process dies without any chance to clean up; the second one asks for the rest."""
    script = (
        "import os, sys; from pathlib import Path; from lamina.datasets import download\n"
        "download.BLOCK = 10_000\n"
        "def tell(fraction, text):\n"
        "    if fraction > 0.4: os._exit(9)\n"
        "download.fetch(sys.argv[1], Path(sys.argv[2]), sys.argv[3], progress=tell)\n"
    )
    arguments = [sys.executable, "-c", script, server.url, str(tmp_path / "got"), MD5]
    assert subprocess.run(arguments, check=False, timeout=60).returncode == 9
    kept = (tmp_path / "got.part").stat().st_size
    assert kept >= 100_000
    assert not (tmp_path / "got").exists()
    fetch(server.url, tmp_path / "got", MD5)
    assert server.asked == [None, f"bytes={kept}-"]
    assert (tmp_path / "got").read_bytes() == CONTENT


def test_checksums_agree_with_the_systems_own(tmp_path):
    file = tmp_path / "file"
    file.write_bytes(b"abc")
    # RFC 1321 and FIPS 180-2
    assert verify(file, "md5:900150983CD24FB0D6963F7D28E17F72")
    assert verify(file, "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    assert not verify(file, "md5:" + "0" * 32)


@pytest.mark.parametrize("value", ["", "md5:12", "sha1:" + "0" * 40, "0" * 32, "md5:" + "g" * 32, None, 3])
def test_what_is_no_checksum_is_refused(value):
    with pytest.raises(ArgumentError, match=r"^checksum must be"):
        check_checksum(value)


def test_lists_of_checksums_are_read_as_md5sum_writes_them():
    text = f"{'a' * 32}  shd_train.h5.gz\n{'B' * 32} *./shd_test.h5.gz\n\n# note\n{'c' * 64}  a file.zip\n"
    assert parse_checksums(text, "list") == {
        "shd_train.h5.gz": "md5:" + "a" * 32,
        "shd_test.h5.gz": "md5:" + "b" * 32,
        "a file.zip": "sha256:" + "c" * 64,
    }


@pytest.mark.parametrize("text", ["<html>moved</html>", "a" * 31 + "  name", "a" * 32])
def test_what_is_no_list_is_refused(text):
    with pytest.raises(FileError, match="no list of checksums"):
        parse_checksums(text, "list")


def test_texts_are_fetched_or_refused(server):
    server.content = b"abc"
    assert fetch_text(server.url) == "abc"
    server.statuses = [404]
    with pytest.raises(FileError, match="404"):
        fetch_text(server.url)


def test_an_archive_put_there_by_hand_is_verified(server, tmp_path):
    (tmp_path / "file.bin").write_bytes(CONTENT)
    settings = {"download": False, "base_url": "http://nowhere.invalid"}
    assert obtain(tmp_path, "file.bin", checksums={"file.bin": MD5}, **settings) == (
        tmp_path / "file.bin",
        False,
    )
    (tmp_path / "file.bin").write_bytes(CONTENT[:-1])
    with pytest.raises(FileError, match="does not have the checksum"):
        obtain(tmp_path, "file.bin", checksums={"file.bin": MD5}, **settings)
    assert (tmp_path / "file.bin").exists()
    with pytest.raises(ArgumentError, match=r"^checksums must be a mapping that has file"):
        obtain(tmp_path, "file.bin", checksums={}, **settings)


def test_arguments_of_the_loaders_are_checked():
    check_source(True, "http://host", None)
    for arguments, name in [
        ((1, "http://host", None), "download"),
        ((True, 3, None), "base_url"),
        ((True, "http://host", "md5"), "checksums"),
    ]:
        with pytest.raises(ArgumentTypeError, match=f"^{name} must be"):
            check_source(*arguments)


def test_the_default_folder_is_that_of_the_environment(monkeypatch, tmp_path):
    monkeypatch.setenv("LAMINA_DATA", str(tmp_path))
    assert cache_folder(None, "shd") == tmp_path / "shd"
    assert cache_folder(tmp_path / "mine", "shd") == tmp_path / "mine"
    monkeypatch.delenv("LAMINA_DATA")
    monkeypatch.setattr(cache.Path, "home", lambda: tmp_path / "home")
    assert cache_folder(None, "shd") == tmp_path / "home" / ".cache" / "lamina" / "shd"
    (tmp_path / "file").touch()
    with pytest.raises(FileError, match="is a file, not a folder"):
        cache_folder(tmp_path / "file", "shd")
    # which the system does not even look up; one that may not be entered is alike
    monkeypatch.setenv("LAMINA_DATA", "a" * 5000)
    with pytest.raises(FileError, match=r"cannot be used .*LAMINA_DATA"):
        cache_folder(None, "shd")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such locks")
def test_a_second_process_waits_for_the_first(tmp_path):
    script = (
        "import sys; from pathlib import Path; from lamina.datasets.cache import alone_in\n"
        "print('asks', flush=True)\n"
        "with alone_in(Path(sys.argv[1])): print(Path(sys.argv[1], 'done').exists(), flush=True)\n"
    )
    with alone_in(tmp_path / "data"):
        other = subprocess.Popen(
            [sys.executable, "-c", script, tmp_path / "data"], stdout=subprocess.PIPE, text=True
        )
        assert other.stdout.readline() == "asks\n"
        # without a lock it would be done by now
        with pytest.raises(subprocess.TimeoutExpired):
            other.wait(timeout=0.3)
        (tmp_path / "data" / "done").touch()
    assert other.communicate(timeout=60)[0] == "True\n"


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").touch()
    with (
        pytest.raises(OutputError, match="Give another folder, or set LAMINA_DATA"),
        alone_in(tmp_path / "file" / "x"),
    ):
        pass
