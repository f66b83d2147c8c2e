"""Archives cannot leave their folder, and what is half unpacked does not exist."""

import gzip
import io
import os
import stat
import tarfile
import zipfile

import pytest

from lamina.datasets import unpacking
from lamina.datasets.unpacking import unpack_file, unpack_tar
from lamina.errors import FileError, OutputError

OUTSIDE = "outside the folder"


def member(name, kind=tarfile.REGTYPE, content=b"abc", link=""):
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, link
    info.size = len(content) if kind == tarfile.REGTYPE else 0
    return info, content


def make_tar(path, *members, mode="w:gz"):
    with tarfile.open(path, mode) as archive:
        for info, content in members:
            archive.addfile(info, io.BytesIO(content) if info.size else None)
    return path


def make_zip(path, **members):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


@pytest.fixture
def room(tmp_path):
    """A folder within a folder, with a file outside that must stay as it is."""
    (tmp_path / "precious").write_text(OUTSIDE)
    (tmp_path / "room").mkdir()
    yield tmp_path / "room"
    assert (tmp_path / "precious").read_text() == OUTSIDE
    assert {path.name for path in tmp_path.iterdir()} == {"precious", "room"}


def left_in(room):
    return sorted(path.name for path in room.iterdir())


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:bz2", "w:xz"])
def test_files_and_folders_come_out_as_they_went_in(room, mode):
    members = [
        member("./", tarfile.DIRTYPE),
        member("./yes", tarfile.DIRTYPE),
        member("./yes/a.wav", content=b"sound" * 1000),
        member("no/deep/b.wav"),
        member("whole", content=b"a name like any other"),
        member("empty", content=b""),
    ]
    archive = make_tar(room / "a.tar", *members, mode=mode)
    assert unpack_tar(archive, room / "out") == room / "out"
    with tarfile.open(archive) as opened:
        expected = {
            os.path.normpath(info.name): opened.extractfile(info).read() for info in opened if info.isfile()
        }
    found = {
        str(path.relative_to(room / "out")): path for path in (room / "out").rglob("*") if path.is_file()
    }
    assert {name: path.read_bytes() for name, path in found.items()} == expected
    assert len(expected) == 4
    assert left_in(room) == ["a.tar", "out"]
    assert stat.S_IMODE((room / "out").stat().st_mode) & 0o500 == 0o500


EVIL = {
    "parent": member("../precious"),
    "deep-parent": member("a/../../precious"),
    "parent-folder": member("../made", tarfile.DIRTYPE),
    "absolute": member("/" + "tmp/lamina_was_here"),
    "drive": member("C:/precious"),
    "backslash": member("..\\precious"),
    "backslash-root": member("\\precious"),
    "control-character": member("a\nb"),
    "endless-name": member("a" * 300),
    "no-text": member("a\udcff"),
    "no-name": member("."),
    "symlink": member("link", tarfile.SYMTYPE, link="../precious"),
    "inner-symlink": member("link", tarfile.SYMTYPE, link="good"),
    "hard-link": member("link", tarfile.LNKTYPE, link="../precious"),
    "pipe": member("pipe", tarfile.FIFOTYPE),
    "character-device": member("device", tarfile.CHRTYPE),
    "block-device": member("device", tarfile.BLKTYPE),
}


@pytest.mark.parametrize("name", sorted(EVIL))
def test_what_leads_elsewhere_is_refused_by_name(room, name):
    archive = make_tar(room / "a.tar.gz", member("good"), EVIL[name])
    with pytest.raises(FileError, match="is not unpacked: its member") as caught:
        unpack_tar(archive, room / "out")
    assert repr(EVIL[name][0].name) in str(caught.value)
    assert left_in(room) == ["a.tar.gz"]


def test_nothing_is_written_through_what_is_there_already(room):
    archive = make_tar(room / "a.tar.gz", member("file"), member("file", content=b"other"))
    with pytest.raises(FileError, match="'file' is there twice"):
        unpack_tar(archive, room / "out")
    archive = make_tar(room / "a.tar.gz", member("file"), member("file/inner"))
    with pytest.raises(FileError, match="both a file and a folder"):
        unpack_tar(archive, room / "out")
    assert left_in(room) == ["a.tar.gz"]


