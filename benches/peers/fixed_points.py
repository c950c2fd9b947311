"""FixedPointFinder (Golub & Sussillo 2018) on the network of `attractor bench`: x <- tanh(W x).

Its folder is the first argument; nothing of it is kept here. It prints to standard output, which
therefore becomes standard error before it is imported.
"""

import os
import sys

folder = sys.argv.pop(1)
answers = os.fdopen(os.dup(1), "w", buffering=1)
os.dup2(2, 1)
sys.path.insert(0, folder)

import peer

options = peer.start()
sys.stdout = answers


def load():
    global np, torch, FixedPointFinderTorch
    import numpy as np
    import torch
    from FixedPointFinderTorch import FixedPointFinderTorch


import_ms, _ = peer.milliseconds(load)


def network(weights):
    """The weights as torch.nn.RNN, whose input is a single channel of zeros."""
    units = len(weights)
    rnn = torch.nn.RNN(1, units, nonlinearity="tanh", bias=False, batch_first=True)
    with torch.no_grad():
        rnn.weight_hh_l0.copy_(torch.from_numpy(weights))
        rnn.weight_ih_l0.zero_()
    return rnn


def search(units, weights, starts, points):
    """Files of doubles: weights [units, units], starts and points [start, units]."""
    rnn = network(np.fromfile(weights).reshape(units, units))
    starts = np.fromfile(starts).reshape(-1, units).astype(np.float32)
    finder = FixedPointFinderTorch(
        rnn, do_compute_jacobians=False, do_decompose_jacobians=False, verbose=False
    )
    inputs = np.zeros((1, 1), dtype=np.float32)
    # its messages go where everything goes that is no answer
    sys.stdout = sys.stderr
    try:
        ms, (_, found) = peer.milliseconds(lambda: finder.find_fixed_points(starts, inputs))
    finally:
        sys.stdout = answers
    found.xstar.astype(np.float64).tofile(points)
    return ms


peer.say(peer="FixedPointFinder on torch", version=torch.__version__, threads=options.threads, import_ms=import_ms)
torch.set_num_threads(options.threads)
for line in sys.stdin:
    request = peer.json.loads(line)
    if request.get("quit"):
        break
    try:
        peer.say(ms=[search(**request)])
    except Exception as error:
        peer.traceback.print_exc()
        peer.say(error=f"{type(error).__name__}: {error}")
