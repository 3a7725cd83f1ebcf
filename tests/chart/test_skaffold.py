import yaml

from .rendering import CHART, objects
from .test_values import DOCUMENTED

ROOT = CHART.parent
SKAFFOLD = yaml.safe_load((ROOT / "skaffold.yaml").read_text())
[RELEASE] = SKAFFOLD["deploy"]["helm"]["releases"]
[ARTIFACT] = SKAFFOLD["build"]["artifacts"]


def test_skaffold_names_files_and_values_that_there_are():
    assert SKAFFOLD["apiVersion"] == "skaffold/v4beta14"
    assert (ROOT / ARTIFACT["context"] / ARTIFACT["docker"]["dockerfile"]).is_file()
    assert ROOT / RELEASE["chartPath"] == CHART
    assert set(RELEASE["setValueTemplates"]) <= set(DOCUMENTED)


def test_skaffold_sets_no_digest_which_an_image_not_pushed_lacks():
    assert "image.digest" not in RELEASE["setValueTemplates"]


def test_skaffold_forwards_the_port_of_the_service_that_the_chart_makes():
    [forward] = SKAFFOLD["portForward"]
    rendered = objects(release=RELEASE["name"])
    service = rendered["Service", forward["resourceName"]]
    assert service["spec"]["ports"][0]["port"] == forward["port"] == 5000