def test_bombs_end_early(room, monkeypatch):
    archive = make_tar(
        room / "a.tar.gz", member("one", content=b"\0" * 600), member("two", content=b"\0" * 600)
    )
    with pytest.raises(FileError, match="'two' takes 600 bytes where 400 are left"):
        unpack_tar(archive, room / "out", most_bytes=1000)
    monkeypatch.setattr(unpacking, "MOST_MEMBERS", 1)
    with pytest.raises(FileError, match="more than 1 members"):
        unpack_tar(archive, room / "out")
    (room / "b.gz").write_bytes(gzip.compress(b"\0" * 10_000))
    with pytest.raises(FileError, match="more than it should"):
        unpack_file(room / "b.gz", room / "b", most_bytes=9_999)
    make_zip(room / "c.zip", c=b"\0" * 10_000)
    with pytest.raises(FileError, match="takes 10,000 bytes"):
        unpack_file(room / "c.zip", room / "c", most_bytes=9_999)
    assert left_in(room) == ["a.tar.gz", "b.gz", "c.zip"]


@pytest.mark.parametrize("keep", [0.0, 0.3, 0.6, 0.95])
def test_archives_cut_short_are_refused(room, keep):
    content = bytes(range(256)) * 40
    whole = make_tar(
        room / "a.tar.gz", *(member(f"file{k}", content=content[k:]) for k in range(20))
    ).read_bytes()
    (room / "a.tar.gz").write_bytes(whole[: int(keep * len(whole))])
    with pytest.raises(FileError, match="damaged or no archive"):
        unpack_tar(room / "a.tar.gz", room / "out")
    zipped = gzip.compress(content)
    (room / "b.gz").write_bytes(zipped[: max(1, int(keep * len(zipped)))])
    with pytest.raises(FileError, match="damaged or no archive"):
        unpack_file(room / "b.gz", room / "b")
    zipped = make_zip(room / "c.zip", c=content).read_bytes()
    (room / "c.zip").write_bytes(zipped[: int(keep * len(zipped))])
    with pytest.raises(FileError, match="damaged or no archive"):
        unpack_file(room / "c.zip", room / "c")
    assert left_in(room) == ["a.tar.gz", "b.gz", "c.zip"]


@pytest.mark.parametrize("zipped", [False, True], ids=["tar", "tar.gz"])
@pytest.mark.parametrize(
    "damage",
    [
        lambda whole: whole[:7680],
        lambda whole: whole[:7780],
        lambda whole: whole[:7800] + b"\1" + whole[7801:],
        lambda whole: whole[:7680] + bytes(512) + whole[8192:],
        lambda whole: whole[:7680] + bytes(100) + b"\1" + bytes(411) + whole[8192:],
    ],
    ids=["between members", "in a header", "flipped header", "zeros", "no checksum"],
)
def test_an_archive_that_ends_before_its_end_is_refused(room, damage, zipped):
    # each of ten members takes 512 bytes for its header and 1024 for its content
    members = [member(f"file{k}", content=bytes([k]) * 1000) for k in range(10)]
    damaged = damage(make_tar(room / "a.tar", *members, mode="w").read_bytes())
    (room / "a.tar").write_bytes(gzip.compress(damaged) if zipped else damaged)
    with pytest.raises(FileError, match="damaged or no archive"):
        unpack_tar(room / "a.tar", room / "out")
    assert left_in(room) == ["a.tar"]


def test_the_sum_of_a_compressed_archive_is_checked(room):
    whole = bytearray(make_tar(room / "a.tar.gz", member("file")).read_bytes())
    whole[-6] ^= 1
    (room / "a.tar.gz").write_bytes(whole)
    with pytest.raises(FileError, match="damaged or no archive"):
        unpack_tar(room / "a.tar.gz", room / "out")
    assert left_in(room) == ["a.tar.gz"]


