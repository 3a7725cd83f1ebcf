"""The chart's rendering needs helm, and nothing else."""

import os
import shutil

import pytest


@pytest.fixture(scope="session", autouse=True)
def helm():
    if shutil.which("helm"):
        return
    message = "helm is not on PATH: nothing of the chart's rendering was tested"
    if os.environ.get("CI"):
        pytest.fail(message)
    pytest.skip(message)
