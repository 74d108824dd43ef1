"""Records torch.nn.functional.cross_entropy with class weights and label smoothing, and its gradient, into cross_entropy.json.

    PYTHON cross_entropy.py
"""

import json
import sys
from pathlib import Path

import torch

LOGITS = [[2.0, -1.0, 0.5], [0.0, 0.0, 0.0], [-3.0, 4.0, 1.0], [1.5, 1.25, -2.0], [30.0, -30.0, 0.0]]
LABELS = [0, 2, 1, 2, 1]
CASES = [
    {"labelSmoothing": 0.0, "classWeights": None},
    {"labelSmoothing": 0.1, "classWeights": None},
    {"labelSmoothing": 0.0, "classWeights": [0.5, 2.0, 1.25]},
    {"labelSmoothing": 0.1, "classWeights": [0.5, 2.0, 1.25]},
    {"labelSmoothing": 0.3, "classWeights": [4.0, 0.0, 1.0]},
]


def record(case: dict) -> dict:
    logits = torch.tensor(LOGITS, dtype=torch.float64, requires_grad=True)
    weights = case["classWeights"]
    loss = torch.nn.functional.cross_entropy(
        logits,
        torch.tensor(LABELS),
        weight=None if weights is None else torch.tensor(weights, dtype=torch.float64),
        label_smoothing=case["labelSmoothing"],
    )
    loss.backward()
    return {**case, "loss": loss.item(), "gradient": logits.grad.flatten().tolist()}


recorded = {
    "versions": {"python": sys.version.split()[0], "torch": torch.__version__},
    "logits": LOGITS,
    "labels": LABELS,
    "cases": [record(case) for case in CASES],
}
path = Path(__file__).with_name("cross_entropy.json")
path.write_text(json.dumps(recorded, indent=1) + "\n")
