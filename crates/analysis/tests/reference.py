"""Makes reference.json: measures of activity and behaviour as NumPy, SciPy and scikit-learn compute them.

    python reference.py > reference.json
"""

import json

import numpy as np
from scipy import linalg, optimize, spatial, special, stats
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA
from sklearn.linear_model import Ridge
from sklearn.metrics import roc_auc_score, silhouette_score

rng = np.random.default_rng(1)
out = {}

# activity [time, trial, unit] of two populations, and outputs
T, K = 6, 5
mixing = rng.normal(size=(4, 4)) * [2.0, 1.0, 0.5, 0.2]
x = np.round(rng.normal(size=(T, K, 4)) @ mixing.T + 1.0, 6)
y = np.round(x[:, :, :3] @ rng.normal(size=(3, 3)) + 0.7 * rng.normal(size=(T, K, 3)), 6)
z = np.round(x @ rng.normal(size=(4, 2)) + 0.5 * rng.normal(size=(T, K, 2)), 6)
flat = lambda a: a.reshape(T * K, -1)
pca = PCA().fit(flat(x))
scores = pca.transform(flat(x))


def r2(k, alpha):
    """Of the first k components, summed over outputs."""
    target = flat(z)
    fit = Ridge(alpha=alpha).fit(scores[:, :k], target).predict(scores[:, :k])
    return 1 - ((target - fit) ** 2).sum() / ((target - target.mean(0)) ** 2).sum()


u, v = (linalg.orth(flat(a) - flat(a).mean(0)) for a in (x, y))
# scipy's procrustes wants equal numbers of columns
padded = np.hstack([flat(y) - flat(y).mean(0), np.zeros((T * K, 1))])
out["populations"] = {
    "x": x.tolist(),
    "y": y.tolist(),
    "z": z.tolist(),
    "variances": pca.explained_variance_.tolist(),
    "ridge": 2.5,
    "r2": [r2(k, 2.5) for k in range(1, 5)],
    "canonical": np.cos(linalg.subspace_angles(u, v))[::-1].tolist(),
    "disparity": spatial.procrustes(flat(x), padded)[2],
}

# rows of numbers with ties
a = rng.integers(0, 6, 25).astype(float)
b = np.round(a + 2 * rng.normal(size=25), 0)
out["correlation"] = {
    "a": a.tolist(),
    "b": b.tolist(),
    "pearson": stats.pearsonr(a, b).statistic,
    "spearman": stats.spearmanr(a, b).statistic,
    "auc": roc_auc_score(np.r_[np.ones(10), np.zeros(15)], a),
}

# overlapping clusters
points = np.round(np.vstack([rng.normal(c, 1.0, (12, 2)) for c in ([0, 0], [3, 0], [0, 4])]), 4)
found = {k: KMeans(k, n_init=200, random_state=0).fit(points) for k in (2, 3, 4)}
out["clusters"] = {
    "points": points.tolist(),
    "inertia": [found[k].inertia_ for k in (2, 3, 4)],
    "silhouette": [silhouette_score(points, found[k].labels_) for k in (2, 3, 4)],
}

out["student"] = [
    [level, n, stats.t.ppf(0.5 + level / 2, n)] for level in (0.5, 0.95, 0.99) for n in (1, 4, 7, 30)
]
ci = lambda k, n: stats.binomtest(k, n).proportion_ci(0.95, method="wilson")
out["wilson"] = [[k, n, ci(k, n).low, ci(k, n).high] for k, n in ((0, 7), (3, 11), (40, 40), (70, 93))]

# psychometric data: strengths, trials, choices
strengths = np.array([-0.5, -0.25, -0.12, -0.06, 0.0, 0.06, 0.12, 0.25, 0.5])
trials = np.array([40, 45, 50, 60, 60, 60, 50, 45, 40])
rises = {"logistic": special.expit, "gaussian": special.ndtr}


def fit_psychometric(shape, largest_lapse):
    rise = rises[shape]
    truth = 0.03 + 0.92 * rise((strengths - 0.03) * {"logistic": 16, "gaussian": 9}[shape])
    chosen = rng.binomial(trials, truth)

    def loss(p):
        psi = p[2] + (1 - p[2] - p[3]) * rise(p[1] * (strengths - p[0]))
        psi = np.clip(psi, 1e-15, 1 - 1e-15)
        return -(special.xlogy(chosen, psi) + special.xlogy(trials - chosen, 1 - psi)).sum()

    lapse = (0, largest_lapse)

    def best(bounds):
        starts = ([t, s, l * largest_lapse, m * largest_lapse]
                  for t in (0.0,) for s in (8,) for l in (0.1, 0.8) for m in (0.1, 0.8))
        runs = []
        for start in starts:
            start = np.clip(start, [b[0] for b in bounds], [b[1] for b in bounds])
            for _ in range(3):  # from where it stopped
                run = optimize.minimize(loss, start, bounds=bounds, method="L-BFGS-B",
                                        options={"ftol": 1e-15, "gtol": 1e-10, "maxiter": 5000})
                start = run.x
            runs.append(run)
        return min(runs, key=lambda run: run.fun)

    free = [(-0.5, 0.5), (0.1, 200), lapse, lapse]
    top = best(free)
    drop = stats.chi2.ppf(0.95, 1) / 2

    def end(which, far):
        def excess(value):
            fixed = list(free)
            fixed[which] = (value, value)
            return best(fixed).fun - top.fun - drop
        return optimize.brentq(excess, top.x[which], far, xtol=1e-9)

    return {
        "shape": shape, "largest_lapse": largest_lapse, "chosen": chosen.tolist(),
        "threshold": [top.x[0], end(0, -0.3), end(0, 0.3)],
        "slope": [top.x[1], end(1, 1.0), end(1, 90.0)],
        "lapses": top.x[2:].tolist(), "log_likelihood": -top.fun,
    }


out["psychometric"] = {
    "stimulus": strengths.tolist(), "trials": trials.tolist(),
    "fits": [fit_psychometric(s, l) for s in rises for l in (0.0, 0.1)],
}

# reaction times
coherence = np.repeat([0.0, 0.032, 0.064, 0.128, 0.256, 0.512], 30)
curve = lambda x, a, k, r: r + a**2 * np.where(x > 0, np.tanh(a * k * x) / np.maximum(a * k * x, 1e-12), 1)
times = np.round(curve(coherence, 22.0, 0.3, 320.0) + 90 * rng.normal(size=180), 3)
groups = [times[coherence == c] for c in np.unique(coherence)]
means = [g.mean() for g in groups]
errors = [g.std(ddof=1) / np.sqrt(len(g)) for g in groups]
p, cov = optimize.curve_fit(curve, np.unique(coherence), means, [20, 0.4, 300], errors, True,
                            ftol=1e-14, xtol=1e-14, gtol=1e-14)
out["chronometric"] = {
    "stimulus": coherence.tolist(), "times": times.tolist(), "means": means, "errors": errors,
    "parameters": p.tolist(), "standard_errors": np.sqrt(np.diag(cov)).tolist(),
}

print(json.dumps(out, indent=None, separators=(",", ":")))
