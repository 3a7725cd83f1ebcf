"""The shipped gunicorn.conf.py, with a profile of each worker written at its end."""

import collections
import json
import os
import resource
import runpy
import signal
from pathlib import Path

ROOT = Path(__file__).parent.parent
globals().update(runpy.run_path(str(ROOT / "docker" / "gunicorn.conf.py")))
_post_worker_init = globals()["post_worker_init"]
SECONDS_A_SAMPLE = 0.001
DEEPEST = 6
samples: collections.Counter[str] = collections.Counter()


def post_worker_init(worker):  # noqa: ANN001, ANN201 - gunicorn's signature
    """Begin to take samples of what the worker spends its processor time on."""
    _post_worker_init(worker)
    signal.signal(signal.SIGPROF, _sample)
    signal.setitimer(signal.ITIMER_PROF, SECONDS_A_SAMPLE, SECONDS_A_SAMPLE)


def worker_exit(server, worker):  # noqa: ANN001, ANN201, ARG001 - gunicorn's signature
    """Write down the stacks, the requests and the processor time."""
    signal.setitimer(signal.ITIMER_PROF, 0)
    used = resource.getrusage(resource.RUSAGE_SELF)
    seen = {
        "requests": worker.nr,
        "cpu_seconds": used.ru_utime + used.ru_stime,
        "samples": samples,
    }
    folder = Path(os.environ["SAMPLES_FOLDER"])
    (folder / f"{worker.pid}.json").write_text(json.dumps(seen))


def _sample(number, frame):  # noqa: ANN001, ANN202, ARG001 - a signal handler's
    stack = []
    while frame and len(stack) < DEEPEST:
        stack.append(f"{frame.f_code.co_filename}:{frame.f_code.co_name}")
        frame = frame.f_back
    samples["|".join(stack)] += 1
