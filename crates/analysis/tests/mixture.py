"""Makes mixture.json: Gaussian mixtures by scikit-learn, distances and agreements by SciPy and scikit-learn.

    python mixture.py > mixture.json

Made with scikit-learn 1.9.1 and SciPy 1.17.1.
"""

import json
import sys

import numpy as np
from scipy.stats import wasserstein_distance
from sklearn.metrics import adjusted_rand_score
from sklearn.mixture import GaussianMixture

rng = np.random.default_rng(5)
factors = [rng.normal(size=(3, 3)) for _ in range(3)]
means = [[0, 0, 0], [4, -3, 1], [-4, 2, 3]]
points = np.concatenate([rng.normal(size=(n, 3)) @ f + m for n, f, m in zip((90, 60, 50), factors, means)])
points = np.round(points, 4)
out = {"points": points.tolist(), "fits": []}
for count in (1, 2, 3):
    fit = GaussianMixture(count, n_init=60, init_params="random_from_data", tol=1e-10, max_iter=2000, reg_covar=1e-9, random_state=0).fit(points)
    order = np.argsort(-fit.weights_)
    out["fits"].append(
        {
            "log_likelihood": fit.score(points) * len(points),
            "bic": fit.bic(points),
            "weights": fit.weights_[order].tolist(),
            "means": fit.means_[order].tolist(),
            "covariances": fit.covariances_[order].tolist(),
        }
    )
a, b = rng.integers(0, 4, 60), rng.integers(0, 3, 60)
b[:30] = a[:30] % 3
out["rand"] = {"first": a.tolist(), "second": b.tolist(), "adjusted": adjusted_rand_score(a, b)}
x, y = np.round(rng.normal(size=17), 3), np.round(rng.gamma(2, size=23), 3)
out["wasserstein"] = {"first": x.tolist(), "second": y.tolist(), "distance": wasserstein_distance(x, y)}
json.dump(out, sys.stdout)
