"""A pod that asks the API as any other pod of the cluster would."""

import json
import secrets
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from subprocess import PIPE, Popen

from .commands import run

JSON = {"Content-Type": "application/json"}
LOAD = (Path(__file__).parent / "load.py").read_text()

ASK = """
import http.client, json, sys
asked = json.load(sys.stdin)
connection = http.client.HTTPConnection(asked["host"], asked["port"], timeout=10)
try:
    connection.request(*asked["request"])
    response = connection.getresponse()
    headers = {name.lower(): value for name, value in response.getheaders()}
    answer = [response.status, headers, response.read().decode()]
except OSError as error:
    answer = [0, {}, repr(error)]
json.dump(answer, sys.stdout)
"""

EACH = """
import http.client, json, sys
asked = json.load(sys.stdin)
connection = http.client.HTTPConnection(asked["host"], asked["port"], timeout=10)
wrong = []
for key in asked["keys"]:
    pair = {"key": key, "value": key}
    body = json.dumps(pair) if asked["write"] else None
    method, path = ("POST", "/set") if body else ("GET", f"/get/{key}")
    connection.request(method, path, body, asked["headers"])
    response = connection.getresponse()
    if (response.status, json.loads(response.read())) != (200, pair):
        wrong.append(key)
json.dump(wrong, sys.stdout)
"""
FILL = """
import http.client, json, sys, uuid
asked = json.load(sys.stdin)
connection = http.client.HTTPConnection(asked["host"], asked["port"], timeout=10)
written = 0
for size in asked["sizes"]:
    status = 200
    while status == 200:
        pair = {"key": f"filler/{uuid.uuid4()}", "value": "v" * size}
        connection.request("POST", "/set", json.dumps(pair), asked["headers"])
        response = connection.getresponse()
        headers = {name.lower(): value for name, value in response.getheaders()}
        status, body = response.status, response.read().decode()
        written += size * (status == 200)
json.dump([written, [status, headers, body]], sys.stdout)
"""
CONNECT = """
import socket, sys
try:
    socket.create_connection((sys.argv[1], int(sys.argv[2])), 3).close()
    print("reached")
except OSError as error:
    print(error)
"""


@dataclass(frozen=True)
class Answer:
    """An answer, header names in lower case.

    Where there was none: the status 0, and the error in place of the body.
    """

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

    def ask(self, path, body=None):
        """Return the Answer to a GET, or to a POST where there is a JSON body."""
        method = "GET" if body is None else "POST"
        text = None if body is None else json.dumps(body)
        return Answer(*self.asked(ASK, request=[method, path, text, JSON]))

    def write(self, keys):
        """Write each key with itself as its value."""
        assert self.asked(EACH, keys=keys, write=True) == []

    def lost(self, keys):
        """Return those keys that do not have themselves as value."""
        return self.asked(EACH, keys=keys, write=False)

    def fill(self, *sizes):
        """Write values of each size until one is refused.

        Return the bytes written and the Answer to the last one.
        """
        written, refused = self.asked(FILL, sizes=sizes)
        return written, Answer(*refused)

    def reaches(self, host, port):
        """Tell whether a connection can be made."""
        return self.python(CONNECT, host, str(port)) == "reached\n"

    def asked(self, script, **options):
        """Run a script that asks the host; return the object that it printed."""
        asked = {"host": self.host, "port": 5000, "headers": JSON, **options}
        return json.loads(self.python(script, stdin=json.dumps(asked)))

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
                assert process.stdout.readline(), process.stderr.read()
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
