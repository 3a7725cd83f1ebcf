"""Writes the chart's Grafana dashboard: python monitoring/dashboard.py."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PATH = Path(__file__).parents[1] / "chart" / "files" / "dashboard.json"
COLUMNS = 24


@dataclass(frozen=True)
class Panel:
    """A graph, or with `stat` one number: queries by their legends.

    `unit` is one of Grafana's names; `width` counts of 24 columns.
    """

    title: str
    unit: str
    width: int
    queries: dict[str, str]
    stat: bool = False

    @property
    def height(self) -> int:
        """How many rows it takes."""
        return 4 if self.stat else 7


def api(metric: str) -> str:
    """Return the selector of one of the API's metrics."""
    return f'{metric}{{namespace=~"$namespace",job=~"$job"}}'


def redis(metric: str) -> str:
    """Return the selector of one of redis_exporter's metrics."""
    return f'{metric}{{namespace=~"$namespace",job=~"$job-redis"}}'


def rate(selector: str, by: str) -> str:
    """Return the query for how often a counter counts, summed by some labels."""
    return f"sum by ({by}) (rate({selector}[$__rate_interval]))"


OURS = "flask_redis_api"
REQUESTS = rate(api("http_request_duration_seconds_count"), "route, status")
LATENCY = f"{OURS}:http_request_duration_seconds"
COMMANDS = rate(api("redis_client_command_duration_seconds_count"), "command")
BATCHED = rate(api("redis_client_batch_commands_sum"), "job")
BATCHES = rate(api("redis_client_batch_commands_count"), "job")
WORKER = "{{pod}} {{worker}}"

NUMBERS = {
    "Redis serves": ("bool_yes_no", f"min({api('redis_client_up')})"),
    "Pods": ("short", f"sum({api('up')})"),
    "Requests per second": ("reqps", f"sum({api(f'{OURS}:http_requests:rate5m')})"),
    "Errors (1 = as many as may be)": (
        "short",
        f"max({api(f'{OURS}:http_errors:burn_rate1h')})",
    ),
    "Late answers (1 = as many as may be)": (
        "short",
        f"max({api(f'{OURS}:http_slow:burn_rate1h')})",
    ),
    "Versions": ("short", f"count(count by (version) ({api(f'{OURS}_build_info')}))"),
}
GRAPHS = (
    Panel("Requests", "reqps", 12, {"{{route}} {{status}}": REQUESTS}),
    Panel(
        "Latency",
        "s",
        12,
        {
            "99 % {{route}}": api(f"{LATENCY}:p99_5m"),
            "50 % {{route}}": api(f"{LATENCY}:p50_5m"),
        },
    ),
    Panel(
        "Errors, as times of what the goal allows",
        "short",
        8,
        {
            window: api(f"{OURS}:http_errors:burn_rate{window}")
            for window in ("5m", "1h", "6h", "3d")
        },
    ),
    Panel(
        "Requests in flight",
        "short",
        8,
        {"{{pod}}": f"sum by (pod) ({api('http_requests_in_flight')})"},
    ),
    Panel(
        "Why Redis does not serve",
        "short",
        8,
        {"{{reason}}": f"max by (reason) ({api('redis_client_outage')})"},
    ),
    Panel("Redis commands", "ops", 8, {"{{command}}": COMMANDS}),
    Panel(
        "Latency of Redis commands, 99 %",
        "s",
        8,
        {"{{command}}": api(f"{OURS}:redis_command_duration_seconds:p99_5m")},
    ),
    Panel(
        "Failed Redis commands",
        "ops",
        8,
        {"{{kind}}": rate(api("redis_client_errors_total"), "kind")},
    ),
    Panel("Commands a batch", "short", 8, {"mean": f"{BATCHED} / {BATCHES}"}),
    Panel(
        "Waiting commands, open connections",
        "short",
        8,
        {
            "commands": f"sum({api('redis_client_queue_depth')})",
            "connections": f"sum({api('redis_client_connections')})",
        },
    ),
    Panel(
        "Reconnections",
        "ops",
        8,
        {"{{pod}}": rate(api("redis_client_reconnections_total"), "pod")},
    ),
    Panel("Memory", "bytes", 8, {WORKER: api("process_resident_memory_bytes")}),
    Panel(
        "Processor time",
        "percentunit",
        8,
        {WORKER: rate(api("process_cpu_seconds_total"), "pod, worker")},
    ),
    Panel("Open files", "short", 8, {WORKER: api("process_open_fds")}),
    Panel(
        "Redis: memory",
        "bytes",
        8,
        {
            "used": redis("redis_memory_used_bytes"),
            "limit": redis("redis_memory_max_bytes"),
        },
    ),
    Panel(
        "Redis: keys",
        "short",
        8,
        {
            "all": f"sum({redis('redis_db_keys')})",
            "with a time to live": f"sum({redis('redis_db_keys_expiring')})",
        },
    ),
    Panel(
        "Redis: evicted keys, rejected connections",
        "ops",
        8,
        {
            "keys": rate(redis("redis_evicted_keys_total"), "job"),
            "connections": rate(redis("redis_rejected_connections_total"), "job"),
        },
    ),
)


def dashboard() -> dict[str, Any]:
    """Return the dashboard as Grafana's JSON model."""
    return {
        "title": "flask-redis-api",
        "uid": "flask-redis-api",
        "tags": ["flask-redis-api"],
        "schemaVersion": 39,
        "editable": True,
        "refresh": "30s",
        "time": {"from": "now-3h", "to": "now"},
        "templating": {
            "list": [
                {
                    "name": "datasource",
                    "label": "Data source",
                    "type": "datasource",
                    "query": "prometheus",
                },
                _variable("namespace", ""),
                _variable("job", 'namespace=~"$namespace"'),
            ]
        },
        "panels": _laid_out(),
    }


def _variable(name: str, condition: str) -> dict[str, Any]:
    series = f"flask_redis_api_build_info{{{condition}}}"
    return {
        "name": name,
        "label": name.capitalize(),
        "type": "query",
        "datasource": _DATASOURCE,
        "query": f"label_values({series}, {name})",
        "refresh": 2,
        "includeAll": True,
        "allValue": ".*",
        "current": {"text": "All", "value": "$__all"},
        "sort": 1,
    }


def _laid_out() -> list[dict[str, Any]]:
    """Return the panels from left to right, row by row."""
    width = COLUMNS // len(NUMBERS)
    numbers = (
        Panel(title, unit, width, {"": query}, stat=True)
        for title, (unit, query) in NUMBERS.items()
    )
    panels, x, y = [], 0, 0
    for panel in (*numbers, *GRAPHS):
        position = {"x": x, "y": y, "w": panel.width, "h": panel.height}
        panels.append(_model(len(panels) + 1, panel, position))
        x += panel.width
        if x == COLUMNS:
            x, y = 0, y + panel.height
    return panels


def _model(number: int, panel: Panel, position: dict[str, int]) -> dict[str, Any]:
    targets = [
        {"refId": letter, "expr": query, "legendFormat": legend}
        for letter, (legend, query) in zip("ABCD", panel.queries.items(), strict=False)
    ]
    return {
        "id": number,
        "title": panel.title,
        "type": "stat" if panel.stat else "timeseries",
        "datasource": _DATASOURCE,
        "gridPos": position,
        "fieldConfig": {"defaults": {"unit": panel.unit, "min": 0}, "overrides": []},
        "targets": targets,
    }


_DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}


if __name__ == "__main__":
    PATH.write_text(json.dumps(dashboard(), indent=1) + "\n", encoding="utf-8")