def test_what_comes_behind_the_end_is_not_looked_at(room):
    plain = make_tar(room / "a.tar", member("file"), mode="w").read_bytes()
    # some programs write one block of zeros, others fill their last block with whatever they have
    for end in (bytes(512), bytes(1024) + b"whatever" * 100):
        (room / "a.tar").write_bytes(plain[:1024] + end)
        unpack_tar(room / "a.tar", room / "out")
        assert (room / "out" / "file").read_bytes() == b"abc"
        (room / "out" / "file").unlink()
        (room / "out").rmdir()
    (room / "a.tar").write_bytes(plain + bytes(10_000))
    with pytest.raises(FileError, match="goes on behind its end"):
        unpack_tar(room / "a.tar", room / "out", most_bytes=10_000)


def test_paths_and_notes_have_a_longest(room, monkeypatch):
    archive = make_tar(room / "a.tar.gz", member("/".join(["a" * 200] * 30)))
    with pytest.raises(FileError, match="path that is too long"):
        unpack_tar(archive, room / "out")
    monkeypatch.setattr(unpacking, "_LONGEST_NOTE", 1000)
    with pytest.raises(FileError, match=r"notes of 6,\d+ bytes"):
        unpack_tar(archive, room / "out")
    assert left_in(room) == ["a.tar.gz"]


def test_flipped_bits_are_refused(room):
    content = os.urandom(5000)
    for name, zipped in (
        ("b.gz", gzip.compress(content)),
        ("b.zip", make_zip(room / "b.zip", b=content).read_bytes()),
    ):
        damaged = bytearray(zipped)
        damaged[2000] ^= 255
        (room / name).write_bytes(damaged)
        with pytest.raises(FileError, match="damaged or no archive"):
            unpack_file(room / name, room / "b")
    assert left_in(room) == ["b.gz", "b.zip"]


def test_the_one_file_comes_out(room):
    (room / "b.h5.gz").write_bytes(gzip.compress(b"abc"))
    unpack_file(room / "b.h5.gz", room / "b.h5")
    make_zip(room / "c.h5.zip", **{"c.h5": b"def", "__MACOSX/c.h5": b"no"})
    unpack_file(room / "c.h5.zip", room / "c.h5")
    assert ((room / "b.h5").read_bytes(), (room / "c.h5").read_bytes()) == (b"abc", b"def")
    assert left_in(room) == ["b.h5", "b.h5.gz", "c.h5", "c.h5.zip"]


@pytest.mark.parametrize("name", ["../precious", "/precious", "C:\\precious", "a/../../precious"])
def test_zip_members_that_lead_elsewhere_are_refused_by_name(room, name):
    make_zip(room / "c.zip", **{"c": b"def", name: b"evil"})
    with pytest.raises(FileError, match="is not unpacked: its member"):
        unpack_file(room / "c.zip", room / "c")
    assert left_in(room) == ["c.zip"]


def test_links_in_a_zip_are_refused(room):
    with zipfile.ZipFile(room / "c.zip", "w") as archive:
        info = zipfile.ZipInfo("c")
        info.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(info, "../precious")
    with pytest.raises(FileError, match="'c' is a link or a device"):
        unpack_file(room / "c.zip", room / "c")


def test_a_zip_without_the_file_says_what_it_holds(room):
    make_zip(room / "c.zip", other=b"def")
    with pytest.raises(FileError, match="does not hold c once; it holds other"):
        unpack_file(room / "c.zip", room / "c")


def test_what_exists_is_not_replaced(room):
    archive = make_tar(room / "a.tar.gz", member("good"))
    (room / "out").mkdir()
    with pytest.raises(FileError, match="exists already"):
        unpack_tar(archive, room / "out")
    assert left_in(room) == ["a.tar.gz", "out"]


def test_an_interruption_leaves_nothing(room, monkeypatch):
    archive = make_tar(room / "a.tar.gz", member("one"), member("two"))
    copied = []

    def interrupted(*arguments):
        if copied:
            raise KeyboardInterrupt
        copied.append(arguments)

    monkeypatch.setattr(unpacking, "_copy", interrupted)
    with pytest.raises(KeyboardInterrupt):
        unpack_tar(archive, room / "out")
    assert left_in(room) == ["a.tar.gz"]


def test_a_disk_that_cannot_be_written_is_named(room, monkeypatch):
    archive = make_tar(room / "a.tar.gz", member("one"))

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(unpacking, "_copy", full)
    with pytest.raises(OutputError, match="No space left on device"):
        unpack_tar(archive, room / "out")
    assert left_in(room) == ["a.tar.gz"]
