import re
import subprocess
from pathlib import Path

import pytest
import yaml

from app import __version__
from app.settings import Settings

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()


class Recorder(dict):
    """An environment that remembers what it was asked for."""

    def __init__(self, **variables):
        super().__init__(**variables)
        self.asked = set()

    def get(self, name, default=None):
        self.asked.add(name)
        return super().get(name, default)


def documented():
    table = README.partition("<!-- settings -->")[2].partition("<!-- /settings -->")[0]
    return dict(re.findall(r"^\| `([A-Z_]+)` \| (?:`(.*?)`)? ?\|", table, re.MULTILINE))


def test_the_readme_lists_every_variable_that_is_read_and_no_other():
    environ = Recorder()
    Settings.from_env(environ)
    assert documented().keys() == environ.asked


def test_the_readme_tells_each_default():
    told = {name: value for name, value in documented().items() if value}
    assert Settings.from_env(told) == Settings()


@pytest.mark.parametrize("file", ["compose.yaml", "chart/templates/api/_env.tpl"])
def test_each_variable_that_a_deployment_passes_on_is_one_that_is_read(file):
    text = (ROOT / file).read_text()
    api = text.partition("\n  redis:\n")[0]
    passed = set(re.findall(r"^\s*(?:- name: )?([A-Z][A-Z_]+):?", api, re.MULTILINE))
    assert passed
    assert passed - {"CMD"} <= documented().keys()


def test_the_chart_installs_this_version():
    chart = yaml.safe_load((ROOT / "chart/Chart.yaml").read_text())
    assert chart["appVersion"] == __version__
    assert f"flask-redis-api:{__version__}" in README


def test_every_relative_link_of_the_readme_leads_somewhere():
    for link in re.findall(r"\]\(((?!https?:)[^)#]+)", README):
        assert (ROOT / link).exists(), link


def test_make_help_lists_every_target_with_a_comment():
    output = subprocess.check_output(["make", "-C", ROOT, "help"], text=True)
    for target in ("run", "test", "e2e", "lint"):
        assert f"make {target} " in output


def test_the_lock_files_name_no_index_and_carry_hashes():
    for lock in (ROOT / "docker").glob("requirements*.txt"):
        text = lock.read_text()
        assert "://" not in text, lock
        pins = re.findall(r"^[\w.-]+==", text, re.MULTILINE)
        assert len(pins) <= text.count("--hash=sha256:"), lock
