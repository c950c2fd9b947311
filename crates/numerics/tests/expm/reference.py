"""Writes reference.json: exponentials and Frechet derivatives by SciPy, for tests of `linalg::Expm`.

    python reference.py > reference.json        (numpy, scipy)
"""

import json

import numpy as np
from scipy.linalg import expm, expm_frechet

rng = np.random.default_rng(7)
n = 7
normal = rng.standard_normal((n, n)) / np.sqrt(n)
weights = np.abs(rng.standard_normal((n, n)))
root = weights.sum(axis=0) ** -0.5
cases = {
    "small": 1e-3 * normal,
    "normal": normal,
    # weights over the roots of their degrees: spectral radius 1
    "degrees": root[:, None] * weights * root[None, :],
    "large": 6.0 * normal,
    "far from normal": np.triu(rng.standard_normal((n, n)), 1) * 5.0 - np.eye(n),
    "decaying": -8.0 * weights,
}
answers = []
for name, a in cases.items():
    g = rng.standard_normal((n, n))
    answers.append(
        {
            "name": name,
            "a": a.ravel().tolist(),
            "g": g.ravel().tolist(),
            "exponential": expm(a).ravel().tolist(),
            # the adjoint of the derivative at A is the derivative at its transpose
            "pulled": expm_frechet(a.T, g, compute_expm=False).ravel().tolist(),
        }
    )
print(json.dumps({"n": n, "cases": answers}))
