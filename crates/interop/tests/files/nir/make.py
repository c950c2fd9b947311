"""Writes the NIR graphs that tests/nir.rs reads, and expected.json with what each of them does: python make.py

Needs nir 1.0 (pip install nir). Every graph is also simulated here, node by node, each unit solved exactly over
a step of constant input, spikes passed on within the step except along edges that close a circle.

    python make.py check   reads what attractor wrote of two of them (ours_*.nir) and simulates that too
"""

import json
import sys

import nir
import numpy as np

DT = 1e-3
STEPS = 60


class Unit:
    """One node with time of its own."""

    def __init__(self, node):
        self.node, self.kind = node, type(node).__name__
        n = node.input_type["input"][0]
        self.v, self.i, self.z = np.zeros(n), np.zeros(n), np.zeros(n)

    def step(self, drive):
        p = self.node
        if self.kind in ("CubaLIF", "CubaLI"):
            to = p.w_in * drive
            self.i = to + np.exp(-DT / p.tau_syn) * (self.i - to)
            drive = self.i
        v = np.where(self.z > 0, p.v_reset, self.v) if hasattr(p, "v_reset") else self.v
        if self.kind in ("I", "IF"):
            self.v = v + DT * p.r * drive
        else:
            tau = p.tau if hasattr(p, "tau") else p.tau_mem
            to = p.v_leak + p.r * drive
            self.v = to + np.exp(-DT / tau) * (v - to)
        if hasattr(p, "v_threshold"):
            self.z = (self.v > p.v_threshold).astype(float)
            return self.z
        return self.v


def simulate(nodes, order, edges, late, inputs):
    """Values of the output over time. `order` is that of a step; edges in `late` carry what was."""
    units = {name: Unit(nodes[name]) for name in order if hasattr(nodes[name], "r")}
    sizes = {name: int(np.prod(nodes[name].output_type["output"])) for name in order}
    value = {name: np.zeros(sizes[name]) for name in order}
    lines = {name: [] for name in order if isinstance(nodes[name], nir.Delay)}
    out = []
    for step in range(STEPS):
        old = {name: v.copy() for name, v in value.items()}
        for name in order:
            node = nodes[name]
            into = [(old if (a, b) in late else value)[a] for a, b in edges if b == name]
            x = sum(into) if into else None
            if isinstance(node, nir.Input):
                value[name] = inputs[step]
            elif name in units:
                value[name] = units[name].step(x)
            elif isinstance(node, nir.Linear):
                value[name] = node.weight @ x
            elif isinstance(node, nir.Affine):
                value[name] = node.weight @ x + node.bias
            elif isinstance(node, nir.Scale):
                value[name] = node.scale * x
            elif isinstance(node, nir.Threshold):
                value[name] = (x > node.threshold).astype(float)
            elif isinstance(node, nir.Delay):
                lines[name].append(x)
                steps = round(float(node.delay[0]) / DT)
                value[name] = lines[name][-1 - steps] if len(lines[name]) > steps else 0 * x
            else:
                value[name] = x
        out.append(value["output"].tolist())
    return out


def full(n, x):
    return np.full(n, x)


def lif(n, rng, **more):
    p = dict(
        tau=rng.uniform(5e-3, 30e-3, n), r=rng.uniform(0.5, 2, n), v_leak=rng.uniform(-0.2, 0.1, n),
        v_threshold=rng.uniform(0.3, 0.8, n), v_reset=rng.uniform(-0.3, 0, n),
    )
    return nir.LIF(**{**p, **more})


def cuba(n, rng):
    p = lif(n, rng)
    return nir.CubaLIF(
        tau_syn=rng.uniform(2e-3, 8e-3, n), tau_mem=p.tau, r=p.r, v_leak=p.v_leak, v_threshold=p.v_threshold,
        v_reset=p.v_reset, w_in=rng.uniform(0.5, 3, n),
    )


