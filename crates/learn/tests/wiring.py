"""Writes wiring.json: penalties on wirings by JAX, for tests of the terms `wiring-length`,
`communicability` and `spatial-communicability`.

    python wiring.py > wiring.json        (jax, in double precision)

Written as published for spatially embedded networks (Achterberg et al. 2023), with kernels
`[from, to]`; attractor's are `[to, from]`.
"""

import json

import jax
import numpy as np

jax.config.update("jax_enable_x64", True)
from jax import numpy as jnp  # noqa: E402
from jax.scipy.linalg import expm  # noqa: E402

shape = (2, 3, 2)
n = 12
points = np.array([(a, b, c) for a in range(2) for b in range(3) for c in range(2)], float)
distances = np.linalg.norm(points[:, None] - points[None, :], axis=-1)
kernel = np.random.default_rng(3).standard_normal((n, n)) * 0.4


def communicability(absolute):
    degrees = absolute.sum(axis=1)
    root = jnp.diag(degrees**-0.5)
    c = expm(root @ absolute @ root)
    return c * (1 - jnp.eye(n))


TERMS = {
    "wiring-length": lambda a: jnp.sum(a * distances),
    "communicability": lambda a: jnp.sum(a * communicability(a)),
    "spatial-communicability": lambda a: jnp.sum(a * communicability(a) * distances),
}
answers = {"shape": shape, "weights": kernel.T.ravel().tolist(), "terms": {}}
for name, term in TERMS.items():
    value, gradient = jax.value_and_grad(lambda k: term(jnp.abs(k)))(jnp.asarray(kernel))
    answers["terms"][name] = {"value": float(value), "gradient": np.asarray(gradient).T.ravel().tolist()}
print(json.dumps(answers))
