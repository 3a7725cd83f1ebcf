import re
import subprocess
from pathlib import Path

import pytest
import yaml

from app import __version__
from app.outage import Reason
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
    targets = re.findall(
        r"^([a-z][a-z0-9-]*):", (ROOT / "Makefile").read_text(), re.MULTILINE
    )
    assert len(targets) > 5
    for target in targets:
        assert f"make {target} " in output


def test_the_lock_files_name_no_index_and_carry_hashes():
    locks = [*ROOT.glob("*/requirements*.txt")]
    assert len(locks) == 4
    for lock in locks:
        text = lock.read_text()
        assert "://" not in text, lock
        for pin in re.findall(r"^[\w.-]+(?:\[.*\])?==.*\\?\n.*", text, re.MULTILINE):
            assert "--hash=sha256:" in pin, pin


def test_the_readme_names_every_module_of_the_app_and_no_other():
    table = README.partition("<!-- modules -->")[2].partition("<!-- /modules -->")[0]
    named = [name for row in table.splitlines() for name in re.findall(r"`(\w+)`", row)]
    modules = {path.stem for path in (ROOT / "app").glob("[a-z]*.py")}
    assert sorted(named) == sorted(modules)


def test_the_readme_names_every_reason_of_a_503():
    sentence = README.partition("`reason` is one of ")[2].partition(".")[0]
    assert set(re.findall(r"`([a-z-]+)`", sentence)) == {*Reason, "draining"}
