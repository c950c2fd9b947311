"""JAX peer of spatially embedded networks: a whole training, compiling included.

One request is one run from nothing: trials drawn, parameters drawn, functions compiled, all updates,
and a validation every so often, as `fit` does after every epoch.

    -> {"units": 100, "trials": 128, "updates": 400, "every": 40, "validation": 2560, "gamma": 0.1,
        "threads": 2}
    <- {"whole_ms": 9000.1, "ms": [...], "accuracy": 0.9}
"""

import json
import sys
import time
import traceback

import peer

options = peer.start()

import jax
import numpy as np
import optax
from jax import lax
from jax import numpy as jnp
from jax.scipy.linalg import expm

SHAPE, GOAL, DELAY, STEPS = (5, 5, 4), 20, 10, 50
INPUTS, OUTPUTS, NOISE = 8, 4, 0.05
TRAINED = 5120
GOALS = {7: 0, 9: 1, 17: 2, 19: 3}
LEFT, UP, RIGHT, DOWN = range(4)
TYPES = [
    (9, (UP, LEFT), UP),
    (9, (RIGHT, DOWN), RIGHT),
    (19, (LEFT, DOWN), DOWN),
    (17, (RIGHT, DOWN), DOWN),
    (17, (UP, LEFT), LEFT),
    (7, (UP, RIGHT), UP),
    (19, (LEFT, RIGHT), RIGHT),
    (7, (LEFT, RIGHT), LEFT),
]


def draw(rng, count):
    """Inputs [time, trial, channel] without noise, and the right moves."""
    inputs = np.zeros((len(TYPES), STEPS, INPUTS), np.float32)
    for k, (goal, offered, _) in enumerate(TYPES):
        inputs[k, :GOAL, GOALS[goal]] = 1
        inputs[k, GOAL + DELAY :, [4 + move for move in offered]] = 1
    moves = np.array([move for _, _, move in TYPES], np.int32)
    which = rng.integers(len(TYPES), size=count)
    return np.swapaxes(inputs[which], 0, 1), moves[which]


def distances(units):
    places = np.array(list(np.ndindex(SHAPE)), np.float32)[:units]
    return np.linalg.norm(places[:, None] - places[None, :], axis=-1)


def glorot(key, shape):
    limit = (6 / sum(shape)) ** 0.5
    return jax.random.uniform(key, shape, minval=-limit, maxval=limit)


def whole(units, trials, updates, every, validation, gamma):
    rng = np.random.default_rng(0)
    inputs, moves = draw(rng, TRAINED)
    held_inputs, held_moves = map(jnp.asarray, draw(rng, validation))
    k_in, k_rec, k_out, key = jax.random.split(jax.random.key(0), 4)
    params = {
        "w_in": glorot(k_in, (INPUTS, units)),
        "w_rec": jax.random.orthogonal(k_rec, units),
        "b": jnp.zeros(units),
        "w_out": glorot(k_out, (units, OUTPUTS)),
        "c": jnp.zeros(OUTPUTS),
    }
    length = jnp.asarray(distances(units))
    between = 1 - jnp.eye(units)
    optimizer = optax.adam(1e-3, eps=1e-7)

    def logits(params, inputs):
        driven = inputs @ params["w_in"] + params["b"]

        def step(h, drive):
            return jax.nn.relu(drive + h @ params["w_rec"]), None

        h, _ = lax.scan(step, jnp.zeros((inputs.shape[1], units)), driven)
        return h @ params["w_out"] + params["c"]

    def cross_entropy(params, inputs, moves):
        return optax.softmax_cross_entropy_with_integer_labels(logits(params, inputs), moves).mean()

    def cost(weights):
        a = jnp.abs(weights)
        root = a.sum(axis=1) ** -0.5
        c = expm(root[:, None] * a * root[None, :]) * between
        return (a * c * length).sum()

    def loss(params, inputs, moves):
        return cross_entropy(params, inputs, moves) + gamma * cost(params["w_rec"])

    @jax.jit
    def update(params, state, key, inputs, moves):
        key, noise = jax.random.split(key)
        inputs = inputs + NOISE * jax.random.normal(noise, inputs.shape)
        value, grads = jax.value_and_grad(loss)(params, inputs, moves)
        changes, state = optimizer.update(grads, state, params)
        return optax.apply_updates(params, changes), state, key, value

    @jax.jit
    def accuracy(params, inputs, moves):
        return (logits(params, inputs).argmax(axis=-1) == moves).mean()

    state, times, score = optimizer.init(params), [], None
    for number in range(updates):
        if number * trials % TRAINED == 0:
            order = rng.permutation(TRAINED)
        batch = order[number * trials % TRAINED :][:trials]
        begin = time.perf_counter()
        params, state, key, value = update(params, state, key, inputs[:, batch], moves[batch])
        jax.block_until_ready(params)
        times.append(1e3 * (time.perf_counter() - begin))
        if (number + 1) % every == 0:
            score = float(accuracy(params, held_inputs, held_moves))
    return times, score


peer.say(peer="jax", version=jax.__version__)
for line in sys.stdin:
    try:
        request = json.loads(line)
        if request.get("quit"):
            break
        if request.pop("threads") != options.threads:
            raise ValueError(f"started for {options.threads} threads")
        jax.clear_caches()
        begin = time.perf_counter()
        times, score = whole(**request)
        peer.say(whole_ms=1e3 * (time.perf_counter() - begin), ms=times, accuracy=score)
    except Exception as error:
        traceback.print_exc()
        peer.say(error=f"{type(error).__name__}: {error}")
