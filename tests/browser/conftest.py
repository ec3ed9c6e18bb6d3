"""A served workspace and a headless Chromium for the browser tests.

Where Chromium is absent the tests are skipped with the reason, but never when ``CI=true``: there they fail.
"""

import contextlib
import os
import re
import shutil
import socket
import threading
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import geopandas as gpd
import numpy as np
import pytest
import uvicorn
from playwright.sync_api import sync_playwright

from api.app import create_app
from geo.access.analysis import analyse
from geo.access.layers import AnalysisInputs
from geo.workspace import Workspace

SCREENSHOTS = Path(__file__).parent / "screenshots"
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
STARTING_S = 60
PATIENCE_MS = 20_000
WIDE = {"width": 1400, "height": 900}
PHONE = {"width": 375, "height": 667}
SCENARIO = "okrug-centres"
CROWD = 10_000
AXE = (Path(__file__).parent / "assets" / "axe-core" / "axe.min.js").read_text("utf-8")
HOSTILE = "<img src=x onerror=alert(1)>${alert(1)}</script>\u202etxet\u2066" + "Ұ" * 450
"""Markup, a template's placeholder, the end of a script, marks that turn the direction, and five hundred characters."""
FREE_TEXTS = {"name_kk", "name_ru", "name_en", "position_source", "best_operator", "operator", "source", "scenario"}
FREE = {"scenario", "label", "standard", "region", "inputs", "parameters", "credits", "summary"}
"""What a manifest holds beside what the workspace writes."""


def publish_runs(root: Path) -> None:
    """The runs that the tests look at: published evidence and the bundled scenario."""
    workspace = Workspace(root)
    analyse(AnalysisInputs(scenario="okrug-centres"), workspace)
    analyse(AnalysisInputs(), workspace)


def publish_made_runs(root: Path, workspace: Workspace) -> None:
    """Runs made of others: one with hostile texts wherever there is text, and one with ten thousand settlements."""
    made = Workspace(root)
    source = workspace.find(SCENARIO)
    names = dict.fromkeys(("kk", "ru", "en"), HOSTILE)
    manifest = plain_manifest(source.manifest)
    tables = {name: with_hostile_texts(source.table(name)) for name in source.manifest["tables"]}
    manifest |= {
        "label": names,
        "credits": [HOSTILE],
        "region": manifest["region"] | {"name": names, "as_of": HOSTILE},
        "standard": manifest["standard"] | {"title": names},
    }
    made.publish(tables, manifest | {"scenario": None, "parameters": {"made": HOSTILE}})
    tables["gaps"] = tables["gaps"].assign(service_class="unserved")
    made.publish(tables, manifest | {"scenario": "hostile", "parameters": {"made": HOSTILE[::-1]}})
    current = workspace.find("current")
    tables = {name: current.table(name) for name in current.manifest["tables"]}
    tables["gaps"] = crowded(tables["gaps"])
    made.publish(tables, plain_manifest(current.manifest) | {"scenario": "crowded", "parameters": {"made": "crowded"}})


def plain_manifest(manifest: dict) -> dict:
    """A manifest without what the workspace adds."""
    return {k: v for k, v in manifest.items() if k in FREE}


def with_hostile_texts(table):
    """A table whose free texts are all hostile; codes and closed vocabularies stay."""
    table = table.copy()
    for column in table.columns:
        if column in FREE_TEXTS:
            table[column] = HOSTILE
    return table


def crowded(gaps):
    """The settlements over and over, each a little beside the one it was made of."""
    placed = gaps[gaps.geometry.notna()]
    rows = np.arange(CROWD) % len(placed)
    random = np.random.default_rng(1)
    many = placed.iloc[rows].reset_index(drop=True)
    points = many.geometry.representative_point()
    shift = random.normal(0, 0.15, (2, CROWD))
    many["kato"] = [f"{100_000_000 + i}" for i in range(CROWD)]
    many["rank"] = many["rank"].where(many["rank"].isna(), np.arange(CROWD) + 1)
    return many.set_geometry(gpd.points_from_xy(points.x + shift[0], points.y + shift[1], crs=4326))


