"""values.yaml, its comments, its schema and the README say the same."""

import json
import re

import pytest

from .rendering import CHART, VALUES, Refused, environment, objects, text
from .values_table import README, documented, with_table

SOURCE = (CHART / "values.yaml").read_text()
SCHEMA = json.loads((CHART / "values.schema.json").read_text())
DOCUMENTED = [value.path for value in documented(SOURCE)]


def resolved(schema):
    while "$ref" in schema:
        schema = SCHEMA["definitions"][schema["$ref"].removeprefix("#/definitions/")]
    return schema


def leaves(values, prefix=""):
    """Yield the path of each value, taking a documented block as one."""
    for key, value in values.items():
        path = prefix + key
        if path in DOCUMENTED or not isinstance(value, dict):
            yield path
        else:
            yield from leaves(value, path + ".")


def schema_leaves(schema, prefix=""):
    """Yield the path of each value that the schema knows, likewise."""
    for key, child in schema["properties"].items():
        path = prefix + key
        if path in DOCUMENTED or "properties" not in resolved(child):
            yield path
        else:
            yield from schema_leaves(resolved(child), path + ".")


def closed(schema):
    """Yield whether each object with known properties says what of all others."""
    for child in schema.values() if isinstance(schema, dict) else ():
        yield from closed(child)
    if isinstance(schema, dict) and isinstance(schema.get("properties"), dict):
        yield "additionalProperties" in schema


def test_every_value_is_documented():
    assert list(leaves(VALUES)) == DOCUMENTED


def test_the_schema_knows_every_value_and_no_other():
    assert sorted(schema_leaves(SCHEMA)) == sorted([*DOCUMENTED, "global"])


def test_the_schema_refuses_every_unknown_value():
    assert all(closed(SCHEMA))
    with pytest.raises(Refused, match="'replicas' not allowed"):
        text({"replicas": 3})
    with pytest.raises(Refused, match="'fsync' not allowed"):
        text({"redis": {"fsync": "always"}})


def test_one_message_names_every_wrong_value():
    with pytest.raises(Refused) as refused:
        text({"replicaCount": "two", "redis": {"appendfsync": "often"}})
    assert "/replicaCount" in str(refused.value)
    assert "'always', 'everysec', 'no'" in str(refused.value)


def test_the_readmes_table_is_the_one_generated_from_the_comments():
    readme = README.read_text()
    assert readme == with_table(readme, SOURCE), (
        "run python tests/chart/values_table.py"
    )


def test_every_setting_of_the_app_can_be_set_through_the_chart():
    readme = (CHART.parent / "README.md").read_text()
    _, settings, _ = re.split(r"<!-- /?settings -->", readme)
    names = set(re.findall(r"^\| `([A-Z_]+)`", settings, re.MULTILINE))
    assert names
    assert names <= set(environment(objects())) | OTHERWISE


OTHERWISE = {
    "HOST",  # the image's: 0.0.0.0
    "REDIS_URL",  # externalRedis
    "REDIS_DB",  # part of an external Redis' URL
    "REDIS_USERNAME",  # part of an external Redis' URL
    "REDIS_PASSWORD",  # REDIS_PASSWORD_FILE
}
