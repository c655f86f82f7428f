"""
A program to supervise: `fake_program.py HOME NAME BEHAVIOUR`.

It writes its name into HOME/started, waits for SIGTERM, and writes its name into HOME/stopped.
A `slow` one takes two seconds to stop, a `deaf` one never does, a `failing` one ends at once with exit code 70.
"""

import signal
import sys
import time
from pathlib import Path

root, name, behaviour = sys.argv[1:]
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT})
if behaviour == "failing":
    sys.exit(70)
with Path(root, "started").open("a") as log:
    log.write(f"{name}\n")
signal.sigwait({signal.SIGTERM})
while behaviour == "deaf":
    signal.pause()
time.sleep(2 if behaviour == "slow" else 0)
with Path(root, "stopped").open("a") as log:
    log.write(f"{name}\n")
