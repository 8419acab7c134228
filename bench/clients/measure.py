"""Runs a command until SECONDS have passed (0: once), and reports what it cost: CPU of all its threads and children as
the kernel counts it, and the peak of its memory.

python3 measure.py REPORT SECONDS COMMAND [ARGUMENT ...]
"""

import json
import os
import resource
import subprocess
import sys
import time

report, seconds, command = sys.argv[1], float(sys.argv[2]), sys.argv[3:]
started = time.monotonic()
passes = 0
status = 0
while status == 0 and (passes == 0 or time.monotonic() - started < seconds):
    status = subprocess.call(command, stdin=subprocess.DEVNULL)
    passes += 1
usage = resource.getrusage(resource.RUSAGE_CHILDREN)
own = resource.getrusage(resource.RUSAGE_SELF)
with open(report + ".part", "w") as file:
    json.dump(
        {
            "status": status,
            "passes": passes,
            "seconds": time.monotonic() - started,
            "cpuSeconds": usage.ru_utime + usage.ru_stime,
            "ownCpuSeconds": own.ru_utime + own.ru_stime,
            "peakRssMb": usage.ru_maxrss / (1024 * 1024 if sys.platform == "darwin" else 1024),
        },
        file,
    )
os.rename(report + ".part", report)
sys.exit(0 if status == 0 else 1)
