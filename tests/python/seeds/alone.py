"""Blocks that set tracing up run in a process of their own: ``alone.py MODULE NAME ARGS``."""

import importlib
import json
import os
import subprocess
import sys
from pathlib import Path

from blocks import block_of

HERE = Path(__file__).parent
SECONDS = 60
_KEPT = ("PATH", "HOME", "PYTHONPATH", "LD_LIBRARY_PATH", "LANG", "TMPDIR")


def in_new_process(function, *arguments, **environment):
    """Run ``function(block, *arguments)`` in a new interpreter and return what it printed.

    Nothing is configured there, and a warning is an error.
    """
    what = [function.__module__, function.__name__, json.dumps(arguments)]
    done = subprocess.run(
        [sys.executable, "-W", "error", __file__, *what],
        env={**{name: os.environ[name] for name in _KEPT if name in os.environ}, **environment},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Traceback" not in done.stderr, done.stderr
    return done.stdout


def alone(test):
    """Let a test of a block run in a process of its own; its printed lines are not looked at."""

    def in_its_own_process():
        in_new_process(test)

    in_its_own_process.__name__, in_its_own_process.body = test.__name__, test
    in_its_own_process.__module__ = test.__module__
    return in_its_own_process


def main(module_name, name, arguments):
    sys.path[:0] = [str(HERE), str(HERE.parent), str(HERE.parent.parent)]
    module = importlib.import_module(module_name)
    function = getattr(module, name)
    block = block_of(module.DOCUMENT, name)
    getattr(function, "body", function)(block, *json.loads(arguments))
    assert block.used, "the block did not run"


if __name__ == "__main__":
    main(*sys.argv[1:])
