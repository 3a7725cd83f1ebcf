"""The service as it is shipped: gunicorn with docker/gunicorn.conf.py, on free ports."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import requests
from prometheus_client.parser import text_string_to_metric_families

ROOT = Path(__file__).parents[1]
COMMAND = [sys.executable, "-m", "gunicorn", "--config", "docker/gunicorn.conf.py"]


class Service:
    """One running server; `output` is the file of all that it has said."""

    def __init__(self, redis_url, output, **environment):
        self.port, self.metrics_port = free_port(), free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.metrics_url = f"http://127.0.0.1:{self.metrics_port}/metrics"
        self.output = output
        chosen = {
            "PORT": str(self.port),
            "METRICS_PORT": str(self.metrics_port),
            "REDIS_URL": redis_url,
            "REDIS_TIMEOUT": "1.0",
            **environment,
        }
        with output.open("wb") as stream:
            self.process = subprocess.Popen(
                COMMAND,
                cwd=ROOT,
                env={"PATH": os.environ["PATH"], **chosen},
                stdout=stream,
                stderr=subprocess.STDOUT,
            )

    def workers(self):
        """Return the process ids of the living workers."""
        path = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return [int(pid) for pid in path.read_text().split()]

    def cpu_seconds(self):
        """Return the processor time of all its processes that live."""
        ticks = 0
        for pid in (self.process.pid, *self.workers()):
            stat = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            ticks += int(stat[11]) + int(stat[12])
        return ticks / os.sysconf("SC_CLK_TCK")

    def scrape(self):
        return requests.get(self.metrics_url, timeout=5).text

    def lines(self):
        return [json.loads(line) for line in self.output.read_text().splitlines()]

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=30)


@contextmanager
def served(redis_url, output, **environment):
    """Give a server that answers on its port, and stop it."""
    service = Service(redis_url, output, **environment)
    try:
        until(lambda: answers(service), "the service answers")
        yield service
    except BaseException:
        print(output.read_text()[-4000:])
        raise
    finally:
        service.stop()


def answers(service):
    assert service.process.poll() is None, service.output.read_text()
    try:
        return requests.get(f"{service.url}/health/live", timeout=2).ok
    except requests.RequestException:
        return False


def until(condition, what, seconds=15):
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(0.05)
    return found


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def series(text):
    """Return every series of an exposition with its value, by name and labels."""
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def value(text, name, **labels):
    """Return the sum of the series of that name that have those labels."""
    found = [
        number
        for (its_name, its_labels), number in series(text).items()
        if its_name == name and labels.items() <= dict(its_labels).items()
    ]
    assert found, f"no series {name}{labels}"
    return sum(found)
