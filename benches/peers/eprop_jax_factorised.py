"""JAX peer of e-prop, factorised: traces per unit, then one matrix product over all steps.

Without adaptation the eligibility of a synapse is the surrogate derivative of its target times the
filtered spikes of its source, and filtering it by the readout can be left to the learning signal,
backwards in time. That takes memory for all steps of the trial: it is no online rule.
"""

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
        w_rec, w_out = weights["w_rec"], weights["w_out"]
        drives = spikes @ weights["w_in"].T

        def step(carry, now):
            v, z, y, z_bar, eps_in, eps_rec = carry
            x, drive, target = now
            eps_in = alpha * eps_in + x
            eps_rec = alpha * eps_rec + z
            v = alpha * v + drive + w_rec @ z - theta * z
            z = (v > theta).astype(jnp.float32)
            h = gamma * jnp.maximum(0, 1 - jnp.abs((v - theta) / theta)) / theta
            y = alpha * y + w_out @ z
            z_bar = alpha * z_bar + z
            return (v, z, y, z_bar, eps_in, eps_rec), (h, eps_in, eps_rec, z_bar, y - target)

        unit, inputs = jnp.zeros(units), jnp.zeros(eprop.INPUTS)
        start = (unit, unit, jnp.zeros(eprop.OUTPUTS), unit, inputs, unit)
        h, eps_in, eps_rec, z_bar, error = lax.scan(step, start, (spikes, drives, targets))[1]

        def back(later, now):
            later = alpha * later + now
            return later, later

        told = lax.scan(back, jnp.zeros(eprop.OUTPUTS), error, reverse=True)[1]
        learning = (told @ feedback) * h
        return learning.T @ eps_in, learning.T @ eps_rec, error.T @ z_bar

    return lambda: jax.block_until_ready(trial(weights, spikes, targets))


peer.say(peer="jax, whole trial", version=jax.__version__)
eprop.serve(build)
