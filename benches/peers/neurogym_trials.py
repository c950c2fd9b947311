"""NeuroGym peer: the time to make a trial, observations and ground truth, of any of its tasks."""

import json
import statistics
import sys
import warnings

import peer

options = peer.start()


def load():
    global neurogym
    warnings.filterwarnings("ignore")
    import neurogym


import_ms, _ = peer.milliseconds(load)
environments = {}


def make(name, dt):
    """The environment, with the trials of a warm-up behind it."""
    if (name, dt) not in environments:
        environment = neurogym.make(name, dt=dt)
        environment.reset(seed=1)
        trials(environment, 20)
        environments[name, dt] = environment
    return environments[name, dt]


def trials(environment, count):
    """Makes trials as NeuroGym's own data set does; their steps."""
    steps = []
    for _ in range(count):
        environment.new_trial()
        inputs, wanted = environment.unwrapped.ob, environment.unwrapped.gt
        assert len(inputs) == len(wanted)
        steps.append(len(inputs))
    return steps


def answer(request):
    environment = make(request["environment"], request["dt"])
    ms, steps = peer.milliseconds(lambda: trials(environment, request["trials"]))
    peer.say(us=1e3 * ms / request["trials"], steps=statistics.fmean(steps))


peer.say(peer="neurogym", version=neurogym.__version__, threads=options.threads, import_ms=import_ms)
for line in sys.stdin:
    try:
        request = json.loads(line)
        if request.get("quit"):
            break
        answer(request)
    except Exception as error:
        peer.say(error=f"{type(error).__name__}: {error}")
