"""Archives that must not be unpacked are refused before a byte is written."""

import io
import stat
import struct
import warnings
import zipfile

import pytest

from geo.errors import FileProblem, LimitExceeded, UnsafeInput
from geo.ingest.readers.archives import check_archive, extracted
from geo.settings import get_settings


@pytest.fixture
def archive(tmp_path):
    """Write an archive of names and contents."""

    def write(members, compression=zipfile.ZIP_DEFLATED):
        path = tmp_path / "a.zip"
        with warnings.catch_warnings(), zipfile.ZipFile(path, "w", compression) as target:
            warnings.simplefilter("ignore")
            for name, content in members:
                target.writestr(name, content)
        return path

    return write


def test_what_is_in_a_good_archive(archive, tmp_path):
    path = archive([("folder/", ""), ("folder/имя.shp", b"abc"), ("readme.txt", b"")])
    members = check_archive(path)
    assert [member.filename for member in members] == ["folder/имя.shp", "readme.txt"]
    with extracted(path, members[:1]) as folder:
        assert [(entry.name, entry.read_bytes()) for entry in folder.iterdir()] == [("имя.shp", b"abc")]
        assert not folder.is_relative_to(tmp_path / "folder")
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert not folder.exists()


@pytest.mark.parametrize(
    "name",
    [
        "../a.shp",
        "a/../../b.shp",
        "/etc/a.shp",
        "C:/a.shp",
        "c:a.shp",
        "..\\a.shp",
        "a\\b.shp",
        "a\0/../b.shp",
        "//h/a",
    ],
)
def test_names_that_lead_elsewhere(archive, name):
    path = archive([("placeholder", b"x")])
    # the writer mends some of these names, so that they are put in afterwards
    plain = "p" * len(name.encode())
    path = archive([(plain, b"x")], zipfile.ZIP_STORED)
    path.write_bytes(path.read_bytes().replace(plain.encode(), name.encode()))
    with pytest.raises(UnsafeInput, match=r"^a\.zip: a name in the archive leads out of it"):
        check_archive(path)


def test_a_symbolic_link(archive):
    link = zipfile.ZipInfo("a.shp")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with pytest.raises(UnsafeInput, match=r"symbolic link \(value 'a\.shp'\)"):
        check_archive(archive([(link, "/etc/passwd")]))


@pytest.mark.parametrize("name", ["b.zip", "x/b.KMZ", "b.tar.gz", "b.7z"])
def test_an_archive_in_the_archive(archive, name):
    with pytest.raises(UnsafeInput, match=r"another archive"):
        check_archive(archive([(name, b"x")]))


def test_an_encrypted_archive(archive):
    path = archive([("a.shp", b"abc")])
    content = bytearray(path.read_bytes())
    for signature, offset in ((b"PK\x01\x02", 8), (b"PK\x03\x04", 6)):
        content[content.index(signature) + offset] |= 1
    path.write_bytes(content)
    with pytest.raises(FileProblem, match=r"encrypted"):
        check_archive(path)


@pytest.mark.parametrize("content", [b"PK\x03\x04", b"no archive", b"PK\x05\x06" + bytes(10)])
def test_what_is_no_archive(tmp_path, content):
    path = tmp_path / "a.zip"
    path.write_bytes(content)
    with pytest.raises(FileProblem, match=r"^a\.zip: not a zip file that can be read"):
        check_archive(path)


def test_too_many_files(archive, monkeypatch):
    monkeypatch.setattr(get_settings(), "archive_entries_max", 3)
    assert len(check_archive(archive([(str(i), b"") for i in range(3)]))) == 3
    with pytest.raises(LimitExceeded, match=r"4 files.*SHALGAI_ARCHIVE_ENTRIES_MAX"):
        check_archive(archive([(str(i), b"") for i in range(4)]))


def test_too_much_unpacked(archive, monkeypatch):
    monkeypatch.setattr(get_settings(), "input_bytes_max", 1000)
    assert check_archive(archive([("a", bytes(500)), ("b", bytes(500))]))
    with pytest.raises(LimitExceeded, match=r"1,001 bytes.*SHALGAI_INPUT_BYTES_MAX"):
        check_archive(archive([("a", bytes(500)), ("b", bytes(501))]))


def test_a_zip_bomb(archive):
    assert check_archive(archive([("a", bytes(2**20))]))
    with pytest.raises(LimitExceeded, match=r"more than 200 times.*SHALGAI_ARCHIVE_RATIO_MAX"):
        check_archive(archive([("a", bytes(2**20 + 1))]))


@pytest.mark.parametrize("stated", [10, 2**31])
def test_headers_that_lie_about_the_size(archive, monkeypatch, stated):
    path = archive([("a", bytes(range(256)) * 40)], zipfile.ZIP_STORED)
    content = path.read_bytes()
    path.write_bytes(content.replace(struct.pack("<I", 10_240), struct.pack("<I", stated)))
    monkeypatch.setattr(get_settings(), "archive_ratio_max", 10**9)
    members = check_archive(path)
    with pytest.raises((FileProblem, LimitExceeded), match=r"^a\.zip"), extracted(path, members):
        pytest.fail("unpacked")


def test_unpacked_bytes_are_counted_whatever_is_stated(archive, monkeypatch):
    path = archive([("a", bytes(5000))])
    members = check_archive(path)
    monkeypatch.setattr(get_settings(), "input_bytes_max", 4999)
    with pytest.raises(LimitExceeded, match="SHALGAI_INPUT_BYTES_MAX"), extracted(path, members):
        pytest.fail("unpacked")


def test_a_damaged_member(archive):
    path = archive([("a", bytes(range(256)) * 40)])
    members = check_archive(path)
    content = bytearray(path.read_bytes())
    content[60] ^= 0xFF
    path.write_bytes(content)
    with pytest.raises(FileProblem, match="not a zip file that can be read"), extracted(path, members):
        pytest.fail("unpacked")


def test_members_of_one_name(tmp_path):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as target:
        target.writestr("x/a.shp", b"1")
        target.writestr("y/a.shp", b"2")
    path = tmp_path / "a.zip"
    path.write_bytes(buffer.getvalue())
    with pytest.raises(FileProblem), extracted(path, check_archive(path)):
        pytest.fail("unpacked")
