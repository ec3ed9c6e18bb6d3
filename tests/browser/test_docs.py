"""The interactive description of the API; the `page` fixture refuses complaints, dialogs and foreign hosts."""

import pytest

pytestmark = pytest.mark.browser


def test_the_api_can_be_tried_out_in_the_browser(page, live_server):
    page.goto(f"{live_server}/docs")
    page.get_by_role("heading", name="Shalgai").first.wait_for()
    operation = page.locator("#operations-service-isReady")
    operation.locator(".opblock-summary").click()
    operation.get_by_role("button", name="Try it out").click()
    operation.get_by_role("button", name="Execute").click()
    answer = operation.locator(".live-responses-table tbody .response-col_description")
    answer.first.wait_for()
    assert '"ready"' in answer.first.inner_text()


def test_every_operation_is_described(page, live_server):
    page.goto(f"{live_server}/docs")
    page.locator(".opblock").first.wait_for()
    paths = page.request.get(f"{live_server}/api?f=json").json()["paths"]
    assert page.locator(".opblock").count() == len(paths)
    page.locator("#operations-data-getFeatures .opblock-summary").click()
    page.locator("#operations-data-getFeatures .parameters").get_by_text("bbox", exact=True).first.wait_for()
