"""Norse peer: its recurrent LIF and LSNN (adaptive LIF) modules, which loop over time themselves."""

from importlib.metadata import version

import peer

options = peer.start()


def load():
    global torch, nn, norse
    import norse.torch as norse
    import torch
    from torch import nn


import_ms, _ = peer.milliseconds(load)


class Recurrent(nn.Module):
    def __init__(self, module):
        super().__init__()
        self.module = module

    def forward(self, inputs):
        spikes, _ = self.module(inputs)
        return spikes


CELLS = {
    "lif": lambda inputs, units: Recurrent(norse.LIFRecurrent(inputs, units)),
    "alif": lambda inputs, units: Recurrent(norse.LSNNRecurrent(inputs, units)),
}


class Network(nn.Module):
    def __init__(self, cell, units):
        super().__init__()
        self.cell = CELLS[cell](peer.INPUTS, units)
        self.readout = nn.Linear(units, peer.OUTPUTS)

    def forward(self, inputs):
        return self.readout(self.cell(inputs))


def build(cell, units, trials, steps):
    if cell not in CELLS:
        raise peer.Absent(cell)
    torch.manual_seed(0)
    inputs, targets, mask = map(torch.from_numpy, peer.task(trials, steps))
    network = Network(cell, units)
    optimizer = torch.optim.Adam(network.parameters(), lr=peer.LEARNING_RATE)

    def step():
        optimizer.zero_grad()
        loss = (mask * (network(inputs) - targets) ** 2).sum() / mask.sum()
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), peer.MAX_NORM)
        optimizer.step()
        return loss.item()

    return step


peer.say(peer="norse", version=version("norse"), threads=options.threads, import_ms=import_ms)
peer.serve(options, build, select_threads=torch.set_num_threads)
