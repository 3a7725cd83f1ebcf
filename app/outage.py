"""Why Redis could not serve a command, told apart from what Redis answered."""

import re
from enum import StrEnum

from redis.exceptions import AuthenticationError, ResponseError
from redis.exceptions import TimeoutError as RedisTimeoutError


class Reason(StrEnum):
    """The stable names of Redis' states, as clients see them."""

    UNREACHABLE = "unreachable"
    LOADING = "loading"
    READ_ONLY = "read-only"
    OUT_OF_MEMORY = "out-of-memory"
    REFUSING_WRITES = "refusing-writes"
    TOO_FEW_REPLICAS = "too-few-replicas"
    NO_MASTER = "no-master"
    CLUSTER_DOWN = "cluster-down"
    BUSY = "busy"
    WRONG_PASSWORD = "wrong-password"  # noqa: S105 - the name of a state
    NO_PERMISSION = "no-permission"
    OVERLOADED = "overloaded"


# What an old master says after a failover: its address may lead to the new one by now.
FAILED_OVER = frozenset({Reason.READ_ONLY, Reason.NO_MASTER})
# A connection is given up for that at most once in so many seconds.
FAILOVER_PAUSE = 1.0

# The first word of an error reply: https://redis.io/docs/latest/develop/reference/protocol-spec/#simple-errors
_REASONS = {
    "LOADING": Reason.LOADING,
    "READONLY": Reason.READ_ONLY,
    "OOM": Reason.OUT_OF_MEMORY,
    "MISCONF": Reason.REFUSING_WRITES,
    "NOREPLICAS": Reason.TOO_FEW_REPLICAS,
    "MASTERDOWN": Reason.NO_MASTER,
    "CLUSTERDOWN": Reason.CLUSTER_DOWN,
    "BUSY": Reason.BUSY,
    "WRONGPASS": Reason.WRONG_PASSWORD,
    "NOAUTH": Reason.WRONG_PASSWORD,
    "NOPERM": Reason.NO_PERMISSION,
}

# Redis 6.2 names it further in when a script's command failed: "ERR Error running
# script (call to f_…): @user_script:12: @user_script: 12: -OOM command not allowed…"
_IN_SCRIPT = re.compile(r"@user_script: ?\d+: -([A-Z]+) ")
# What a script's command is told in place of NOPERM, by Redis up to 7.0 and since.
_NO_PERMISSION_IN_SCRIPT = re.compile(
    "The user executing the script can't |ACL failure in script: "
)

_DETAILS = {
    Reason.UNREACHABLE: "Redis cannot be reached.",
    Reason.LOADING: "Redis is loading its data into memory.",
    Reason.READ_ONLY: "Redis is a read-only replica and accepts no writes.",
    Reason.OUT_OF_MEMORY: "Redis has reached its memory limit and accepts no writes.",
    Reason.REFUSING_WRITES: (
        "Redis cannot save its data to disk and accepts no writes (MISCONF)."
    ),
    Reason.TOO_FEW_REPLICAS: "Redis has too few replicas in reach to accept writes.",
    Reason.NO_MASTER: "Redis has lost its link with the master.",
    Reason.CLUSTER_DOWN: "The Redis cluster is down.",
    Reason.BUSY: "Redis is busy with a script.",
    Reason.WRONG_PASSWORD: "Redis refuses the service's user name or password.",
    Reason.NO_PERMISSION: "Redis does not permit the service this command.",
    Reason.OVERLOADED: "Too many commands wait for Redis.",
}


class Outage(Exception):  # noqa: N818 - an outage is what it is called
    """Redis could not serve a command.

    `reason` says why. `uncertain` is True when the command had been sent and
    its answer was lost: Redis may or may not have carried it out.
    """

    def __init__(
        self, reason: Reason, detail: str = "", *, uncertain: bool = False
    ) -> None:
        self.reason = reason
        self.detail = detail or _DETAILS[reason]
        self.uncertain = uncertain
        super().__init__(f"{reason}: {self.detail}")


class ConnectionLostError(Outage):
    """The connection broke after a command had been sent on it."""


def outage_of(error: Exception, *, sent: bool) -> Outage | None:
    """Tell which outage an error of redis-py means; None where Redis answered.

    `sent` says whether the command had left when the error came.
    """
    if (reason := _REASONS.get(_code(error))) is not None:
        return Outage(reason)
    if isinstance(error, AuthenticationError):
        return Outage(Reason.WRONG_PASSWORD)
    if isinstance(error, ResponseError):
        return None
    if isinstance(error, RedisTimeoutError | TimeoutError):
        detail = "Redis did not answer in time."
        return Outage(Reason.UNREACHABLE, detail, uncertain=sent)
    if sent:
        return ConnectionLostError(Reason.UNREACHABLE, uncertain=True)
    return Outage(Reason.UNREACHABLE)


def _code(error: Exception) -> str:
    if found := _IN_SCRIPT.search(str(error)):
        return found[1]
    if _NO_PERMISSION_IN_SCRIPT.search(str(error)):
        return "NOPERM"
    code: str | None = getattr(error, "status_code", None)
    return code or str(error).partition(" ")[0]
