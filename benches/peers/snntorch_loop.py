"""snnTorch peer: recurrent leaky integrate-and-fire units, a Python loop over time."""

import math

import peer

options = peer.start()


def load():
    global torch, nn, snntorch
    import snntorch
    import torch
    from torch import nn


import_ms, _ = peer.milliseconds(load)


class Lif(nn.Module):
    """snntorch.RLeaky with all-to-all recurrence; its own surrogate (arctan) is its default."""

    def __init__(self, inputs, units):
        super().__init__()
        self.w_in = nn.Linear(inputs, units)
        self.units = snntorch.RLeaky(
            beta=math.exp(-1 / peer.LIF["tau"]),
            threshold=peer.LIF["th"],
            all_to_all=True,
            linear_features=units,
        )

    def forward(self, inputs):
        spike, membrane = self.units.init_rleaky()
        spikes = []
        for drive in self.w_in(inputs):
            spike, membrane = self.units(drive, spike, membrane)
            spikes.append(spike)
        return torch.stack(spikes)


CELLS = {"lif": Lif}


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


peer.say(peer="snntorch", version=snntorch.__version__, threads=options.threads, import_ms=import_ms)
peer.serve(options, build, select_threads=torch.set_num_threads)
