"""`shalgai fetch` as its users meet it, against a server on this machine."""

import hashlib
import json
import shlex
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from api import cli
from api.commands import fetch as cli_fetch
from geo.bundled import data_path
from geo.ingest.kinds import Kind
from geo.remote.download import State
from geo.remote.exchange import Client
from geo.remote.fetch import Fetched
from geo.settings import get_settings
from geo.workspace.catalogue import Catalogue

PBF = b"\0\0\0\x0e\n\tOSMHeader" + b"\x18" * 3000
TIFF = b"II*\0" + b"\x07" * 500
PARQUET = b"PAR1" + b"\0" * 100 + b"PAR1"
GEOJSON = b'{"type": "FeatureCollection", "features": []}'
MODIFIED = "Mon, 02 Nov 2026 10:00:00 GMT"


class Site(ThreadingHTTPServer):
    """Serves `files` by path and query; a path with a status answers with that."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.files: dict[str, bytes | int] = {}
        self.paths: list[str] = []
        self.root = f"http://127.0.0.1:{self.server_address[1]}"
        self.exempt = frozenset({f"127.0.0.1:{self.server_address[1]}"})


class _Handler(BaseHTTPRequestHandler):
    server: Site

    def do_GET(self) -> None:
        self.server.paths.append(self.path)
        found = self.server.files.get(self.path, 404)
        content = b"" if isinstance(found, int) else found
        etag = f'"{hashlib.sha256(content).hexdigest()}"'
        status = found if isinstance(found, int) else 304 if self.headers.get("If-None-Match") == etag else 200
        self.send_response(status)
        if status == 200:
            self.send_header("Content-Length", str(len(content)))
        self.send_header("ETag", etag)
        self.send_header("Last-Modified", MODIFIED)
        self.end_headers()
        if status == 200:
            self.wfile.write(content)

    def log_message(self, *arguments: object) -> None:
        """Keep the test output clean."""


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """The server, the bundled list of sources pointed at it, and settings without a token."""
    with Site() as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        text = Path(__file__).parents[2].joinpath("data/sources.toml").read_text(encoding="utf-8")
        for host in ("download.geofabrik.de", "www.geoboundaries.org", "opencellid.org", "data.worldpop.org"):
            text = text.replace(f"https://{host}/", f"{running.root}/")
        for bucket in ("copernicus-dem-30m", "copernicus-dem-90m", "ookla-open-data"):
            text = text.replace(f"https://{bucket}.s3.amazonaws.com/", f"{running.root}/")
        (tmp_path / "sources.toml").write_text(text, encoding="utf-8")
        client = Client(exempt=running.exempt, proxies={})
        monkeypatch.setattr(cli_fetch, "_client", lambda: client)
        monkeypatch.delenv("SHALGAI_OPENCELLID_TOKEN", raising=False)
        get_settings.cache_clear()
        yield running
        running.shutdown()
        thread.join()
    get_settings.cache_clear()


Shalgai = Callable[..., tuple[int, str, str]]


@pytest.fixture
def shalgai(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Shalgai:
    """Runs the command line; gives its exit code, output and messages."""

    def run(*arguments: str) -> tuple[int, str, str]:
        own = ["--sources", str(tmp_path / "sources.toml"), "--workspace", str(tmp_path / "var")]
        monkeypatch.setattr("sys.argv", ["shalgai", *arguments, *own])
        with pytest.raises(SystemExit) as caught:
            cli.main()
        shown = capsys.readouterr()
        code = caught.value.code
        return code if isinstance(code, int) else 0, shown.out, shown.err

    return run


def nowhere(host: str, port: int) -> list[str]:
    """A name server out of reach."""
    raise OSError


def openstreetmap(site: Site) -> None:
    path = "/asia/kazakhstan-latest.osm.pbf"
    site.files[path] = PBF
    site.files[f"{path}.md5"] = f"{hashlib.md5(PBF, usedforsecurity=False).hexdigest()}  a.osm.pbf\n".encode()


def test_the_list_names_every_source_with_licence_credit_and_kind(site: Site, shalgai: Shalgai) -> None:
    code, out, _ = shalgai("fetch", "--list")
    assert code == 0
    for word in ("openstreetmap", "ODbL-1.0", "© OpenStreetMap contributors", "worldpop-100m", "token    needed"):
        assert word in out
    assert site.paths == []


def test_an_extract_is_checked_and_the_commands_that_ingest_it_are_exact(
    site: Site, shalgai: Shalgai, tmp_path: Path
) -> None:
    openstreetmap(site)
    code, out, err = shalgai("fetch", "openstreetmap")
    path = tmp_path / "var" / "remote" / "openstreetmap" / "kaz-latest.osm.pbf"
    assert (code, path.read_bytes()) == (0, PBF)
    assert f"{path} (new, fetched" in out
    assert "data of 2026-11-02" in out
    assert "No md5" not in err
    commands = [shlex.split(line) for line in out.splitlines() if line.startswith("  shalgai ingest")]
    assert [words[2] for words in commands] == ["settlements", "roads", "facilities", "boundaries"]
    assert commands[0][3] == str(path)
    assert commands[0][commands[0].index("--licence") + 1] == "ODbL-1.0"
    assert commands[0][commands[0].index("--credit") + 1].startswith("© OpenStreetMap contributors")
    code, out, _ = shalgai("fetch", "openstreetmap")
    assert (code, "(unchanged, fetched" in out) == (0, True)


def test_a_wrong_checksum_is_refused_and_a_missing_one_told(site: Site, shalgai: Shalgai, tmp_path: Path) -> None:
    openstreetmap(site)
    site.files["/asia/kazakhstan-latest.osm.pbf.md5"] = b"0" * 32
    code, _, err = shalgai("fetch", "openstreetmap")
    assert (code, "another md5 than published" in err) == (2, True)
    assert not (tmp_path / "var/remote/openstreetmap/kaz-latest.osm.pbf").exists()
    del site.files["/asia/kazakhstan-latest.osm.pbf.md5"]
    code, _, err = shalgai("fetch", "openstreetmap", "--refresh")
    assert (code, "No md5 is published" in err) == (0, True)


def test_a_file_that_changed_after_its_checksum_was_read_is_fetched_once_more(site: Site, shalgai: Shalgai) -> None:
    openstreetmap(site)

    class Changing(dict[str, bytes | int]):
        def get(self, path: str, default: bytes | int) -> bytes | int:  # type: ignore[override]
            if path.endswith(".md5") and not any(seen.endswith(".pbf") for seen in site.paths):
                return b"0" * 32
            return super().get(path, default)

    site.files = Changing(site.files)
    code, _, _ = shalgai("fetch", "openstreetmap")
    assert code == 0
    assert [path.rpartition(".")[2] for path in site.paths] == ["md5", "pbf", "md5", "pbf"]


def test_boundaries_are_found_by_their_index_with_its_licence(site: Site, shalgai: Shalgai) -> None:
    index = {
        "gjDownloadURL": f"{site.root}/raw/KAZ-ADM2.geojson",
        "boundaryLicense": "Open Data Commons Open Database License 1.0",
        "boundarySource": "OpenStreetMap, Wambacher",
        "boundaryYearRepresented": "2017",
    }
    site.files["/api/current/gbOpen/KAZ/ADM2/"] = json.dumps(index).encode()
    site.files["/raw/KAZ-ADM2.geojson"] = GEOJSON
    code, out, _ = shalgai("fetch", "geoboundaries-adm2")
    assert code == 0
    assert "data of 2017" in out
    assert "--licence 'Open Data Commons Open Database License 1.0'" in out
    assert "from OpenStreetMap, Wambacher" in out


@pytest.mark.parametrize("body", [b"{not json", b"[]", b"{}"])
def test_an_index_that_says_nothing_is_refused(site: Site, shalgai: Shalgai, body: bytes) -> None:
    site.files["/api/current/gbOpen/KAZ/ADM2/"] = body
    code, _, err = shalgai("fetch", "geoboundaries-adm2")
    assert code == 2
    assert "index" in err
    assert "Traceback" not in err


def test_a_pointer_to_a_large_file_is_not_taken_for_boundaries(site: Site, shalgai: Shalgai) -> None:
    index = {"gjDownloadURL": f"{site.root}/raw/a.geojson"}
    site.files["/api/current/gbOpen/KAZ/ADM1/"] = json.dumps(index).encode()
    site.files["/raw/a.geojson"] = b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n"
    code, _, err = shalgai("fetch", "geoboundaries-adm1")
    assert (code, "is not geojson" in err) == (2, True)


def test_an_index_that_leads_into_a_private_network_is_refused(site: Site, shalgai: Shalgai) -> None:
    index = {"gjDownloadURL": "https://192.168.1.1/admin"}
    site.files["/api/current/gbOpen/KAZ/ADM1/"] = json.dumps(index).encode()
    code, _, err = shalgai("fetch", "geoboundaries-adm1")
    assert (code, "into a private network" in err) == (2, True)


def test_terrain_comes_by_tiles_and_the_sea_is_told(site: Site, shalgai: Shalgai) -> None:
    name = "Copernicus_DSM_COG_30_N50_00_E057_00_DEM"
    site.files[f"/{name}/{name}.tif"] = TIFF
    code, out, err = shalgai("fetch", "copernicus-dem-90", "--bbox", "56.5,50.2,57.5,50.8")
    assert code == 0
    assert f"{name}.tif (new" in out
    assert "no data for 1 of 2 tiles: Copernicus_DSM_COG_30_N50_00_E056_00_DEM.tif" in err
    code, _, err = shalgai("fetch", "copernicus-dem-90", "--bbox", "50.5,44.2,51.5,44.8")
    assert (code, "has none of 2 tiles" in err) == (2, True)


def test_terrain_is_fetched_for_the_region_unless_said_otherwise(site: Site, shalgai: Shalgai) -> None:
    code, _, err = shalgai("fetch", "copernicus-dem-90")
    assert (code, "has none of 84 tiles" in err) == (2, True)
    assert any("N45_00_E053_00" in path for path in site.paths)


def test_the_newest_published_quarter_is_taken(site: Site, shalgai: Shalgai, monkeypatch: pytest.MonkeyPatch) -> None:
    base = "/parquet/performance/type=mobile/year=2026/quarter=1/2026-01-01_performance_mobile_tiles.parquet"
    site.files[base] = PARQUET
    code, out, _ = shalgai("fetch", "ookla-mobile", "--period", "2026-Q1")
    assert code == 0
    assert "2026-01-01_performance_mobile_tiles.parquet (new" in out
    assert "data of 2026-01" in out
    code, _, err = shalgai("fetch", "ookla-fixed")
    assert (code, "trying the quarter before" in err) == (2, True)
    assert len(site.paths) == 7


def test_the_token_is_sent_and_never_shown_nor_kept(
    site: Site, shalgai: Shalgai, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code, _, err = shalgai("fetch", "opencellid")
    assert (code, "SHALGAI_OPENCELLID_TOKEN" in err) == (2, True)
    monkeypatch.setenv("SHALGAI_OPENCELLID_TOKEN", "pk.s3cret")
    get_settings.cache_clear()
    assert "s3cret" not in repr(get_settings())
    path = "/ocid/downloads?token=pk.s3cret&type=mcc&file=401.csv.gz"
    said = []
    for answer in (403, b'{"error": "INVALID_TOKEN pk.s3cret"}', b"\x1f\x8b" + b"x" * 50):
        site.files[path] = answer
        code, out, err = shalgai("fetch", "opencellid")
        assert code == (0 if answer not in (403, b'{"error": "INVALID_TOKEN pk.s3cret"}') else 2)
        said.append(out + err)
    assert site.paths == [path] * 3
    assert "token" in said[0]
    assert "is not gzip" in said[1]
    kept = [file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()]
    assert not any(b"s3cret" in text for text in [*kept, "".join(said).encode()])


def test_offline_with_an_older_copy_goes_on_and_without_one_fails_in_a_sentence(
    site: Site, shalgai: Shalgai, monkeypatch: pytest.MonkeyPatch
) -> None:
    openstreetmap(site)
    assert shalgai("fetch", "openstreetmap")[0] == 0

    monkeypatch.setattr(cli_fetch, "_client", lambda: Client(exempt=site.exempt, resolver=nowhere, proxies={}))
    code, out, err = shalgai("fetch", "openstreetmap")
    assert code == 0
    assert "(kept, fetched" in out
    assert "cannot be reached" in err
    assert "Going on with what was fetched on" in err
    assert "kaz-latest.osm.pbf" in err
    code, out, err = shalgai("fetch", "worldpop-1km")
    assert (code, out) == (2, "")
    assert "cannot be reached" in err
    assert "there is no copy from before" in err
    assert err.count("\n") == 1


def test_offline_half_way_through_terrain_says_how_many_tiles_are_there(
    site: Site, shalgai: Shalgai, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = "Copernicus_DSM_COG_30_N50_00_E056_00_DEM"
    site.files[f"/{name}/{name}.tif"] = TIFF
    shalgai("fetch", "copernicus-dem-90", "--bbox", "56.5,50.2,56.8,50.8")

    monkeypatch.setattr(cli_fetch, "_client", lambda: Client(exempt=site.exempt, resolver=nowhere, proxies={}))
    code, _, err = shalgai("fetch", "copernicus-dem-90", "--bbox", "56.5,50.2,57.8,50.8")
    assert code == 2
    assert "no copy from before of Copernicus_DSM_COG_30_N50_00_E057_00_DEM.tif" in err
    assert "1 of 2 files are here" in err


def test_a_list_of_sources_cannot_lead_to_this_machine(
    site: Site, shalgai: Shalgai, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    openstreetmap(site)
    monkeypatch.setattr(cli_fetch, "_client", lambda: Client(proxies={}))
    assert shalgai("fetch", "openstreetmap")[0] == 2
    text = (tmp_path / "sources.toml").read_text(encoding="utf-8").replace("http://127.0.0.1", "https://127.0.0.1")
    (tmp_path / "sources.toml").write_text(text, encoding="utf-8")
    code, _, err = shalgai("fetch", "openstreetmap")
    assert (code, "into a private network" in err) == (2, True)
    assert site.paths == []


def test_what_arrives_is_ingested_where_that_is_asked(
    site: Site, shalgai: Shalgai, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    openstreetmap(site)
    taken: list[tuple[Fetched, Kind, Path]] = []
    monkeypatch.setattr(cli_fetch, "_take_in", lambda fetched, kind, root: taken.append((fetched, kind, root)))
    code, out, _ = shalgai("fetch", "openstreetmap", "--ingest", "roads", "--ingest", "facilities")
    assert code == 0
    assert "shalgai ingest" not in out
    assert [(fetched.path.name, kind, root) for fetched, kind, root in taken] == [
        ("kaz-latest.osm.pbf", kind, tmp_path / "var") for kind in (Kind.ROADS, Kind.FACILITIES)
    ]
    code, _, err = shalgai("fetch", "openstreetmap", "--ingest", "sites")
    assert (code, "It gives: settlements, roads, facilities, boundaries" in err) == (2, True)


@pytest.mark.parametrize("bbox", ["1,2,3", "a,b,c,d", "57,51,58,50", "nan,1,2,3"])
def test_an_area_that_is_none_is_refused(site: Site, shalgai: Shalgai, bbox: str) -> None:
    code, _, err = shalgai("fetch", "copernicus-dem-90", "--bbox", bbox)
    assert (code, "not an area" in err) == (2, True)
    assert site.paths == []


def test_what_arrives_goes_through_ingest_like_any_file(tmp_path: Path) -> None:
    path = data_path("boundaries", "districts.geojson")
    arrived = Fetched(path, ("boundaries",), "geoBoundaries", "CC BY 4.0", "geoBoundaries, 2024", "2024", "", State.NEW)
    cli_fetch._take_in(arrived, Kind.BOUNDARIES, tmp_path / "var")
    (dataset,) = Catalogue(tmp_path / "var").active()
    assert (dataset.kind, dataset.rows, dataset.licence) == (Kind.BOUNDARIES, 13, "CC BY 4.0")
    assert (dataset.source, dataset.credit) == ("geoBoundaries", "geoBoundaries, 2024")
