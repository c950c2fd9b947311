"""PyTorch peer: leaky cells and oscillators as Python loops; nn.RNN, nn.GRU and nn.LSTM."""

import peer

options = peer.start()


def load():
    global torch, torch_step, nn
    import torch
    import torch_step
    from torch import nn


import_ms, _ = peer.milliseconds(load)


class Leaky(nn.Module):
    """x <- x + alpha (-x + W_rec r + W_in u + b) + sigma xi, r = tanh(x)."""

    def __init__(self, inputs, units):
        super().__init__()
        self.w_in = nn.Linear(inputs, units)
        self.w_rec = nn.Linear(units, units, bias=False)
        nn.init.normal_(self.w_rec.weight, std=units**-0.5)

    def forward(self, inputs):
        steps, trials, _ = inputs.shape
        units = self.w_rec.in_features
        noise = peer.SIGMA * torch.randn(steps, trials, units)
        drive = self.w_in(inputs)
        x = torch.zeros(trials, units)
        r = torch.tanh(x)
        rates = []
        for drive_t, noise_t in zip(drive, noise):
            x = x + peer.ALPHA * (-x + self.w_rec(r) + drive_t) + noise_t
            r = torch.tanh(x)
            rates.append(r)
        return torch.stack(rates), x


class Horn(nn.Module):
    """Harmonic oscillators that drive each other by their velocities y."""

    def __init__(self, inputs, units):
        super().__init__()
        self.w_in = nn.Linear(inputs, units)
        self.w_rec = nn.Linear(units, units, bias=False)

    def forward(self, inputs):
        omega, gamma, alpha = peer.HORN["omega"], peer.HORN["gamma"], peer.HORN["alpha"]
        drive = self.w_in(inputs)
        x = y = torch.zeros(inputs.shape[1], self.w_rec.in_features)
        velocities = []
        for drive_t in drive:
            y = y + alpha * torch.tanh(drive_t + self.w_rec(y)) - 2 * gamma * y - omega**2 * x
            x = x + y
            velocities.append(y)
        return torch.stack(velocities), x


CELLS = {"leaky": Leaky, "elman": nn.RNN, "gru": nn.GRU, "lstm": nn.LSTM, "horn": Horn}


if not options.first_update:
    peer.say(peer="torch", version=torch.__version__, threads=options.threads, import_ms=import_ms)
peer.serve(options, torch_step.builder(CELLS), select_threads=torch.set_num_threads)
