"""An API server of its own: here Helm, not kubectl, owns the VideoStream definition."""

from collections.abc import Iterator

import pytest

from tests.support.apiserver import ApiServer


@pytest.fixture(scope="session")
def bare_apiserver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiServer]:
    """Give an API server without the VideoStream CRD."""
    server = ApiServer(tmp_path_factory.mktemp("bare-apiserver"))
    yield server
    server.close()
