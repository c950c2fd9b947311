"""JAX peer of e-prop: the same steps under one `jit`, as a `lax.scan`."""

import peer

options = peer.start()

import jax
from jax import lax
from jax import numpy as jnp

import eprop


def build(units, steps):
    spikes, targets, weights, feedback = eprop.arrays(units, steps)
    spikes, targets, feedback = jnp.asarray(spikes), jnp.asarray(targets), jnp.asarray(feedback)
    weights = {name: jnp.asarray(w) for name, w in weights.items()}
    alpha, theta, gamma = jnp.exp(-1 / eprop.TAU), eprop.THRESHOLD, eprop.GAMMA

    @jax.jit
    def trial(weights, spikes, targets):
        w_in, w_rec, w_out = weights["w_in"], weights["w_rec"], weights["w_out"]

        def step(carry, now):
            v, z, y, z_bar, eps_in, eps_rec, bar_in, bar_rec, g_in, g_rec, g_out = carry
            x, target = now
            eps_in = alpha * eps_in + x
            eps_rec = alpha * eps_rec + z
            v = alpha * v + w_in @ x + w_rec @ z - theta * z
            z = (v > theta).astype(jnp.float32)
            h = gamma * jnp.maximum(0, 1 - jnp.abs((v - theta) / theta)) / theta
            y = alpha * y + w_out @ z
            z_bar = alpha * z_bar + z
            bar_in = alpha * bar_in + jnp.outer(h, eps_in)
            bar_rec = alpha * bar_rec + jnp.outer(h, eps_rec)
            error = y - target
            learning = (feedback.T @ error)[:, None]
            g_in = g_in + learning * bar_in
            g_rec = g_rec + learning * bar_rec
            g_out = g_out + jnp.outer(error, z_bar)
            return (v, z, y, z_bar, eps_in, eps_rec, bar_in, bar_rec, g_in, g_rec, g_out), None

        unit, inputs = jnp.zeros(units), jnp.zeros(eprop.INPUTS)
        start = (unit, unit, jnp.zeros(eprop.OUTPUTS), unit, inputs, unit)
        start += (0 * w_in, 0 * w_rec, 0 * w_in, 0 * w_rec, 0 * w_out)
        return lax.scan(step, start, (spikes, targets))[0][-3:]

    return lambda: jax.block_until_ready(trial(weights, spikes, targets))


peer.say(peer="jax, online", version=jax.__version__)
eprop.serve(build)
