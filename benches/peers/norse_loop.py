"""Norse peer: its recurrent LIF and LSNN (adaptive LIF) modules, which loop over time themselves."""

from importlib.metadata import version

import peer

options = peer.start()


def load():
    global torch, torch_step, nn, norse
    import norse.torch as norse
    import torch
    import torch_step
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


peer.say(peer="norse", version=version("norse"), threads=options.threads, import_ms=import_ms)
peer.serve(options, torch_step.builder(CELLS), select_threads=torch.set_num_threads)
