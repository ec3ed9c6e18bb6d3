"""The framed map: shown only where the settings allow, telling the page around it what was clicked."""

import contextlib
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from geo.settings import get_settings

pytestmark = pytest.mark.browser

PIXEL = (
    b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00\x1f\x15\xc4\x89"
    b"\x00\x00\x00\rIDATx\x9cc\xf8\xcf\xc0\xf0\x1f\x00\x05\x00\x01\xff\x89\x99=\x1d\x00\x00\x00\x00IEND\xaeB`\x82"
)


@contextlib.contextmanager
def site():
    """Another site on a port of its own, i.e. another origin, whose page frames `framed`; it serves tiles too."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            tile = self.path.endswith(".png")
            page = (
                "<!doctype html><title>A site</title><script>told = []; addEventListener('message', (event) => "
                "told.push([event.origin, event.data]))</script>"
                f"<iframe width=900 height=600 src='{self.server.framed}'></iframe>"
            )
            body = PIXEL if tile else page.encode()
            self.send_response(200)
            self.send_header("Content-Type", "image/png" if tile else "text/html")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            server.framed, server.address = "about:blank", f"http://127.0.0.1:{server.server_port}"
            yield server
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def serve_with(serve, runs, monkeypatch):
    """Serves the runs with settings of their own."""

    @contextlib.contextmanager
    def with_settings(**settings):
        for name, value in settings.items():
            monkeypatch.setenv(f"SHALGAI_{name.upper()}", value)
        get_settings.cache_clear()
        try:
            with serve(runs) as address:
                yield address
        finally:
            monkeypatch.undo()
            get_settings.cache_clear()

    return with_settings


def test_only_an_allowed_site_frames_the_map_and_hears_of_clicks(page, watch, serve_with, features):
    with (
        site() as allowed,
        site() as stranger,
        serve_with(frame_ancestors=f"'self' {allowed.address}") as server,
    ):
        framed = f"{server}/embed/overview?lang=en&class=unserved"
        allowed.framed = stranger.framed = framed
        page.goto(allowed.address)
        frame = page.frame_locator("iframe")
        frame.locator("html[data-state=ready]").wait_for(state="attached")
        assert frame.locator(".masthead").count() == 0
        link = frame.locator("footer a")
        assert (link.get_attribute("target"), link.get_attribute("rel")) == ("_blank", "noopener")
        assert watch.complaints == []
        kato = next(k for k, f in features.items() if f["properties"]["service_class"] == "unserved" and f["geometry"])
        page.goto(f"{allowed.address}/again")
        inner = page.frames[1]
        inner.goto(f"{framed}&place={kato}")
        page.wait_for_function("told.length === 1")
        [[origin, message]] = page.evaluate("told")
        assert origin == server
        properties = features[kato]["properties"]
        assert message == {
            "type": "shalgai:settlement",
            "kato": kato,
            "name": properties["name_en"],
            "run": message["run"],
        }
        assert len(message["run"]) == 16
        watch.complaints.clear()
        page.goto(stranger.address)
        page.wait_for_load_state()
        assert all("frame-ancestors" in complaint for complaint in watch.complaints)
        assert watch.complaints
        assert page.evaluate("told") == []
        watch.complaints.clear()


def test_an_online_map_is_asked_for_only_when_configured_and_switched_on(page, serve_with):
    with (
        site() as other,
        serve_with(
            basemap_url=f"{other.address}/{{z}}/{{x}}/{{y}}.png", basemap_attribution="© <b>Somebody</b>"
        ) as server,
    ):
        tiles = other.address
        asked = []
        page.on("request", lambda request: asked.append(request.url) if request.url.startswith(tiles) else None)
        page.goto(f"{server}/maps/overview?lang=en")
        page.wait_for_selector("html[data-state=ready]")
        assert asked == []
        page.check("input[data-layer=basemap]")
        page.wait_for_selector(".leaflet-basemap-pane img.leaflet-tile-loaded")
        assert page.locator(".basemap-credit").inner_text() == "© <b>Somebody</b>"
        page.uncheck("input[data-layer=basemap]")
        page.wait_for_selector(".leaflet-basemap-pane img", state="detached")