def graphs():
    rng = np.random.default_rng(1)
    w = lambda m, n, s=1.0: rng.normal(size=(m, n)) * s
    li = lambda n: nir.LI(tau=full(n, 10e-3), r=full(n, 1.0), v_leak=full(n, 0.0))
    ends = lambda a, b: dict(input=nir.Input({"input": np.array([a])}), output=nir.Output({"output": np.array([b])}))

    nodes = dict(**ends(3, 2), affine=nir.Affine(w(5, 3), w(5, 1)[:, 0]), lif=lif(5, rng), read=nir.Linear(w(2, 5)), li=li(2))
    edges = [("input", "affine"), ("affine", "lif"), ("lif", "read"), ("read", "li"), ("li", "output")]
    yield "feedforward", nodes, ["input", "affine", "lif", "read", "li", "output"], edges, set()

    nodes = dict(**ends(3, 6), w_in=nir.Linear(w(6, 3)), rec=cuba(6, rng), w_rec=nir.Linear(w(6, 6, 0.5)))
    edges = [("input", "w_in"), ("w_in", "rec"), ("rec", "w_rec"), ("w_rec", "rec"), ("rec", "output")]
    order = ["input", "w_in", "w_rec", "rec", "output"]
    yield "recurrent", nodes, order, edges, {("rec", "w_rec")}

    # two populations, feedback with a delay, a skip, scales, an integrator, a threshold
    nodes = dict(
        **ends(4, 4), first=nir.Linear(w(4, 4)), scale=nir.Scale(rng.uniform(0.5, 1.5, 4)), a=lif(4, rng),
        forth=nir.Affine(w(3, 4), full(3, 0.1)), b=nir.IF(r=full(3, 150.0), v_threshold=full(3, 0.7)),
        back=nir.Linear(w(4, 3, 0.4)), later=nir.Delay(full(3, 2e-3)), gate=nir.Threshold(full(4, 0.2)),
        sum=nir.I(r=full(4, 20.0)), mix=nir.Linear(w(4, 3)),
    )
    edges = [
        ("input", "first"), ("first", "scale"), ("scale", "a"), ("a", "forth"), ("forth", "b"), ("b", "later"),
        ("later", "back"), ("back", "a"), ("b", "mix"), ("mix", "sum"), ("sum", "output"), ("first", "gate"), ("gate", "output"),
    ]
    order = ["input", "first", "scale", "later", "back", "a", "forth", "b", "mix", "sum", "gate", "output"]
    yield "two_populations", nodes, order, edges, {("b", "later")}

    # the same recurrent network as a graph within a graph
    inner = dict(
        input=nir.Input({"input": np.array([6])}), output=nir.Output({"output": np.array([6])}), lif=lif(6, rng),
        w=nir.Linear(w(6, 6, 0.5)),
    )
    inside = [("input", "lif"), ("lif", "w"), ("w", "lif"), ("lif", "output")]
    nodes = dict(**ends(3, 6), w_in=nir.Linear(w(6, 3)), core=nir.NIRGraph(inner, inside))
    edges = [("input", "w_in"), ("w_in", "core"), ("core", "output")]
    flat = dict(**ends(3, 6), w_in=nodes["w_in"], lif=inner["lif"], w=inner["w"])
    flat_edges = [("input", "w_in"), ("w_in", "lif"), ("lif", "w"), ("w", "lif"), ("lif", "output")]
    yield "subgraph", (nodes, edges, flat), ["input", "w_in", "w", "lif", "output"], flat_edges, {("lif", "w")}


def main():
    expected = {}
    rng = np.random.default_rng(2)
    for name, nodes, order, edges, late in graphs():
        outer, outer_edges, flat = nodes if isinstance(nodes, tuple) else (nodes, edges, nodes)
        nir.write(f"{name}.nir", nir.NIRGraph(outer, outer_edges, type_check=False))
        inputs = rng.normal(0.5, 1.0, (STEPS, int(flat["input"].input_type["input"][0])))
        out = simulate(flat, order, edges, late, inputs)
        expected[name] = dict(inputs=inputs.tolist(), output=out)
    conv = nir.Conv1d(input_shape=8, weight=np.ones((1, 1, 3)), stride=1, padding=0, dilation=1, groups=1, bias=np.zeros(1))
    i, o = nir.Input({"input": np.array([1, 8])}), nir.Output({"output": np.array([1, 6])})
    nir.write("conv.nir", nir.NIRGraph(dict(input=i, smooth=conv, output=o), [("input", "smooth"), ("smooth", "output")]))
    w = nir.Linear(np.eye(2))
    two = lambda: dict(input=nir.Input({"input": np.array([2])}), output=nir.Output({"output": np.array([2])}))
    circle = dict(**two(), a=w, b=nir.Scale(np.ones(2)))
    edges = [("input", "a"), ("a", "b"), ("b", "a"), ("b", "output")]
    nir.write("circle.nir", nir.NIRGraph(circle, edges, type_check=False))
    instant = dict(**two(), gate=nir.Threshold(np.ones(2)), w=w)
    edges = [("input", "gate"), ("gate", "w"), ("w", "gate"), ("gate", "output")]
    nir.write("instant.nir", nir.NIRGraph(instant, edges, type_check=False))
    with open("expected.json", "w") as file:
        json.dump(expected, file)


def check():
    """Reads the files that attractor wrote of two of the graphs, and simulates them: the outputs must be the same."""
    with open("expected.json") as file:
        expected = json.load(file)
    for name in ("recurrent", "two_populations"):
        graph = nir.read(f"ours_{name}.nir")
        kinds = {node: type(graph.nodes[node]).__name__ for node in graph.nodes}
        print(name, kinds, sorted(graph.edges))
        # spikes pass on within the step, but for what leads back: into the recurrent weights, and through the delay
        late = {(a, b) for a, b in graph.edges if kinds[b] == "Delay" or b == "rec_to_rec"}
        order, left = [], list(graph.nodes)
        while left:
            ready = [n for n in left if all(a in order or (a, n) in late for a, b in graph.edges if b == n)]
            order += ready
            left = [n for n in left if n not in ready]
        inputs = np.array(expected[name]["inputs"])
        found = simulate(graph.nodes, order, graph.edges, late, inputs)
        error = np.abs(np.array(found) - np.array(expected[name]["output"])).max()
        print(name, "largest difference of the output:", error)
        assert error < 1e-9


if __name__ == "__main__":
    check() if sys.argv[1:2] == ["check"] else main()
