"""Records how torch.amp.GradScaler moves its scale over steps that overflow or do not, and a linear map under float16 autocast, into loss_scaling.json.

    PYTHON loss_scaling.py
"""

import json
import sys
from pathlib import Path

import torch

# 1: the gradients of the step hold an infinity. The scale grows after three good steps in a row.
OVERFLOWS = [1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, 1, 0]
GROWTH_INTERVAL = 3


def scales(initial: float) -> list[float]:
    parameter = torch.nn.Parameter(torch.zeros(1))
    optimizer = torch.optim.SGD([parameter], lr=0.0)
    scaler = torch.amp.GradScaler("cpu", init_scale=initial, growth_interval=GROWTH_INTERVAL)
    recorded = []
    for overflow in OVERFLOWS:
        scaler.scale(parameter.sum())  # the scaler makes its scale on first use
        parameter.grad = torch.full((1,), float("inf") if overflow else 1.0)
        scaler.step(optimizer)
        scaler.update()
        recorded.append(scaler.get_scale())
    return recorded


def linear_map() -> dict:
    generator = torch.Generator().manual_seed(3)
    x = torch.randn(4, 6, generator=generator).mul(3).requires_grad_()
    weight = torch.randn(5, 6, generator=generator).requires_grad_()
    bias = torch.randn(5, generator=generator).requires_grad_()
    cotangent = torch.randn(4, 5, generator=generator)
    with torch.autocast("cpu", dtype=torch.float16):
        y = torch.nn.functional.linear(x, weight, bias)
    y.float().backward(cotangent)
    floats = lambda tensor: tensor.detach().float().flatten().tolist()
    return {
        "x": floats(x), "weight": floats(weight), "bias": floats(bias), "cotangent": floats(cotangent),
        "y": floats(y), "dx": floats(x.grad), "dweight": floats(weight.grad), "dbias": floats(bias.grad),
    }


recorded = {
    "versions": {"python": sys.version.split()[0], "torch": torch.__version__},
    "growthInterval": GROWTH_INTERVAL,
    "overflows": OVERFLOWS,
    "scales": [{"initial": initial, "after": scales(initial)} for initial in (65536.0, 2.0**127)],
    "linear": linear_map(),
}
path = Path(__file__).with_name("loss_scaling.json")
path.write_text(json.dumps(recorded, indent=1) + "\n")
