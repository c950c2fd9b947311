"""python-igraph or NetworkX (the first argument) on the graph measures of `attractor bench`."""

import json
import random
import sys

name = sys.argv.pop(1)

import peer

options = peer.start()


def load():
    global np, library
    import numpy as np

    library = __import__(name)


import_ms, _ = peer.milliseconds(load)
graphs = {}


def build(nodes, edges):
    """The graph of a file of pairs, made once."""
    pairs = np.fromfile(edges, dtype="<u4").reshape(-1, 2).tolist()
    key = nodes, len(pairs), str(pairs[:50])
    if key not in graphs:
        if name == "igraph":
            graphs[key] = library.Graph(n=nodes, edges=pairs)
        else:
            graphs[key] = library.Graph()
            graphs[key].add_nodes_from(range(nodes))
            graphs[key].add_edges_from(pairs)
    return graphs[key]


def modules(graph, seed):
    if name == "igraph":
        random.seed(seed)
        return graph.community_multilevel().modularity
    found = library.community.louvain_communities(graph, seed=seed)
    return library.community.modularity(graph, found)


def clustering_and_efficiency(graph):
    if name == "igraph":
        lengths = np.array(graph.distances(), dtype=float)
        np.fill_diagonal(lengths, np.inf)
        nodes = len(lengths)
        efficiency = (1 / lengths).sum() / (nodes * (nodes - 1))
        return graph.transitivity_avglocal_undirected(mode="zero"), efficiency
    return library.average_clustering(graph), library.global_efficiency(graph)


def null(nodes, edges, seed):
    if name == "igraph":
        random.seed(seed)
        return library.Graph.Erdos_Renyi(n=nodes, m=edges)
    return library.gnm_random_graph(nodes, edges, seed=seed)


def small_worldness(graph, nodes, nulls, seed):
    edges = graph.ecount() if name == "igraph" else graph.number_of_edges()
    drawn = [clustering_and_efficiency(null(nodes, edges, seed * 1000 + k)) for k in range(nulls)]
    clustering, efficiency = np.mean(drawn, axis=0)
    own = clustering_and_efficiency(graph)
    return own[0] / clustering * own[1] / efficiency


def answer(measure, nodes, edges, nulls, repeats, seed):
    graph = build(nodes, edges)
    times, values = [], []
    for repeat in range(repeats):
        if measure == "louvain":
            ms, value = peer.milliseconds(lambda: modules(graph, seed + repeat))
        else:
            ms, value = peer.milliseconds(lambda: small_worldness(graph, nodes, nulls, seed + repeat))
        times.append(ms)
        values.append(float(value))
    peer.say(ms=times, values=values)


peer.say(peer=name, version=library.__version__, threads=1, import_ms=import_ms)
for line in sys.stdin:
    try:
        request = json.loads(line)
        if request.get("quit"):
            break
        answer(**request)
    except Exception as error:
        peer.traceback.print_exc()
        peer.say(error=f"{type(error).__name__}: {error}")
