"""Commands run for their output; a failing one says what it printed."""

import subprocess


class CommandFailed(Exception):  # noqa: N818 - as subprocess names its own
    """The command, its exit status and what it wrote to standard error."""


def run(*command, stdin=None, seconds=300):
    """Return the standard output; raise CommandFailed."""
    done = subprocess.run(
        command,
        input=stdin,
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )
    if done.returncode:
        message = f"{' '.join(command)} ended with {done.returncode}:\n{done.stderr}"
        raise CommandFailed(message)
    return done.stdout
