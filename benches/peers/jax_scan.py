"""JAX peer: `lax.scan` under one `jit` of the whole training step, with optax."""

import peer

options = peer.start()


def load():
    global jax, jnp, lax, np, optax
    import jax
    import numpy as np
    import optax
    from jax import lax
    from jax import numpy as jnp


import_ms, _ = peer.milliseconds(load)

GATES = {"leaky": 1, "elman": 1, "gru": 3, "lstm": 4, "horn": 1, "lif": 1, "alif": 1}


def init_params(key, cell, units):
    k_in, k_rec, k_out = jax.random.split(key, 3)
    bound = units**-0.5
    width = GATES[cell] * units

    def uniform(key, shape):
        return jax.random.uniform(key, shape, minval=-bound, maxval=bound)

    if cell == "leaky":
        w_rec = jax.random.normal(k_rec, (units, units)) * bound
    else:
        w_rec = uniform(k_rec, (units, width))
    params = {
        "w_in": uniform(k_in, (peer.INPUTS, width)),
        "w_rec": w_rec,
        "b": jnp.zeros(width),
        "w_out": uniform(k_out, (units, peer.OUTPUTS)),
        "c": jnp.zeros(peer.OUTPUTS),
    }
    if cell == "gru":
        params["b_rec"] = jnp.zeros(width)
    return params


def leaky(params, inputs, key):
    steps, trials, _ = inputs.shape
    units = params["w_rec"].shape[0]
    noise = jax.random.normal(key, (steps, trials, units))

    def step(carry, now):
        x, r = carry
        u, xi = now
        drive = r @ params["w_rec"] + u @ params["w_in"] + params["b"]
        x = x + peer.ALPHA * (-x + drive) + peer.SIGMA * xi
        r = jnp.tanh(x)
        return (x, r), r

    zeros = jnp.zeros((trials, units))
    return lax.scan(step, (zeros, zeros), (inputs, noise))[1]


def elman(params, inputs, key):
    def step(h, u):
        h = jnp.tanh(h @ params["w_rec"] + u @ params["w_in"] + params["b"])
        return h, h

    return lax.scan(step, jnp.zeros((inputs.shape[1], params["w_rec"].shape[0])), inputs)[1]


def gru(params, inputs, key):
    def step(h, u):
        r_in, z_in, n_in = jnp.split(u @ params["w_in"] + params["b"], 3, axis=-1)
        r_rec, z_rec, n_rec = jnp.split(h @ params["w_rec"] + params["b_rec"], 3, axis=-1)
        r = jax.nn.sigmoid(r_in + r_rec)
        z = jax.nn.sigmoid(z_in + z_rec)
        n = jnp.tanh(n_in + r * n_rec)
        h = (1 - z) * n + z * h
        return h, h

    return lax.scan(step, jnp.zeros((inputs.shape[1], params["w_rec"].shape[0])), inputs)[1]


def lstm(params, inputs, key):
    def step(carry, u):
        h, c = carry
        gates = h @ params["w_rec"] + u @ params["w_in"] + params["b"]
        i, f, g, o = jnp.split(gates, 4, axis=-1)
        c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
        h = jax.nn.sigmoid(o) * jnp.tanh(c)
        return (h, c), h

    zeros = jnp.zeros((inputs.shape[1], params["w_rec"].shape[0]))
    return lax.scan(step, (zeros, zeros), inputs)[1]


def horn(params, inputs, key):
    omega, gamma, alpha = peer.HORN["omega"], peer.HORN["gamma"], peer.HORN["alpha"]

    def step(carry, u):
        x, y = carry
        drive = jnp.tanh(u @ params["w_in"] + params["b"] + y @ params["w_rec"])
        y = y + alpha * drive - 2 * gamma * y - omega**2 * x
        return (x + y, y), y

    zeros = jnp.zeros((inputs.shape[1], params["w_rec"].shape[0]))
    return lax.scan(step, (zeros, zeros), inputs)[1]


def spike(x):
    """1 where x > 0, differentiated as a triangle."""
    bump = lax.stop_gradient(peer.HEIGHT * jnp.maximum(0.0, 1.0 - jnp.abs(x)))
    return lax.stop_gradient((x > 0).astype(x.dtype) - bump * x) + bump * x


def lif(params, inputs, key):
    alpha, th = np.exp(-1 / peer.LIF["tau"]), peer.LIF["th"]

    def step(carry, u):
        v, z = carry
        drive = u @ params["w_in"] + params["b"] + z @ params["w_rec"]
        v = alpha * v + drive - th * lax.stop_gradient(z)
        z = spike((v - th) / th)
        return (v, z), z

    zeros = jnp.zeros((inputs.shape[1], params["w_rec"].shape[0]))
    return lax.scan(step, (zeros, zeros), inputs)[1]


def alif(params, inputs, key):
    alpha, rho = np.exp(-1 / peer.ALIF["tau"]), np.exp(-1 / peer.ALIF["tau_a"])
    th, beta = peer.ALIF["th"], peer.ALIF["beta"]

    def step(carry, u):
        v, a, z = carry
        drive = u @ params["w_in"] + params["b"] + z @ params["w_rec"]
        a = rho * a + z
        v = alpha * v + drive - th * lax.stop_gradient(z)
        z = spike((v - th - beta * a) / th)
        return (v, a, z), z

    zeros = jnp.zeros((inputs.shape[1], params["w_rec"].shape[0]))
    return lax.scan(step, (zeros, zeros, zeros), inputs)[1]


CELLS = {
    "leaky": leaky,
    "elman": elman,
    "gru": gru,
    "lstm": lstm,
    "horn": horn,
    "lif": lif,
    "alif": alif,
}


def build(cell, units, trials, steps):
    forward = CELLS[cell]
    inputs, targets, mask = map(jnp.asarray, peer.task(trials, steps))
    optimizer = optax.chain(
        optax.clip_by_global_norm(peer.MAX_NORM), optax.adam(peer.LEARNING_RATE)
    )

    def loss_fn(params, key, inputs, targets, mask):
        z = forward(params, inputs, key) @ params["w_out"] + params["c"]
        return jnp.sum(mask * (z - targets) ** 2) / jnp.sum(mask)

    @jax.jit
    def train_step(params, opt_state, key, inputs, targets, mask):
        key, noise_key = jax.random.split(key)
        loss, grads = jax.value_and_grad(loss_fn)(params, noise_key, inputs, targets, mask)
        updates, opt_state = optimizer.update(grads, opt_state, params)
        return optax.apply_updates(params, updates), opt_state, key, loss

    key, init_key = jax.random.split(jax.random.key(0))
    params = init_params(init_key, cell, units)
    state = params, optimizer.init(params), key

    def step():
        nonlocal state
        *state, loss = jax.block_until_ready(train_step(*state, inputs, targets, mask))
        return float(loss)

    return step


if not options.first_update:
    peer.say(peer="jax", version=jax.__version__, threads=options.threads, import_ms=import_ms)
peer.serve(options, build)
