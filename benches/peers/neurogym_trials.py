"""NeuroGym peer: the time to make a trial, observations and ground truth, of any of its tasks."""

import json
import statistics
import sys
import warnings

import peer

options = peer.start()


def load():
    global neurogym, TrialEnv
    warnings.filterwarnings("ignore")
    import neurogym
    from neurogym.core import TrialEnv


import_ms, _ = peer.milliseconds(load)
environments = {}


def make(name, dt, options):
    """The environment, with the trials of a warm-up behind it, and whether it draws noise."""
    key = name, dt, *sorted(options.items())
    if key not in environments:
        environment = neurogym.make(name, dt=dt, **options)
        environment.reset(seed=1)
        environments[key] = environment, noisy(environment)
    return environments[key]


def noisy(environment):
    """Whether its trials draw noise."""
    draw, drawn = TrialEnv.add_randn, []
    TrialEnv.add_randn = lambda *arguments, **options: drawn.append(draw(*arguments, **options))
    trials(environment, 20)
    TrialEnv.add_randn = draw
    return bool(drawn)


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
    environment, noise = make(request["environment"], request["dt"], request["options"])
    ms, steps = peer.milliseconds(lambda: trials(environment, request["trials"]))
    channels = environment.unwrapped.ob.shape[1]
    us = 1e3 * ms / request["trials"]
    peer.say(us=us, steps=statistics.fmean(steps), channels=channels, noise=noise)


peer.say(peer="neurogym", version=neurogym.__version__, threads=options.threads, import_ms=import_ms)
for line in sys.stdin:
    try:
        request = json.loads(line)
        if request.get("quit"):
            break
        answer(request)
    except Exception as error:
        peer.say(error=f"{type(error).__name__}: {error}")
