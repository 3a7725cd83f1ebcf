"""Instruments that publish together what was counted in one turn of an event loop.

To publish is to write to memory that the worker processes share, which costs more
than to count; and many requests are answered in one turn.
"""

from bisect import bisect_left
from collections.abc import Callable

from prometheus_client import Gauge, Histogram

# Takes what to call when the turn ends: an event loop's call_soon.
Later = Callable[[Callable[[], None]], object]


class GatheringHistogram(Histogram):
    """A histogram that can be told of an observation and publish it later."""

    _is_due: bool

    def observe_later(self, amount: float, later: Later) -> None:
        """Count an observation, to be published when `later` calls back."""
        self._counts[bisect_left(self._upper_bounds, amount)] += 1
        self._total += amount
        if not self._is_due:
            self._is_due = True
            later(self._publish)

    def _metric_init(self) -> None:
        super()._metric_init()
        self._counts = [0] * len(self._upper_bounds)
        self._total = 0.0
        self._is_due = False

    def _publish(self) -> None:
        self._is_due = False
        self._sum.inc(self._total)
        self._total = 0.0
        for number, count in enumerate(self._counts):
            if count:
                self._buckets[number].inc(count)
                self._counts[number] = 0


class GatheringGauge(Gauge):
    """A gauge whose ups and downs of one turn cancel out before they are published."""

    _is_due: bool

    def change_later(self, step: int, later: Later) -> None:
        """Add to the gauge when `later` calls back."""
        self._step += step
        if not self._is_due:
            self._is_due = True
            later(self._publish)

    def _metric_init(self) -> None:
        super()._metric_init()
        self._step = 0
        self._is_due = False

    def _publish(self) -> None:
        self._is_due = False
        if self._step:
            self.inc(self._step)
            self._step = 0
