"""NumPy peer of e-prop: one step after the other, a trace for every synapse."""

import peer

options = peer.start()

import numpy as np

import eprop


def build(units, steps):
    spikes, targets, weights, feedback = eprop.arrays(units, steps)
    w_in, w_rec, w_out = weights["w_in"], weights["w_rec"], weights["w_out"]
    alpha = np.float32(np.exp(-1 / eprop.TAU))
    theta, gamma = np.float32(eprop.THRESHOLD), np.float32(eprop.GAMMA)

    def trial():
        v, z = np.zeros(units, np.float32), np.zeros(units, np.float32)
        y, z_bar = np.zeros(eprop.OUTPUTS, np.float32), np.zeros(units, np.float32)
        # without adaptation the vectors of all units are alike: one row stands for them
        eps_in, eps_rec = np.zeros(eprop.INPUTS, np.float32), np.zeros(units, np.float32)
        bar_in, bar_rec = np.zeros_like(w_in), np.zeros_like(w_rec)
        g_in, g_rec, g_out = np.zeros_like(w_in), np.zeros_like(w_rec), np.zeros_like(w_out)
        for x, target in zip(spikes, targets):
            eps_in = alpha * eps_in + x
            eps_rec = alpha * eps_rec + z
            v = alpha * v + w_in @ x + w_rec @ z - theta * z
            z = (v > theta).astype(np.float32)
            h = gamma * np.maximum(0, 1 - np.abs((v - theta) / theta)) / theta
            y = alpha * y + w_out @ z
            z_bar = alpha * z_bar + z
            bar_in = alpha * bar_in + np.outer(h, eps_in)
            bar_rec = alpha * bar_rec + np.outer(h, eps_rec)
            error = y - target
            learning = (feedback.T @ error)[:, None]
            g_in += learning * bar_in
            g_rec += learning * bar_rec
            g_out += np.outer(error, z_bar)
        return float(g_rec[0, 0] + g_in[0, 0] + g_out[0, 0])

    return trial


peer.say(peer="numpy, online", version=np.__version__)
eprop.serve(build)
