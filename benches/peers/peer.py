"""What the peers share: the task's arrays, the line protocol, clock and memory.

Imports nothing heavy at module level: `start()` must pin the process to its
processors before the framework under test is imported, and the time of that
import is one of the things reported.
"""

import argparse
import json
import os
import sys
import time
import traceback

INPUTS, OUTPUTS = 6, 3
ALPHA, SIGMA = 0.2, 0.05  # leaky cell: step / time constant, noise per step
LEARNING_RATE, MAX_NORM = 1e-3, 1.0
# spiking cells, steps of 1 ms: membrane and threshold, height of the triangular surrogate; the adaptive
# cell's membrane, threshold, adaptation and rise of the threshold
LIF = {"tau": 30.0, "th": 0.1}
ALIF = {"tau": 20.0, "th": 0.6, "tau_a": 2000.0, "beta": 0.017424}
HEIGHT = 0.3
# harmonic oscillators, steps of 1 ms
HORN = {"omega": 2 * 3.141592653589793 / 28, "gamma": 0.01, "alpha": 0.04}
FIRST_UPDATE = {"cell": "leaky", "units": 128, "trials": 64, "steps": 100}


class Absent(Exception):
    """The peer does not have this cell."""


def start():
    """Command line, then processor affinity; call before importing the framework."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--first-update", action="store_true")
    options = parser.parse_args()
    processors = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, processors[: options.threads])
    os.environ["CUDA_VISIBLE_DEVICES"] = ""
    return options


def task(trials, steps):
    """Fixed inputs, targets and loss mask, each [time, trial, channel], f32."""
    import numpy as np

    rng = np.random.default_rng(0)
    inputs = rng.standard_normal((steps, trials, INPUTS), dtype=np.float32)
    targets = rng.standard_normal((steps, trials, OUTPUTS), dtype=np.float32)
    mask = np.ones_like(targets)
    mask[: steps // 4] = 0.0
    return inputs, targets, mask


def process_age_ms():
    """Time since this process was started (resolution: one clock tick, 10 ms)."""
    with open("/proc/self/stat") as f:
        ticks = int(f.read().rpartition(")")[2].split()[19])
    started = ticks / os.sysconf("SC_CLK_TCK")
    return 1e3 * (time.clock_gettime(time.CLOCK_BOOTTIME) - started)


def peak_mib():
    """Largest resident set so far.

    VmHWM, not getrusage's ru_maxrss: the latter survives exec and would
    include the memory of the process that started this one.
    """
    with open("/proc/self/status") as f:
        for line in f:
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024


def say(**answer):
    print(json.dumps(answer), flush=True)


def milliseconds(action):
    begin = time.perf_counter()
    result = action()
    return 1e3 * (time.perf_counter() - begin), result


def serve(options, build, select_threads=None):
    """Answer timing requests until `{"quit": true}` or end of input.

    `build(cell, units, trials, steps)` returns a function that makes one whole
    training step, waits for it, and returns the loss as a float.
    `select_threads(n)` sets the thread count of later steps; without it the
    process serves only the thread count it was started with.
    """
    if options.first_update:
        if select_threads:
            select_threads(options.threads)
        loss = build(**FIRST_UPDATE)()
        say(first_update_ms=process_age_ms(), peak_mib=peak_mib(), loss=loss)
        return
    built = {}
    for line in sys.stdin:
        try:
            request = json.loads(line)
            if request.get("quit"):
                return
            threads = request["threads"]
            if select_threads and threads <= options.threads:
                select_threads(threads)
            elif threads != options.threads:
                raise ValueError(f"started for {options.threads} threads, asked for {threads}")
            shape = {name: request[name] for name in ("cell", "units", "trials", "steps")}
            key = (*shape.values(), threads)
            if key not in built:
                # Two untimed steps; the first includes building and compiling.
                begin = time.perf_counter()
                step = build(**shape)
                step()
                built[key] = step, 1e3 * (time.perf_counter() - begin)
                step()
            step, first_ms = built[key]
            times, loss = [], None
            for _ in range(request["repeats"]):
                ms, loss = milliseconds(step)
                times.append(ms)
            say(ms=times, first_ms=first_ms, loss=loss, peak_mib=peak_mib())
        except Absent:
            say(absent=True)
        except Exception as error:
            traceback.print_exc()
            say(error=f"{type(error).__name__}: {error}")
