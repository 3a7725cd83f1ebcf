"""Writes the table of values in chart/README.md from the comments in values.yaml.

python tests/chart/values_table.py
"""

import json
import re
from dataclasses import dataclass
from pathlib import Path

import yaml

CHART = Path(__file__).parents[2] / "chart"
README = CHART / "README.md"
BEGIN, END = "<!-- values -->\n", "<!-- /values -->"


@dataclass(frozen=True)
class Value:
    """One documented value: its dotted path, its default and its sentence."""

    path: str
    default: object
    description: str


def documented(source):
    """Yield each value under a `# -- text` comment, in the file's order."""
    values = yaml.safe_load(source)
    stack, description = [], None
    for line in source.splitlines():
        if comment := re.fullmatch(r" *# -- (.+)", line):
            description = comment[1]
        elif key := re.match(r"( *)([A-Za-z]+):", line):
            stack[len(key[1]) // 2 :] = [key[2]]
            if description:
                yield Value(".".join(stack), default_of(values, stack), description)
            description = None


def default_of(values, keys):
    for key in keys:
        values = values[key]
    return values


def table(source):
    """Return the values as a Markdown table."""
    rows = [
        f"| `{value.path}` | `{json.dumps(value.default)}` | {value.description} |\n"
        for value in documented(source)
    ]
    return "".join(["| Value | Default | What it is |\n", "|---|---|---|\n", *rows])


def with_table(readme, source):
    """Return the README with the table between its two marks."""
    before, rest = readme.split(BEGIN)
    _, after = rest.split(END)
    return before + BEGIN + table(source) + END + after


if __name__ == "__main__":
    README.write_text(
        with_table(README.read_text(), (CHART / "values.yaml").read_text())
    )
