"""Every operation of the served document called with right and wrong values: no answer that it does not describe."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from api.operations.service import OPERATIONS
from api.web.state import Operation

schemathesis = pytest.importorskip("schemathesis")

EXAMPLES, EXAMPLES_SOAK = 12, 200
"""Cases of an operation, of right and of wrong values each."""
RIGHT, WRONG = schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE
CASES = [
    pytest.param(operation, mode, id=f"{operation.id}-{mode}")
    for operation in OPERATIONS
    for mode in (RIGHT, WRONG)
    # nothing can be wrong where nothing is asked
    if mode is RIGHT or operation.parameters or "{" in operation.path
]


@pytest.fixture(scope="module")
def document(app: Any) -> Any:
    """The document as served, described to the application itself: no network."""
    # what is too long is refused before anything else is looked at
    rejections = ["400", "404", "406", "414", "431"]
    config = schemathesis.Config.from_dict({"checks": {"negative_data_rejection": {"expected-statuses": rejections}}})
    return schemathesis.openapi.from_asgi("/api", app, config=config)


def hold(document: Any, operation: Operation, mode: Any, examples: int, *, derandomize: bool) -> None:
    """Call an operation and let every check there is look at the answers."""
    # JSON Schema cannot say what is CQL2, nor which properties there are depending on the collection of the path, nor
    # OpenAPI that two parameters go together
    together = operation.path == "/maps/coverage"
    unsayable = (
        together or operation.filters or any(parameter.name == "properties" for parameter in operation.parameters)
    )
    excluded = [schemathesis.checks.CHECKS.get_one("positive_data_acceptance")] if unsayable else []

    @settings(
        max_examples=examples,
        derandomize=derandomize,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=document[operation.path]["GET"].as_strategy(generation_mode=mode))
    def called(case: Any) -> None:
        case.call_and_validate(excluded_checks=excluded)

    called()


def test_the_document_has_every_operation(document: Any) -> None:
    described = {result.ok().path for result in document.get_all_operations()}
    # the one that gave the document is not called again
    assert described == {operation.path for operation in OPERATIONS} - {"/api"}


@pytest.mark.parametrize(("operation", "mode"), CASES)
def test_no_answer_differs_from_its_description(document: Any, operation: Operation, mode: Any) -> None:
    hold(document, operation, mode, EXAMPLES, derandomize=True)


@pytest.mark.soak
@pytest.mark.parametrize(("operation", "mode"), CASES)
def test_no_answer_differs_from_its_description_at_length(document: Any, operation: Operation, mode: Any) -> None:
    hold(document, operation, mode, EXAMPLES_SOAK, derandomize=False)
