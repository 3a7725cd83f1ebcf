"""What is asked anew at each scrape: the build, the processes, Redis."""

import platform
from collections.abc import Callable, Iterator

from prometheus_client import ProcessCollector
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from redis.exceptions import RedisError

import app
from app import slots
from app.outage import Outage, Reason


class BuildInfo(Collector):
    """Says which build this is."""

    def collect(self) -> Iterator[Metric]:
        """Yield flask_redis_api_build_info."""
        labels = {"version": app.__version__, "python": platform.python_version()}
        help_text = "1, labelled by what is running."
        yield _gauge("flask_redis_api_build_info", help_text, [(labels, 1)])


class Processes(Collector):
    """The usual process figures, of each worker."""

    def collect(self) -> Iterator[Metric]:
        """Yield process_cpu_seconds_total and its like, labelled by slot."""
        families: dict[str, Metric] = {}
        for slot, pid in sorted(slots.pids().items()):
            one = ProcessCollector(pid=str(pid).__str__, registry=None)
            for found in one.collect():
                family = families.setdefault(
                    found.name, Metric(found.name, found.documentation, found.type)
                )
                for sample in found.samples:
                    family.add_sample(sample.name, {"worker": slot}, sample.value)
        yield from families.values()


class RedisState(Collector):
    """Asks at each scrape whether Redis can serve, so that idle services know too."""

    def __init__(self, probe: Callable[[], None]) -> None:
        self._probe = probe

    def collect(self) -> Iterator[Metric]:
        """Yield redis_client_up, and which outage it is."""
        up, reason = self._ask()
        yield _gauge(
            "redis_client_up",
            "1 if Redis could serve reads and writes at this scrape.",
            [({}, up)],
        )
        yield _gauge(
            "redis_client_outage",
            "1 for the reason why Redis could not serve at this scrape.",
            [({"reason": str(each)}, each is reason) for each in Reason],
        )

    def _ask(self) -> tuple[bool, Reason | None]:
        try:
            self._probe()
        except Outage as outage:
            return False, outage.reason
        except RedisError:  # an answer, but none that the probe is meant to get
            return False, None
        return True, None


def _gauge(
    name: str, help_text: str, samples: list[tuple[dict[str, str], float]]
) -> Metric:
    family = GaugeMetricFamily(name, help_text)
    for labels, value in samples:
        family.add_sample(name, labels, value)
    return family
