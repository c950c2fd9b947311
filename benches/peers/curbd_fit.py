"""CURBD (Perich et al. 2020) on rates that `attractor bench` simulates.

Its folder is the first argument; nothing of it is kept here. It is written for NumPy 1 and draws while
it trains: NumPy gets back the name it has lost, and matplotlib is an empty shell.
"""

import os
import sys
import unittest.mock

folder = sys.argv.pop(1)
answers = os.fdopen(os.dup(1), "w", buffering=1)
os.dup2(2, 1)
sys.path.insert(0, folder)

for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"

import peer

options = peer.start()
sys.stdout = answers


def load():
    global np, curbd
    import numpy as np

    np.NaN = np.nan
    for name in ("matplotlib", "matplotlib.pyplot", "matplotlib.gridspec", "pylab"):
        sys.modules[name] = unittest.mock.MagicMock()
    import curbd


import_ms, _ = peer.milliseconds(load)


def passes(activity, count):
    """A training of so many passes and one free run; units are rows."""
    return curbd.trainMultiRegionRNN(
        activity,
        dtData=0.01,
        dtFactor=5,
        tauRNN=0.1,
        tauWN=0.1,
        ampInWN=0.01,
        nRunTrain=count,
        nRunFree=1,
        plotStatus=False,
        verbose=False,
    )


def fit(units, rates, repeats):
    activity = np.fromfile(rates).reshape(-1, units).T.copy()
    times = []
    # its messages go where everything goes that is no answer
    sys.stdout = sys.stderr
    try:
        for _ in range(repeats):
            one, _ = peer.milliseconds(lambda: passes(activity, 1))
            three, _ = peer.milliseconds(lambda: passes(activity, 3))
            times.append((three - one) / 2)
    finally:
        sys.stdout = answers
    return times


peer.say(peer="CURBD on numpy", version=np.__version__, threads=options.threads, import_ms=import_ms)
for line in sys.stdin:
    request = peer.json.loads(line)
    if request.get("quit"):
        break
    try:
        peer.say(ms=fit(**request))
    except Exception as error:
        peer.traceback.print_exc()
        peer.say(error=f"{type(error).__name__}: {error}")
