"""The figures of a benchmark as a page with tables, and as a picture."""

import statistics
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

Results = dict[str, Any]

PLAIN = "Flask, gunicorn sync (the plain form)"
EMPTY = "an empty ASGI app on gunicorn"
PICTURED = 32  # connections
BAR_PIXELS = 90  # for each multiple of the plain form
COLOURS = ("#1f6feb", "#8c959f", "#afb8c1", "#c8d1da", "#d4a72c", "#eaeef2")


def write(results: Results, folder: Path) -> None:
    """Write the figures into performance.md and performance.svg."""
    fill_in(folder / "performance.md", "make bench", tables(results))
    (folder / "performance.svg").write_text(picture(results))


def fill_in(page: Path, command: str, text: str) -> None:
    """Replace what stands between the marks of a command in a page."""
    begin, end = f"<!-- begin: {command} -->\n", f"<!-- end: {command} -->\n"
    before, _, rest = page.read_text().partition(begin)
    page.write_text(f"{before}{begin}{text}{end}{rest.partition(end)[2]}")


def tables(results: Results) -> str:
    """Return the figures as Markdown."""
    parts = [_circumstances(results)]
    medians = _medians(results)
    for connections in sorted({where[0] for where in medians}):
        plural = "connection" if connections == 1 else "connections"
        parts.append(f"\n### {connections} {plural}\n")
        works = dict.fromkeys(w for c, w, _ in medians if c == connections)
        parts += [_table(medians, connections, work) for work in works]
    parts.append(_sizes(results))
    return "\n".join(parts)


def picture(results: Results) -> str:
    """Return requests/s as multiples of the plain form's, as bars (SVG)."""
    medians = _medians(results)
    works = list(dict.fromkeys(w for c, w, _ in medians if c == PICTURED))
    names = [name for name in results["servers"] if name != EMPTY]
    top, lines = 30, []
    for work in works:
        lines.append(_text(10, top, work, "bold"))
        plain = medians[PICTURED, work, PLAIN]["requests_per_second"]
        for number, name in enumerate(names):
            ratio = medians[PICTURED, work, name]["requests_per_second"] / plain
            y = top + 8 + 18 * number
            width = ratio * BAR_PIXELS
            lines.append(
                f'<rect x="270" y="{y}" width="{width:.0f}" height="14" '
                f'fill="{COLOURS[number]}"/>'
            )
            lines.append(_text(20, y + 12, name))
            lines.append(_text(276 + width, y + 12, f"{ratio:.1f} ×"))
        top += 18 * len(names) + 34
    title = f"Requests/s on {PICTURED} connections, as multiples of the plain form's"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="900" height="{top}" '
        f'font-family="sans-serif" font-size="12" role="img">\n'
        f"<title>{escape(title)}</title>\n"
        f'<rect width="900" height="{top}" fill="#ffffff"/>\n'
        + "\n".join(lines)
        + "\n</svg>\n"
    )


def _text(x: float, y: float, words: str, weight: str = "normal") -> str:
    return (
        f'<text x="{x:.0f}" y="{y:.0f}" font-weight="{weight}">{escape(words)}</text>'
    )


def _medians(results: Results) -> dict[tuple[int, str, str], dict[str, float]]:
    """Return each figure's median over the rounds; errors are added up."""
    gathered: dict[tuple[int, str, str], list[dict[str, Any]]] = {}
    for line in (line for each in results["rounds"] for line in each):
        where = (line["connections"], line["work"], line["server"])
        gathered.setdefault(where, []).append(line)
    names = ("requests_per_second", "p50", "p99", "worker_microseconds")
    names += ("whole_microseconds",)
    return {
        where: {
            **{name: statistics.median(line[name] for line in lines) for name in names},
            "errors": sum(line["errors"] for line in lines),
        }
        for where, lines in gathered.items()
    }


def _circumstances(results: Results) -> str:
    versions = ", ".join(f"{name} {what}" for name, what in results["versions"].items())
    redis = results["redis_benchmark"]
    limit = "its tool is missing here" if redis is None else f"{redis:,.0f} requests/s"
    sentences = [
        (
            f"Measured on {results['date']} by `make bench`: {results['machine']}; "
            f"load average before: {results['load_before']}."
        ),
        f"{versions}.",
        (
            f"{results['workers']} workers each; the median of "
            f"{len(results['rounds'])} rounds of {results['seconds']} s, in which the "
            "servers take turns."
        ),
        (
            "Ours has metrics and its access log on, the peers have neither. Every "
            "status is looked at, and for a second beforehand every body."
        ),
        (
            "Redis by itself, on 32 connections without pipelining "
            f"(`redis-benchmark -t get`): {limit}."
        ),
    ]
    return "\n".join(["", *sentences, ""])


def _table(
    medians: dict[tuple[int, str, str], dict[str, float]], connections: int, work: str
) -> str:
    found = {
        n: line for (c, w, n), line in medians.items() if (c, w) == (connections, work)
    }
    plain = found[PLAIN]
    rows = [
        f"| {name} | {line['requests_per_second']:,.0f} "
        f"| **{line['requests_per_second'] / plain['requests_per_second']:.2f}** "
        f"| {line['p50']:.2f} | {line['p99']:.2f} "
        f"| {line['worker_microseconds']:.0f} | {line['whole_microseconds']:.0f} "
        f"| **{plain['whole_microseconds'] / line['whole_microseconds']:.2f}** "
        f"| {line['errors']} |"
        for name, line in found.items()
    ]
    head = [
        (
            f"| {work} | requests/s | × plain | p50 ms | p99 ms "
            "| CPU µs, workers | CPU µs, all | × plain by CPU | errors |"
        ),
        "|---|--:|--:|--:|--:|--:|--:|--:|--:|",
    ]
    return "\n".join([*head, *rows, ""])


def _sizes(results: Results) -> str:
    plain = results["servers"][PLAIN]["bytes"]
    rows = [
        f"| {name} | {size['bytes'] / 2**20:.1f} | {size['bytes'] / plain:.2f} "
        f"| {size['ready_seconds']:.2f} |"
        for name, size in results["servers"].items()
    ]
    head = [
        "\n### Memory and start\n",
        "| after all of it | largest worker, MiB | × plain | answers after s |",
        "|---|--:|--:|--:|",
    ]
    return "\n".join([*head, *rows, ""])