@contextlib.contextmanager
def served(root: Path):
    """Serve a workspace on a free loopback port from a thread; yields the address."""
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(create_app(root), log_level="warning", ws="none")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    try:
        # connections wait in the listener's queue until the server takes them
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(STARTING_S)
        listener.close()


@pytest.fixture(scope="session")
def runs(tmp_path_factory):
    root = tmp_path_factory.mktemp("workspace")
    publish_runs(root)
    return root


@pytest.fixture(scope="session")
def serve():
    """`served`, for tests that need another service."""
    return served


@pytest.fixture(scope="session")
def live_server(runs):
    with served(runs) as address:
        yield address


@pytest.fixture(scope="session")
def made_server(runs, tmp_path_factory):
    """Serves the runs of `publish_made_runs`."""
    root = tmp_path_factory.mktemp("made")
    publish_made_runs(root, Workspace(runs))
    with served(root) as address:
        yield address


@pytest.fixture(scope="session")
def features(live_server, browser_context):
    """The settlements of the published run by their code."""
    answer = browser_context.request.get(f"{live_server}/collections/settlements/items?limit=1000").json()
    return {feature["properties"]["kato"]: feature for feature in answer["features"]}


@pytest.fixture(scope="session")
def browser_context(tmp_path_factory):
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        reason = "Chromium is not installed (Debian package: chromium)"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    with sync_playwright() as playwright:
        context = playwright.chromium.launch_persistent_context(
            str(tmp_path_factory.mktemp("profile")), executable_path=chromium, args=FLAGS, viewport=WIDE
        )
        yield context
        context.close()


def keep_picture(tab, name):
    """A screenshot to look at; git ignores the folder."""
    SCREENSHOTS.mkdir(exist_ok=True)
    plain = re.sub(r"[^\w.-]+", "_", name)
    tab.screenshot(path=SCREENSHOTS / f"{plain}.png")


@pytest.fixture
def picture(page, request):
    """Keeps a further screenshot of the test's page under its name and a suffix."""
    return lambda suffix: keep_picture(page, f"{request.node.name}-{suffix}")


@pytest.fixture
def violations(page):
    """What axe finds serious or critical, contrast included; of a table's rows, all made alike, it sees the first."""

    def find():
        page.evaluate(AXE)
        found = page.evaluate("axe.run({exclude: [['tbody tr:nth-child(n+9)']]}, {resultTypes: ['violations']})")
        grave = [each for each in found["violations"] if each["impact"] in ("serious", "critical")]
        return [(each["id"], node["html"][:200]) for each in grave for node in each["nodes"]]

    return find


@dataclass
class Watch:
    """What a page did that it should not have done."""

    complaints: list[str] = field(default_factory=list)
    hosts: set[str] = field(default_factory=set)
    dialogs: list[str] = field(default_factory=list)

    def dismiss(self, dialog):
        self.dialogs.append(dialog.message)
        dialog.dismiss()


@pytest.fixture
def watch():
    return Watch()


@pytest.fixture
def page(browser_context, watch, request):
    """A fresh tab; afterwards: no complaint on the console, no dialog, no request to another host, a screenshot."""
    tab = browser_context.new_page()
    tab.set_viewport_size(WIDE)
    tab.set_default_timeout(PATIENCE_MS)
    tab.on("console", lambda m: watch.complaints.append(m.text) if m.type in ("error", "warning") else None)
    tab.on("pageerror", lambda error: watch.complaints.append(str(error)))
    tab.on("dialog", watch.dismiss)
    tab.on("request", lambda r: watch.hosts.add(urlsplit(r.url).hostname) if not r.url.startswith("data:") else None)
    yield tab
    keep_picture(tab, request.node.name)
    tab.close()
    assert watch.complaints == []
    assert watch.dialogs == []
    assert watch.hosts <= {"127.0.0.1"}
