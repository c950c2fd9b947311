"""What the e-prop peers share: the network's arrays and the messages.

A network of leaky integrate-and-fire units (soft reset, triangular surrogate)
with a leaky readout learns by e-prop with random feedback, one trial at a time.
One turn is one trial: forward, eligibility, the gradient of all weights, f32.
"""

import json
import sys
import traceback

import peer

INPUTS, OUTPUTS = 100, 1
TAU, THRESHOLD, GAMMA = 30.0, 0.1, 0.3  # ms, dt = 1 ms
GAIN = 0.1  # of the weights: the threshold, so that units fire some tens of times a second


def arrays(units, steps):
    """Spikes `[time, input]`, targets `[time, output]`, weights and feedback."""
    import numpy as np

    rng = np.random.default_rng(0)
    spikes = (rng.random((steps, INPUTS)) < 0.05).astype(np.float32)
    time = np.arange(steps, dtype=np.float32) / 1000
    targets = np.sin(2 * np.pi * 2 * time).astype(np.float32)[:, None]

    def normal(rows, columns):
        return (GAIN * rng.standard_normal((rows, columns)) / columns**0.5).astype(np.float32)

    weights = {
        "w_in": normal(units, INPUTS),
        "w_rec": normal(units, units),
        "w_out": normal(OUTPUTS, units),
    }
    return spikes, targets, weights, normal(OUTPUTS, units)


def serve(build):
    """Answer `{"units": N, "steps": T, "repeats": R}` with times in ms."""
    built = {}
    for line in sys.stdin:
        try:
            request = json.loads(line)
            if request.get("quit"):
                return
            key = request["units"], request["steps"]
            if key not in built:
                built[key] = build(*key)
                built[key]()
            times = [peer.milliseconds(built[key])[0] for _ in range(request["repeats"])]
            peer.say(ms=times)
        except Exception as error:
            traceback.print_exc()
            peer.say(error=f"{type(error).__name__}: {error}")
