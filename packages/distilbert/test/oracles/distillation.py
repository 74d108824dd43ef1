"""Records PyTorch's loss and gradient of distillation: alpha * cross_entropy + (1 - alpha) * T^2 * kl_div, both means over all rows.

    PYTHON distillation.py

Writes distillation.json. Logits are float32; torch computes in float64. A label of -100 is none.
"""

import json
import sys
from pathlib import Path

import torch
from torch.nn import functional

ROWS, CLASSES = 6, 2
LABELS = [1, 0, -100, 1, -100, -100]
CASES = [{"temperature": 2.0, "alpha": 0.5}, {"temperature": 1.0, "alpha": 0.2}, {"temperature": 4.0, "alpha": 0.0}, {"temperature": 3.0, "alpha": 1.0}]


def loss_of(student: torch.Tensor, teacher: torch.Tensor, labels: torch.Tensor, temperature: float, alpha: float) -> torch.Tensor:
    hard = functional.cross_entropy(student, labels, ignore_index=-100, reduction="sum") / len(labels)
    log_probabilities = [functional.log_softmax(logits / temperature, dim=-1) for logits in (student, teacher)]
    soft = functional.kl_div(*log_probabilities, reduction="batchmean", log_target=True)
    return alpha * hard + (1 - alpha) * temperature**2 * soft


def main() -> None:
    generator = torch.Generator().manual_seed(23)
    student, teacher = (torch.randn(ROWS, CLASSES, generator=generator) * 2 for _ in range(2))
    teacher[1] = torch.tensor([40.0, -40.0])  # sure beyond what float32 can tell from 1
    labels, cases = torch.tensor(LABELS), []
    for case in CASES:
        logits = student.double().requires_grad_()
        loss = loss_of(logits, teacher.double(), labels, **case)
        loss.backward()
        cases.append({**case, "loss": loss.item(), "gradient": logits.grad.flatten().tolist()})
    oracle = {
        "generator": "distillation.py",
        "versions": {"python": sys.version.split()[0], "torch": torch.__version__},
        "student": student.tolist(), "teacher": teacher.tolist(), "labels": LABELS, "cases": cases,
    }
    Path(__file__).with_suffix(".json").write_text(json.dumps(oracle, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
