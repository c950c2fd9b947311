import json

import numpy as np
from safetensors.numpy import save_file

# the network: 2 inputs, 6 leaky tanh units, 1 linear readout
inputs, units, outputs, dt, tau = 2, 6, 1, 20.0, 100.0
dense = {"kind": "dense", "law": {"kind": "gaussian", "gain": 1.0}}
zero = {"kind": "constant", "value": 0.0}
description = {
    "dt": dt,
    "populations": [
        {"name": "in", "units": inputs},
        {
            "name": "rec",
            "units": units,
            "neuron": {
                "name": "leaky-tanh",
                "drives": ["I"],
                "equations": ["dx/dt = (-x + I)/tau", "r = tanh(after(x))"],
                "parameters": {"tau": {"default": tau, "unit": "ms"}},
            },
            "bias": {"I": zero},
        },
        {
            "name": "out",
            "units": outputs,
            "neuron": {"name": "linear", "drives": ["I"], "equations": ["y = I"]},
        },
    ],
    "projections": [
        {"from": "in.u", "to": "rec.I", "lag": 0, "wiring": dense},
        {"from": "rec.r", "to": "rec.I", "lag": 1, "wiring": dense},
        {"from": "rec.r", "to": "out.I", "lag": 0, "wiring": dense},
    ],
}

# the weights, W[target, source]; any training code of yours would give them
rng = np.random.default_rng(0)
w_in = rng.normal(size=(units, inputs)).astype(np.float32)
w_rec = (1.2 / np.sqrt(units) * rng.normal(size=(units, units))).astype(np.float32)
w_out = (rng.normal(size=(outputs, units)) / units).astype(np.float32)
bias = (0.1 * rng.normal(size=units)).astype(np.float32)
tensors = {
    "in->rec.W": w_in,
    "rec->rec.W": w_rec,
    "rec->out.W": w_out,
    "rec.I.bias": bias,
    "rec.tau": np.array([tau], dtype=np.float32),
}
save_file(tensors, "model.safetensors", {"format": "1", "attractor": json.dumps(description)})

# trials to run it on
trials, steps = 3, 50
u = rng.normal(size=(trials, steps, inputs)).astype(np.float32)
np.savez("trials.npz", inputs=u, dt=dt)

# what `attractor simulate model.safetensors --inputs trials.npz --out states.npz` computes
x = np.zeros((trials, units))
r = np.tanh(x)
y = np.zeros((trials, steps, outputs))
for t in range(steps):
    current = u[:, t] @ w_in.T + r @ w_rec.T + bias
    x = x + dt / tau * (-x + current)
    r = np.tanh(x)
    y[:, t] = r @ w_out.T
np.savez("expected.npz", **{"out.y": y})
