"""snnTorch peer: recurrent leaky integrate-and-fire units, a Python loop over time."""

import math

import peer

options = peer.start()


def load():
    global torch, torch_step, nn, snntorch
    import snntorch
    import torch
    import torch_step
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


peer.say(peer="snntorch", version=snntorch.__version__, threads=options.threads, import_ms=import_ms)
peer.serve(options, torch_step.builder(CELLS), select_threads=torch.set_num_threads)
