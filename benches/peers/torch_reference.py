"""Writes the reference constants that the tests of nn.RNN, nn.GRU and nn.LSTM use.

For each cell: random weights, inputs, initial states and a random cotangent on
the outputs, and what PyTorch computes from them in float64: the outputs, the
final cell state (LSTM), and the gradients of sum(outputs * cotangent).
"""

import argparse
import json
import os
from pathlib import Path

os.environ["CUDA_VISIBLE_DEVICES"] = ""

import torch
from torch import nn

INPUT, HIDDEN, STEPS, TRIALS, SEED = 3, 5, 4, 2, 20240607
CELLS = {"rnn_tanh": nn.RNN, "gru": nn.GRU, "lstm": nn.LSTM}
WEIGHTS = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")


def reference(kind, generator):
    def normal(*shape):
        return torch.randn(*shape, generator=generator, dtype=torch.float64)

    cell = kind(INPUT, HIDDEN, dtype=torch.float64)
    weights = {name: getattr(cell, f"{name}_l0") for name in WEIGHTS}
    with torch.no_grad():
        for parameter in weights.values():
            parameter.copy_(0.5 * normal(*parameter.shape))
    inputs = normal(STEPS, TRIALS, INPUT).requires_grad_()
    states = {"initial_hidden": (0.5 * normal(TRIALS, HIDDEN)).requires_grad_()}
    if kind is nn.LSTM:
        states["initial_cell"] = (0.5 * normal(TRIALS, HIDDEN)).requires_grad_()
    cotangent = normal(STEPS, TRIALS, HIDDEN)

    stacked = tuple(state.unsqueeze(0) for state in states.values())
    outputs, final = cell(inputs, stacked if kind is nn.LSTM else stacked[0])
    (outputs * cotangent).sum().backward()

    values = {**weights, "inputs": inputs, **states}
    result = {name: value.tolist() for name, value in values.items()}
    result["outputs"] = outputs.tolist()
    if kind is nn.LSTM:
        result["final_cell"] = final[1][0].tolist()
    result["cotangent"] = cotangent.tolist()
    result["gradients"] = {name: value.grad.tolist() for name, value in values.items()}
    return result


def text(value, indent=0):
    """JSON with one line per named array; floats print with round-trip precision."""
    if not isinstance(value, dict):
        return json.dumps(value)
    pad = " " * (indent + 2)
    rows = (f"{pad}{json.dumps(k)}: {text(v, indent + 2)}" for k, v in value.items())
    return "{\n" + ",\n".join(rows) + "\n" + " " * indent + "}"


def main():
    root = Path(__file__).resolve().parents[2]
    parser = argparse.ArgumentParser(description=__doc__)
    default = root / "crates/network/tests/data/torch_reference.json"
    parser.add_argument("--out", type=Path, default=default)
    out = parser.parse_args().out
    torch.set_num_threads(1)
    generator = torch.Generator().manual_seed(SEED)
    content = {
        "about": "made by benches/peers/torch_reference.py; arrays are [time][trial][channel], "
        "states [trial][unit], weights [gate * unit][channel]; gate order as in PyTorch "
        "(GRU: reset, update, new; LSTM: input, forget, cell, output)",
        "torch": torch.__version__,
        "seed": SEED,
        "sizes": {"input": INPUT, "hidden": HIDDEN, "steps": STEPS, "trials": TRIALS},
        "cells": {name: reference(kind, generator) for name, kind in CELLS.items()},
    }
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(text(content) + "\n")
    print(f"wrote {out}")


if __name__ == "__main__":
    main()
