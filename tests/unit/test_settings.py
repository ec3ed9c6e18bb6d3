"""Settings that are of no use are told by their variable."""

import pytest

from geo.errors import ValueRejected
from geo.settings import Settings, get_settings


@pytest.fixture(autouse=True)
def anew():
    """Settings are read once per process."""
    get_settings.cache_clear()
    yield
    get_settings.cache_clear()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ITEMS_LIMIT_MAX", "many"),
        ("ITEMS_LIMIT_MAX", "0"),
        ("CONCURRENT_REQUESTS_MAX", "-1"),
        ("REQUEST_TIMEOUT_S", "nan"),
        ("REQUEST_TIMEOUT_S", "0"),
        ("GRACEFUL_TIMEOUT_S", "1.5"),
        ("LOCK_WAIT_S", "inf"),
        ("ROOT_PATH", "geo"),
        ("LAYERS", '["a.gpkg"'),
        ("LAYERS", "[" * 100_000),
        ("LAYERS", "[7]"),
    ],
)
def test_a_value_of_no_use_is_refused_by_the_name_of_its_variable(monkeypatch, name, value):
    monkeypatch.setenv(f"SHALGAI_{name}", value)
    with pytest.raises(ValueRejected, match=f"SHALGAI_{name} is of no use .*Accepted: ") as caught:
        get_settings()
    assert caught.value.exit_code == 2


def test_each_setting_that_may_be_refused_says_what_it_accepts():
    free = {"workspace", "run", "basemap_url", "basemap_attribution", "trusted_proxies", "cors_origins"}
    free |= {"frame_ancestors", "export_keys", "opencellid_token"}
    assert {name for name, field in Settings.model_fields.items() if not field.description} == free
