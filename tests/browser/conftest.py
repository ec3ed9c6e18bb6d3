"""A served workspace and a headless Chromium for the browser tests.

Where Chromium is absent the tests are skipped with the reason, but never when ``CI=true``: there they fail.
"""

import contextlib
import os
import shutil
import socket
import threading
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

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


def publish_runs(root: Path) -> None:
    """The runs that the tests look at: published evidence and the bundled scenario."""
    workspace = Workspace(root)
    analyse(AnalysisInputs(scenario="okrug-centres"), workspace)
    analyse(AnalysisInputs(), workspace)


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
def serve():
    """`served`, for tests that make their own runs."""
    return served


@pytest.fixture(scope="session")
def live_server(tmp_path_factory):
    root = tmp_path_factory.mktemp("workspace")
    publish_runs(root)
    with served(root) as address:
        yield address


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
    SCREENSHOTS.mkdir(exist_ok=True)
    tab.screenshot(path=SCREENSHOTS / f"{request.node.name.replace('/', '_')}.png")
    tab.close()
    assert watch.complaints == []
    assert watch.dialogs == []
    assert watch.hosts <= {"127.0.0.1"}
