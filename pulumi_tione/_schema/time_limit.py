"""The time limit of a run: a prefix in front of its start command, because the API has none.

The container ends the run itself, also when nobody watches. Everything in front of the limit is a fixed text, and the
limit is followed by the original command as one quoted word. So the prefix can be removed exactly when a task is read
back. A version that changes the prefix gets another name, and reads the earlier prefixes for ever.

At the limit the command gets TERM, and KILL a minute later; the exit code is 124. The default of new tasks
(`tione:maxDuration`) is set in `lifecycle/check.py`. Whether a limit has ended a run is decided in
`lifecycle/time_limit.py`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

EXIT_CODE = "124"
"""The exit code of a run that its time limit has ended: that of `timeout`, also where the image has none."""

MARKED_LINE = r"pulumi-tione: time limit of ([0-9]{1,10}) s reached, run ended"
"""The line that a run prints when its time limit has ended it."""

MAX_BYTES = 131_071
"""The longest argument that Linux passes to a process (MAX_ARG_STRLEN, less the closing NUL)."""

_NAME = "pulumi-tione-time-limit-1"

# Most commands are written for bash. -p: what $BASH_ENV names is for the command, not for this. The `bash` of busybox,
# which is none, does not have it.
_START = 'bash -p -c : >/dev/null 2>&1 && exec bash -p -c "$1" bash "$@"; exec sh -c "$1" sh "$@"'

# $0 is the shell, $2 the limit in seconds, $3 the command. It runs as PID 1, which a signal from inside its container
# ends neither with TERM nor with KILL, and which does not pass on a signal from outside. So the command is a child.
# The names of all variables have a prefix: one that the task's environment has too would be changed for the command.
_SCRIPT = (
    # Messages of a shell about ended children are none of the command's.
    "exec 9>&2 2>/dev/null; tl_grace=60; tl_sent=; tl_again=; tl_end=; tl_timer=; tl_group=-; tl_with=;",
    "tl_now() { read -r tl_n tl_x </proc/uptime || tl_n=$(date +%s); tl_n=${tl_n%%.*}; };",
    'tl_nap() { sleep "$1" </dev/null & tl_sleep=$!; wait $tl_sleep; };',
    "for tl_n in TERM INT HUP QUIT; do",
    'trap "tl_again=1; tl_sent=$tl_n; kill -$tl_n \\$tl_group\\$tl_pid" $tl_n; done;',
    # The timeout of busybox ends with the command's own exit code, and older ones have no -k.
    "timeout --version >/dev/null && timeout -k 1 0.1 sleep 0.5;",
    "if [ $? = 124 ]; then tl_with=timeout; tl_group=;",
    # A signal should reach all that the command starts: that needs a process group, which bash makes for each job.
    "elif [ $0 = sh ]; then if command -v setsid >/dev/null; then tl_with=setsid; else tl_group=; fi; fi;",
    # A run without its limit could go on for ever.
    'if [ "$tl_with" != timeout ] && ! command -v sleep >/dev/null; then',
    'echo "pulumi-tione: the image has no sleep, which max_duration needs" >&9; exit 125; fi;',
    # Job control also keeps INT from being ignored in the background.
    "[ $0 = bash ] && set -m;",
    "tl_now; tl_begin=$tl_n;",
    'if [ "$tl_with" = timeout ]; then timeout -k $tl_grace "$2" $0 -c "$3" </dev/null 2>&9 9>&- &',
    'else $tl_with $0 -c "$3" </dev/null 2>&9 9>&- & fi; tl_pid=$!; exec 9>&-;',
    '[ -n "$tl_sent" ] && kill -$tl_sent $tl_group$tl_pid;',
    'if [ "$tl_with" != timeout ]; then',
    "trap 'tl_again=1; tl_sent=TERM; tl_end=1; kill -TERM $tl_group$tl_pid' USR1;",
    # A sleep that somebody kills is repeated.
    "(trap 'kill $tl_sleep; exit' TERM; exec >/dev/null; until tl_nap \"$2\"; do tl_nap 1 || exit; done;",
    "kill -USR1 $$; tl_nap $tl_grace; kill -KILL $tl_group$tl_pid) & tl_timer=$!; fi;",
    "wait $tl_pid; tl_code=$?;",
    # A signal ends a wait. If the child had been collected before, the next one has nothing to wait for (127).
    'while [ -n "$tl_again" ]; do tl_again=; wait $tl_pid; tl_x=$?; [ $tl_x = 127 ] || tl_code=$tl_x; done;',
    "case $tl_with$tl_code in timeout124|timeout137)",
    'tl_now; [ $((tl_n - tl_begin)) -ge "$2" ] && tl_end=1 && tl_sent=TERM; esac;',
    # The command's shell has ended, but what it started may still write a checkpoint.
    'if [ -n "$tl_sent" ]; then tl_n=$tl_grace; while [ $tl_n -gt 0 ] && kill -0 -$tl_pid;',
    "do sleep 1; tl_n=$((tl_n - 1)); done; kill -KILL -$tl_pid; fi;",
    '[ -n "$tl_timer" ] && kill $tl_timer;',
    '[ -n "$tl_end" ] && echo "pulumi-tione: time limit of $2 s reached, run ended" && tl_code=124;',
    "exit $tl_code",
)


def _quoted(text: str) -> str:
    """Return a text as one word of a shell; `shlex.quote` leaves plain words without quotes."""
    return "'" + text.replace("'", r"'\''") + "'"


_PREFIX = f"sh -c {_quoted(_START)} {_NAME} {_quoted(' '.join(_SCRIPT))} "
_LIMITED = r"([1-9]\d*) '(.*)'"


class LimitedCommands(NamedTuple):
    """The commands of a task by their names in the API, and their time limit."""

    commands: dict[str, Any]
    seconds: int | None
    """None, if they have no limit."""


def with_time_limit(command: str, seconds: int) -> str:
    """Return a command that ends after this number of seconds: by TERM, and by KILL a minute later."""
    return f"{_PREFIX}{seconds} {_quoted(command)}"


def without_time_limit(command: str) -> tuple[str, int | None]:
    """Return the original of a command and its limit; a text of another form as it is."""
    limited = re.fullmatch(_LIMITED, command[len(_PREFIX) :], re.DOTALL) if command.startswith(_PREFIX) else None
    if limited is None:
        return command, None
    seconds, original = int(limited[1]), limited[2].replace(r"'\''", "'")
    return (original, seconds) if with_time_limit(original, seconds) == command else (command, None)


def limit_commands(commands: Mapping[str, Any], seconds: int) -> dict[str, Any]:
    """Return commands with a time limit; those that are not set stay so."""
    return {
        name: with_time_limit(command, seconds) if isinstance(command, str) and command else command
        for name, command in commands.items()
    }


def unlimited_commands(commands: Mapping[str, Any]) -> LimitedCommands:
    """Return the originals of commands and their common limit; those without a common limit as they are."""
    originals = {
        name: without_time_limit(command) for name, command in commands.items() if isinstance(command, str) and command
    }
    limits = {seconds for _, seconds in originals.values()}
    if len(limits) != 1 or None in limits:
        return LimitedCommands(dict(commands), None)
    return LimitedCommands({**commands, **{name: original for name, (original, _) in originals.items()}}, limits.pop())
