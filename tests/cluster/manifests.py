"""Pods that the tests start beside a release."""

KILL = """
import os, pathlib, sys
killed = 0
for process in pathlib.Path("/proc").glob("[0-9]*"):
    try:
        command = (process / "comm").read_text().strip()
        group = (process / "cgroup").read_text().replace("_", "-")
    except OSError:
        continue
    if command == "redis-server" and sys.argv[1] in group:
        os.kill(int(process.name), 9)
        killed += 1
sys.exit(killed != 1)
"""


def executioner_pod(namespace, image, name, node, uid):
    """Return a pod that kills the Redis of the pod with that uid, and ends."""
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {
            "nodeName": node,
            "hostPID": True,
            "restartPolicy": "Never",
            "containers": [
                {
                    "name": "executioner",
                    "image": image,
                    "imagePullPolicy": "IfNotPresent",
                    "command": ["python", "-c", KILL, uid],
                    "securityContext": {"privileged": True, "runAsUser": 0},
                }
            ],
        },
    }


def client_pod(namespace, image, *, name="client", labels=None, node=None):
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
