"""What the PyTorch peers share: a linear readout and one training step. Imports torch: import it late."""

import peer
import torch
from torch import nn


class Network(nn.Module):
    def __init__(self, cell, units):
        super().__init__()
        self.cell = cell
        self.readout = nn.Linear(units, peer.OUTPUTS)

    def forward(self, inputs):
        rates = self.cell(inputs)
        # PyTorch's own cells return their last state too
        return self.readout(rates[0] if isinstance(rates, tuple) else rates)


def builder(cells):
    """The `build` of `peer.serve` for modules `cells[name](inputs, units)`."""

    def build(cell, units, trials, steps):
        if cell not in cells:
            raise peer.Absent(cell)
        torch.manual_seed(0)
        inputs, targets, mask = map(torch.from_numpy, peer.task(trials, steps))
        network = Network(cells[cell](peer.INPUTS, units), units)
        optimizer = torch.optim.Adam(network.parameters(), lr=peer.LEARNING_RATE)

        def step():
            optimizer.zero_grad()
            loss = (mask * (network(inputs) - targets) ** 2).sum() / mask.sum()
            loss.backward()
            nn.utils.clip_grad_norm_(network.parameters(), peer.MAX_NORM)
            optimizer.step()
            return loss.item()

        return step

    return build
