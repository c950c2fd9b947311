"""Makes pytorch.json: optimiser sequences and losses as PyTorch computes them, in double precision.

    python pytorch.py > pytorch.json
"""

import json
import torch
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)
torch.manual_seed(1)

PARAMETERS, STEPS = 19, 6  # one chunk of 16 lanes and a tail of 3


def sequence(make):
    """Parameters after each step on fixed gradients."""
    start = torch.randn(PARAMETERS)
    gradients = [torch.randn(PARAMETERS) * 3.0**-k for k in range(STEPS)]
    p = torch.nn.Parameter(start.clone())
    optimiser = make([p])
    after = []
    for g in gradients:
        p.grad = g.clone()
        optimiser.step()
        after.append(p.detach().tolist())
    return {"start": start.tolist(), "gradients": [g.tolist() for g in gradients], "after": after}


def loss(name, steps, trials, channels, target, f, reduce_channels):
    """A masked loss and its derivative."""
    y = (2.0 * torch.randn(steps, trials, channels)).requires_grad_()
    w = (torch.rand(steps, trials) > 0.3).double()
    w[0, 0] = 0.5
    per = f(y, target)
    value = (w * (per.sum(-1) if reduce_channels else per)).sum() / w.sum()
    if reduce_channels:
        value = value / channels
    value.backward()
    return {
        "kind": name,
        "shape": [steps, trials, channels],
        "y": y.detach().flatten().tolist(),
        "target": target.flatten().tolist(),
        "weights": w.flatten().tolist(),
        "value": value.item(),
        "slope": y.grad.flatten().tolist(),
    }


def exactly_f32(x):
    return x.float().double()


S, K = 4, 3
classes = torch.randint(0, 5, (S, K))
soft = exactly_f32(torch.softmax(torch.randn(S, K, 5), -1))
counts = torch.poisson(torch.full((S, K, 2), 1.5))


def cross_entropy(y, p):
    return F.cross_entropy(y.flatten(0, 1), p.flatten(0, 1), reduction="none").reshape(S, K)


def votes():
    """Cross-entropy of the sum over the steps asked of each step's softmax (Yin, Corradi & Bohté 2021)."""
    y = (2.0 * torch.randn(S, K, 5)).requires_grad_()
    w = (torch.rand(S, K) > 0.3).double()
    w[0, :] = 0.5
    w[:, 2] = 0.0  # a trial of which nothing is asked
    label = torch.randint(0, 5, (K,))
    asked = w.sum(0) > 0
    summed = (w[..., None] * torch.softmax(y, -1)).sum(0)
    value = F.cross_entropy(summed[asked], label[asked])
    value.backward()
    return {
        "kind": "cross-entropy-votes",
        "shape": [S, K, 5],
        "y": y.detach().flatten().tolist(),
        "target": F.one_hot(label, 5).double().expand(S, K, 5).flatten().tolist(),
        "weights": w.flatten().tolist(),
        "value": value.item(),
        "slope": y.grad.flatten().tolist(),
    }


result = {
    "torch": torch.__version__,
    "optimisers": {
        "sgd": sequence(lambda p: torch.optim.SGD(p, lr=0.1)),
        "momentum": sequence(lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9)),
        "adam": sequence(lambda p: torch.optim.Adam(p, lr=0.01)),
        "adam-other": sequence(lambda p: torch.optim.Adam(p, lr=0.01, betas=(0.8, 0.95), eps=1e-3)),
        "adamw": sequence(lambda p: torch.optim.AdamW(p, lr=0.01, weight_decay=0.1)),
    },
    "losses": [
        loss("mse", S, K, 2, exactly_f32(torch.randn(S, K, 2)), lambda y, t: (y - t) ** 2, True),
        loss("cross-entropy", S, K, 5, F.one_hot(classes, 5).double(), cross_entropy, False),
        loss("cross-entropy", S, K, 5, soft, cross_entropy, False),
        loss("poisson", S, K, 2, counts, lambda y, t: F.poisson_nll_loss(y, t, log_input=True, reduction="none"), True),
        loss(
            "poisson-softplus", S, K, 2, counts,
            lambda y, t: F.poisson_nll_loss(F.softplus(y), t, log_input=False, eps=0.0, reduction="none"), True,
        ),
        votes(),
    ],
}
print(json.dumps(result))
