"""Records torch.optim.AdamW, clip_grad_norm_ and the warm-up schedules of transformers over 20 steps into adamw.json.

    PYTHON adamw.py

Everything is computed in float32, as in training, and written as the shortest decimals that round to the float32;
schedule factors and learning rates are float64, as in transformers.
"""

import json
import sys
from pathlib import Path

import numpy
import torch
import transformers

STEPS, WARMUP_STEPS, MAX_GRAD_NORM = 20, 5, 1.0
BETAS, EPSILON = (0.9, 0.999), 1e-8
PARAMETERS = [("linear.weight", [4, 3]), ("linear.bias", [3]), ("mixer.weight", [2, 2, 2])]
GROUPS = [
    {"learningRate": 1e-2, "weightDecay": 0.1, "parameters": ["linear.weight", "mixer.weight"]},
    {"learningRate": 5e-3, "weightDecay": 0.0, "parameters": ["linear.bias"]},
]
# Size of a step's gradient elements: with 23 of them the norm passes 1 at about 0.2. Step 8 has no gradient at all.
SCALES = [0.05, 0.5, 0.01, 3.0, 0.1, 40.0, 0.02, 0.3, 0.0, 0.15, 1e-4, 5.0, 0.08, 0.6, 0.03, 1000.0, 0.1, 0.2, 1e-6, 0.25]
SCHEDULES = {
    "constant": lambda optimizer: torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 1.0),
    "linear": lambda optimizer: transformers.get_linear_schedule_with_warmup(optimizer, WARMUP_STEPS, STEPS),
    "cosine": lambda optimizer: transformers.get_cosine_schedule_with_warmup(optimizer, WARMUP_STEPS, STEPS),
    "constant_with_warmup": lambda optimizer: transformers.get_constant_schedule_with_warmup(optimizer, WARMUP_STEPS),
}


def floats(tensor: torch.Tensor) -> list[float]:
    """Flat values; each is the shortest decimal that rounds to the float32."""
    return [float(str(value)) for value in tensor.detach().numpy().astype(numpy.float32).ravel()]


def draw() -> tuple[list[torch.Tensor], list[list[torch.Tensor]]]:
    generator = torch.Generator().manual_seed(20)
    normal = lambda shape: torch.randn(shape, generator=generator)
    initial = [normal(shape) for _, shape in PARAMETERS]
    gradients = [[normal(shape) * scale for _, shape in PARAMETERS] for scale in SCALES]
    return initial, gradients


def run(schedule: str, initial: list[torch.Tensor], gradients: list[list[torch.Tensor]]) -> dict:
    parameters = [torch.nn.Parameter(value.clone()) for value in initial]
    by_name = {name: parameter for (name, _), parameter in zip(PARAMETERS, parameters)}
    optimizer = torch.optim.AdamW(
        [{"params": [by_name[name] for name in group["parameters"]], "lr": group["learningRate"], "weight_decay": group["weightDecay"]}
         for group in GROUPS],
        betas=BETAS, eps=EPSILON, foreach=False,
    )
    scheduler = SCHEDULES[schedule](optimizer)
    base = GROUPS[0]["learningRate"]
    result = {"factors": [], "learningRates": [], "gradientNorms": [], "parameters": []}
    for step in gradients:
        for parameter, gradient in zip(parameters, step):
            parameter.grad = gradient.clone()
        norm = torch.nn.utils.clip_grad_norm_(parameters, MAX_GRAD_NORM)
        rates = [group["lr"] for group in optimizer.param_groups]
        optimizer.step()
        scheduler.step()
        result["factors"].append(rates[0] / base)
        result["learningRates"].append(rates)
        result["gradientNorms"].append(floats(norm)[0])
        result["parameters"].append([floats(parameter) for parameter in parameters])
    return result


def main() -> None:
    torch.set_num_threads(1)
    initial, gradients = draw()
    runs = {schedule: run(schedule, initial, gradients) for schedule in SCHEDULES}
    norms = runs["constant"]["gradientNorms"]
    assert any(norm > MAX_GRAD_NORM for norm in norms) and any(0 < norm < MAX_GRAD_NORM for norm in norms) and 0 in norms
    oracle = {
        "generator": "adamw.py",
        "versions": {"python": sys.version.split()[0], "torch": torch.__version__, "transformers": transformers.__version__},
        "precision": "float32; each number is the shortest decimal that rounds to the float32, factors and learning rates are float64",
        "steps": STEPS,
        "warmupSteps": WARMUP_STEPS,
        "maxGradNorm": MAX_GRAD_NORM,
        "betas": BETAS,
        "epsilon": EPSILON,
        "groups": GROUPS,
        "parameters": [{"name": name, "shape": shape, "initial": floats(value)} for (name, shape), value in zip(PARAMETERS, initial)],
        # [step][parameter][element], before clipping
        "gradients": [[floats(gradient) for gradient in step] for step in gradients],
        # parameters: [step][parameter][element], after the step; learningRates: [step][group], used by the step
        "runs": runs,
    }
    Path(__file__).with_suffix(".json").write_text(json.dumps(oracle, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
