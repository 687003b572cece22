"""Running a small program in an interpreter of its own."""

import os
import subprocess
import sys
import textwrap


def run(program, *, warnings="error", **environment):
    """Run a program, with every warning an error, and return what it printed."""
    result = subprocess.run(
        [sys.executable, "-X", "dev", "-W", warnings, "-c", textwrap.dedent(program)],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    return result.stdout
