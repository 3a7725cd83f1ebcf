import pytest
import yaml

from app import __version__

from .rendering import (
    CHART,
    Refused,
    environment,
    objects,
    pod_spec,
    redis_script,
    text,
)

WORKLOADS = ["Deployment", "StatefulSet", "Pod"]
API = ("Deployment", "demo-flask-redis-api")
REDIS = ("StatefulSet", "demo-flask-redis-api-redis")


def test_the_chart_and_the_app_have_one_version():
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
    assert chart["appVersion"] == __version__
    [container] = pod_spec(objects(), "Deployment")["containers"]
    assert container["image"] == f"flask-redis-api:{__version__}"


def test_artifact_hub_is_told_the_images_that_can_be_installed():
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
    told = yaml.safe_load(chart["annotations"]["artifacthub.io/images"])
    rendered = objects({"metrics": {"redisExporter": {"enabled": True}}})
    installed = {
        container["image"]
        for kind, name in rendered
        if kind in {"Deployment", "StatefulSet"}
        for container in rendered[kind, name]["spec"]["template"]["spec"]["containers"]
    }
    assert {each["image"] for each in told} == installed


def test_a_digest_pins_an_image_whatever_its_tag():
    digest = "sha256:" + "0" * 64
    rendered = objects(
        {
            "image": {"digest": digest, "tag": "x"},
            "redis": {"image": {"digest": digest}},
        }
    )
    images = [
        pod_spec(rendered, kind)["containers"][0]["image"]
        for kind in ("Deployment", "StatefulSet")
    ]
    assert images == [f"flask-redis-api@{digest}", f"redis@{digest}"]


def test_a_malformed_digest_is_refused():
    with pytest.raises(Refused, match="/image/digest"):
        text({"image": {"digest": "sha256:latest"}})


@pytest.mark.parametrize("kind", WORKLOADS)
def test_every_pod_meets_pod_security_restricted(kind):
    spec = pod_spec(objects(), kind)
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    for container in spec["containers"]:
        assert container["securityContext"]["allowPrivilegeEscalation"] is False
        assert container["securityContext"]["readOnlyRootFilesystem"] is True
        assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}


@pytest.mark.parametrize("kind", WORKLOADS)
def test_no_pod_gets_a_token_or_service_links(kind):
    spec = pod_spec(objects(), kind)
    assert spec["automountServiceAccountToken"] is False
    assert spec["enableServiceLinks"] is False


def test_a_new_version_of_the_chart_changes_no_pod(tmp_path):
    newer = tmp_path / "chart"
    newer.mkdir()
    for path in CHART.iterdir():
        (newer / path.name).symlink_to(path)
    (newer / "Chart.yaml").unlink()
    chart = (CHART / "Chart.yaml").read_text()
    (newer / "Chart.yaml").write_text(chart.replace("\nversion: ", "\nversion: 9"))
    before, after = objects(), objects(chart=newer)
    assert before[REDIS]["metadata"]["labels"] != after[REDIS]["metadata"]["labels"]
    for workload in (API, REDIS):
        assert before[workload]["spec"] == after[workload]["spec"]


def test_a_pods_labels_select_it_and_say_no_version():
    rendered = objects()
    for workload in (API, REDIS):
        spec = rendered[workload]["spec"]
        assert spec["template"]["metadata"]["labels"] == spec["selector"]["matchLabels"]


def test_liveness_asks_the_process_and_readiness_what_it_reached():
    [container] = pod_spec(objects(), "Deployment")["containers"]
    paths = {
        probe: container[probe]["httpGet"]["path"]
        for probe in ("startupProbe", "readinessProbe", "livenessProbe")
    }
    assert paths == {
        "startupProbe": "/health/live",
        "readinessProbe": "/health/ready",
        "livenessProbe": "/health/live",
    }


def test_the_password_is_in_no_environment_and_on_no_command_line():
    rendered = objects({"redis": {"auth": {"password": "open-sesame"}}})
    secret = rendered.pop(("Secret", "demo-flask-redis-api-redis"))
    assert secret["metadata"]["annotations"] == {"helm.sh/resource-policy": "keep"}
    assert "open-sesame" not in yaml.safe_dump(rendered)
    assert environment(rendered)["REDIS_PASSWORD_FILE"]["value"] == (
        "/run/secrets/redis/password"
    )


def test_an_existing_secret_takes_the_place_of_the_charts():
    auth = {"existingSecret": "mine", "existingSecretKey": "its-key"}
    rendered = objects({"redis": {"auth": auth}})
    assert "Secret" not in {kind for kind, _ in rendered}
    for kind in ("Deployment", "StatefulSet"):
        volumes = {each["name"]: each for each in pod_spec(rendered, kind)["volumes"]}
        assert volumes["redis-password"]["secret"]["secretName"] == "mine"
        [item] = volumes["redis-password"]["secret"]["items"]
        assert item == {"key": "its-key", "path": "password"}


def test_without_a_password_nothing_mentions_one():
    rendered = text({"redis": {"auth": {"enabled": False}}})
    assert "requirepass" not in rendered
    assert "REDIS_PASSWORD" not in rendered
    assert "kind: Secret" not in rendered


def test_a_given_password_makes_renders_byte_identical():
    values = {"redis": {"auth": {"password": "open-sesame"}}}
    assert text(values) == text(values)


def test_the_longest_release_name_leaves_room_for_a_revision_label():
    names = [name for _, name in objects(release="r" * 53)]
    assert max(map(len, names)) <= 63
    assert len("r" * 46 + "-redis-0123456789") <= 63


def test_redis_without_a_volume_has_no_claim_and_no_append_only_file():
    rendered = objects({"redis": {"persistence": {"enabled": False}}})
    assert "volumeClaimTemplates" not in rendered[REDIS]["spec"]
    assert "\nappendonly no\n" in redis_script(rendered)


def test_redis_configuration_is_part_of_its_pod():
    rendered = objects()
    assert "\nappendonly yes\n" in redis_script(rendered)
    assert not any(
        "configMap" in each for each in pod_spec(rendered, REDIS[0])["volumes"]
    )
    assert ("ConfigMap", REDIS[1]) not in rendered
