"""One healthy stack for all tests that leave it as they found it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from .stack import Stack, running


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave time to build an image to the first test that needs one."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.timeout(600))


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with running(tmp_path_factory.mktemp("stack")) as stack:
        yield stack
