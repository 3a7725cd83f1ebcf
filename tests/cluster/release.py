"""One release of the chart in a namespace of its own, and what lies around it."""

import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from subprocess import PIPE, Popen

from kubernetes import client

from .commands import run

CHART = Path(__file__).parents[2] / "chart"


@dataclass(frozen=True)
class Release:
    """A release by name; `image` is the API's, which every node has."""

    namespace: str
    image: str
    name: str = "demo"

    @property
    def api(self):
        """Name of the API's Deployment and Service."""
        return f"{self.name}-flask-redis-api"

    @property
    def redis(self):
        """Name of Redis' StatefulSet and Service."""
        return f"{self.api}-redis"

    def helm(self, verb, *arguments, chart=None):
        """Run helm on this release; return what it printed."""
        where = [self.name, *([str(chart)] if chart else [])]
        return run("helm", verb, *where, "--namespace", self.namespace, *arguments)

    def kubectl(self, *arguments, stdin=None):
        return run("kubectl", "--namespace", self.namespace, *arguments, stdin=stdin)

    def values(self):
        """Return the arguments that name the image under test and ask for little."""
        repository, tag = self.image.rsplit(":", 1)
        sets = {
            "image.repository": repository,
            "image.tag": tag,
            "config.workers": 1,
            "resources.requests.cpu": "20m",
            "redis.resources.requests.cpu": "20m",
        }
        return [
            part
            for each in sets.items()
            for part in ("--set", "=".join(map(str, each)))
        ]

    def install(self, *arguments, chart=CHART, wait=True):
        return self.helm(
            "install", *self.values(), *waiting(wait), *arguments, chart=chart
        )

    def upgrade(self, *arguments, chart=CHART, wait=True):
        return self.helm(
            "upgrade", *self.values(), *waiting(wait), *arguments, chart=chart
        )

    def pods(self, component="api"):
        """Return the component's pods that are not on their way out."""
        chosen = (
            f"app.kubernetes.io/instance={self.name},"
            f"app.kubernetes.io/component={component}"
        )
        found = client.CoreV1Api().list_namespaced_pod(
            self.namespace, label_selector=chosen
        )
        return [pod for pod in found.items if pod.metadata.deletion_timestamp is None]

    def restarts(self, component="api"):
        """Return how often the component's containers were restarted."""
        return sum(
            status.restart_count
            for pod in self.pods(component)
            for status in pod.status.container_statuses or []
        )

    def scale_redis(self, replicas):
        self.kubectl("scale", f"statefulset/{self.redis}", f"--replicas={replicas}")

    def redis_cli(self, *arguments):
        """Ask Redis in its own pod; return what redis-cli printed."""
        script = 'REDISCLI_AUTH="$(cat /run/redis/password)" exec redis-cli "$@"'
        inside = ["sh", "-c", script, "redis-cli", *arguments]
        return self.kubectl("exec", f"{self.redis}-0", "--", *inside)

    def redis_ready(self):
        """Wait for Redis; return since when it is ready, in seconds since the epoch."""
        until(lambda: is_ready(self.pods("redis")), 120, "Redis is ready")
        [pod] = self.pods("redis")
        return ready_since(pod)

    def endpoints(self):
        """Return how many of the API's endpoints are ready."""
        slices = client.DiscoveryV1Api().list_namespaced_endpoint_slice(
            self.namespace, label_selector=f"kubernetes.io/service-name={self.api}"
        )
        return sum(
            endpoint.conditions.ready
            for each in slices.items
            for endpoint in each.endpoints or []
        )

    @contextmanager
    def forwarded(self):
        """Yield the address of the API through a port-forward."""
        command = ["kubectl", "--namespace", self.namespace, "port-forward"]
        service = f"service/{self.api}"
        with Popen([*command, service, ":5000"], stdout=PIPE, text=True) as forward:
            try:
                port = forward.stdout.readline().split(" -> ")[0].rsplit(":", 1)[1]
                yield f"http://127.0.0.1:{port}"
            finally:
                forward.terminate()


def waiting(wait):
    return ["--wait", "--timeout", "120s"] if wait else []


def is_ready(pods):
    """Tell whether there are pods and each of them is ready."""
    return bool(pods) and all(ready_since(pod) is not None for pod in pods)


def ready_since(pod):
    """Return since when a pod is ready, in seconds since the epoch; None if it is not."""
    for condition in pod.status.conditions or []:
        if condition.type == "Ready" and condition.status == "True":
            return condition.last_transition_time.timestamp()
    return None


def until(holds, seconds, what):
    """Ask until it holds; return the seconds it took, or fail after so many."""
    began = time.monotonic()
    while not holds():
        assert time.monotonic() - began < seconds, f"not within {seconds} s: {what}"
        time.sleep(0.1)
    return time.monotonic() - began
