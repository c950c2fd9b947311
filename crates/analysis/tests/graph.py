"""Makes graph.json: measures of graphs as NetworkX, igraph and bctpy compute them.

    python graph.py > graph.json

Made with networkx 3.6.1, igraph 1.0.0 and bctpy 0.6.1.
"""

import json

import bct
import bct.algorithms.modularity
import igraph
import networkx as nx
import numpy as np

# its own asks NumPy for the size of a ragged list, which NumPy 2 refuses
bct.algorithms.modularity.ls2ci = lambda modules, zeroindexed=False: np.array(
    [k + 1 for _, k in sorted((node, k) for k, module in enumerate(modules) for node in module)]
)
rng = np.random.default_rng(2)
out = {}


def louvain(graph, weight):
    """The best modularity of many starts, by two programs."""
    partitions = [nx.community.louvain_communities(graph, weight=weight, seed=s) for s in range(50)]
    best = max(nx.community.modularity(graph, p, weight=weight) for p in partitions)
    if graph.is_directed():
        return {"networkx": best}
    nodes = list(graph)
    edges = [(nodes.index(a), nodes.index(b)) for a, b in graph.edges()]
    weights = [w for _, _, w in graph.edges(data=weight or "none", default=1.0)]
    other = igraph.Graph(n=len(nodes), edges=edges)
    found = [other.community_multilevel(weights=weights) for _ in range(50)]
    return {"networkx": best, "igraph": max(other.modularity(f.membership, weights=weights) for f in found)}


def measures(graph, weight):
    """Of one graph, whose matrix is [target, source]."""
    n = len(graph)
    matrix = nx.to_numpy_array(graph, nodelist=range(n), weight=weight).T
    lengths = graph.copy()
    for a, b, data in lengths.edges(data=True):
        data["length"] = 1 / data[weight] if weight else 1.0
    paths = np.full((n, n), np.inf)
    for source, found in nx.all_pairs_dijkstra_path_length(lengths, weight="length"):
        for target, length in found.items():
            paths[target, source] = length
    inverse = 1 / paths[~np.eye(n, dtype=bool)]
    labels = [i % 3 for i in range(n)]
    groups = [{i for i in range(n) if i % 3 == k} for k in range(3)]
    clustering = nx.clustering(graph, weight=weight)
    return {
        "matrix": matrix.tolist(),
        "directed": graph.is_directed(),
        "clustering": [clustering[i] for i in range(n)],
        "efficiency": inverse.mean(),
        # JSON has no infinity
        "paths": np.where(np.isinf(paths), -1, paths).tolist(),
        "modularity": nx.community.modularity(graph, groups, weight=weight),
        "modularity_2": nx.community.modularity(graph, groups, weight=weight, resolution=2),
        "louvain": louvain(graph, weight),
        # rows of bctpy are sources
        "participation": bct.participation_coef(matrix.T, np.array(labels) + 1, degree="out" if graph.is_directed() else "undirected").tolist(),
        "within_module": bct.module_degree_zscore(matrix.T, np.array(labels) + 1, flag=1 if graph.is_directed() else 0).tolist(),
    }


karate = nx.karate_club_graph()
cases = {
    "karate": measures(nx.Graph(karate.edges()), None),
    "karate_weighted": measures(karate, "weight"),
    "watts_strogatz": measures(nx.watts_strogatz_graph(60, 6, 0.15, seed=3), None),
}
random = nx.gnp_random_graph(30, 0.2, seed=4, directed=True)
cases["directed"] = measures(random, None)
for a, b in random.edges():
    random[a][b]["weight"] = round(rng.uniform(0.1, 2), 3)
cases["directed_weighted"] = measures(random, "weight")
sparse = nx.gnp_random_graph(40, 0.04, seed=5)
cases["in_pieces"] = measures(sparse, None)
for name, case in cases.items():
    matrix = np.array(case["matrix"])
    if not case["directed"]:
        binary = nx.from_numpy_array((matrix > 0).astype(float))
        case["rich_club"] = list(nx.rich_club_coefficient(binary, normalized=False).values())
        case["newman"] = bct.modularity_und(matrix)[1]
    else:
        case["newman"] = bct.modularity_dir(matrix)[1]
out["graphs"] = cases

values = rng.normal(size=(9, 9))
out["quantile"] = {"values": np.abs(values).ravel().tolist(), "0.9": np.quantile(np.abs(values), 0.9)}

# small-worldness against random graphs of the same density
graph = nx.watts_strogatz_graph(60, 6, 0.15, seed=3)
pair = lambda g: (nx.average_clustering(g), nx.global_efficiency(g))
nulls = np.array([pair(nx.gnm_random_graph(60, graph.number_of_edges(), seed=s)) for s in range(2000)])
own = pair(graph)
mean = nulls.mean(0)
out["small_world"] = {
    "clustering": own[0],
    "efficiency": own[1],
    "null": mean.tolist(),
    "null_se": (nulls.std(0) / np.sqrt(len(nulls))).tolist(),
    "small_worldness": own[0] / mean[0] * own[1] / mean[1],
}
json.dump(out, __import__("sys").stdout)
