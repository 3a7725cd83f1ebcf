"""A pod that asks the API as any other pod of the cluster would."""

import json
import secrets
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from subprocess import PIPE, Popen

from .commands import run

LOAD = (Path(__file__).parent / "load.py").read_text()

ASK = """
import http.client, json, sys
asked = json.load(sys.stdin)
connection = http.client.HTTPConnection(asked["host"], asked["port"], timeout=asked["timeout"])
try:
    connection.request(asked["method"], asked["path"], asked["body"], asked["headers"])
    response = connection.getresponse()
    answer = [response.status, dict(response.getheaders()), response.read().decode()]
except OSError as error:
    answer = [0, {}, repr(error)]
json.dump(answer, sys.stdout)
"""


@dataclass(frozen=True)
class Answer:
    """An answer; the status 0 and the error in place of the body where there was none."""

    status: int
    headers: dict
    body: str

    @property
    def json(self):
        return json.loads(self.body)


@dataclass(frozen=True)
class Client:
    """A pod with Python in it; it asks one host, a Service's name."""

    namespace: str
    host: str
    name: str = "client"

    def ask(self, path, body=None, *, port=5000, timeout=10, host=None):
        """Return the Answer to a GET, or to a POST where there is a JSON body."""
        asked = {
            "host": host or self.host,
            "port": port,
            "path": path,
            "timeout": timeout,
            "method": "GET" if body is None else "POST",
            "body": None if body is None else json.dumps(body),
            "headers": {"Content-Type": "application/json"},
        }
        return Answer(*json.loads(self.python(ASK, stdin=json.dumps(asked))))

    def python(self, script, *arguments, stdin=None):
        """Run a script in the pod; return what it printed."""
        inside = ["python", "-c", script, *arguments]
        pod = ["--namespace", self.namespace, self.name]
        return run("kubectl", "exec", "-i", *pod, "--", *inside, stdin=stdin)

    @contextmanager
    def load(self, *, rate=200, seconds=60, writes=False):
        """Yield the Load, which has begun; it is over when the block is left."""
        asked = {"host": self.host, "port": 5000, "run": secrets.token_hex(4)}
        options = asked | {"rate": rate, "seconds": seconds, "writes": writes}
        pod = ["--namespace", self.namespace, self.name]
        inside = ["python", "-c", LOAD, json.dumps(options)]
        command = ["kubectl", "exec", *pod, "--", *inside]
        with Popen(command, stdout=PIPE, stderr=PIPE, text=True) as process:
            load = Load()
            try:
                load.start = json.loads(process.stdout.readline())["start"]
                yield load
                printed, errors = process.communicate()
                assert process.returncode == 0, errors
                load.__dict__.update(json.loads(printed))
            finally:
                process.kill()


class Load:
    """A load that runs, and once it is over the figures that load.py printed."""

    def __str__(self):
        figures = ("requests", "served", "refused", "failed", "told_to_close")
        said = [f"{getattr(self, each)} {each.replace('_', ' ')}" for each in figures]
        return ", ".join(said + self.failures)


def pod_manifest(namespace, image, *, name="client", labels=None, node=None):
    """Return a pod for a Client; it sleeps until it is told what to do."""
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": namespace, "labels": labels or {}},
        "spec": {
            "terminationGracePeriodSeconds": 0,
            "automountServiceAccountToken": False,
            "enableServiceLinks": False,
            "nodeName": node,
            "securityContext": {
                "runAsNonRoot": True,
                "seccompProfile": {"type": "RuntimeDefault"},
            },
            "containers": [
                {
                    "name": "client",
                    "image": image,
                    "imagePullPolicy": "IfNotPresent",
                    "command": ["python", "-c", "import time; time.sleep(3600)"],
                    "securityContext": {
                        "allowPrivilegeEscalation": False,
                        "capabilities": {"drop": ["ALL"]},
                    },
                    "resources": {"requests": {"cpu": "10m", "memory": "32Mi"}},
                }
            ],
        },
    }
