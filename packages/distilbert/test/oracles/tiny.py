"""Records transformers' DistilBertForSequenceClassification on a tiny configuration: forward, gradients, 10 AdamW steps.

    PYTHON tiny.py

Writes tiny.json (configuration, batch, logits, loss, norms), tiny.safetensors (weights), tiny.gradients.safetensors (before
clipping) and tiny.trained.safetensors (weights after the last step), all under Hugging Face names. Weights are float32;
torch computes in float64 and results are rounded to float32, so that the distance of a float32 implementation is its own.
`float32Deviation` is the distance of PyTorch's own float32 run from these values: what a tolerance has to allow.

The key biases have no gradient (softmax does not see a shift of all scores of a query). In float32 it is rounding noise, which AdamW
blows up to steps of visible size whenever the noise is not far below epsilon: see `float32Deviation.trained`.
"""

import json
import sys
from pathlib import Path

import torch
import transformers
from safetensors.torch import save_file

STEPS, MAX_GRAD_NORM, WEIGHT_DECAY = 10, 1.0, 0.01
OPTIMIZER = {"lr": 1e-3, "betas": (0.9, 0.999), "eps": 1e-8, "foreach": False}
CONFIG = {
    "dim": 16, "n_layers": 2, "n_heads": 4, "hidden_dim": 32, "vocab_size": 40, "max_position_embeddings": 24, "num_labels": 2,
    "dropout": 0.0, "attention_dropout": 0.0, "seq_classif_dropout": 0.0, "activation": "gelu", "pad_token_id": 0,
}
LENGTHS, TOKENS, LABELS = [10, 7, 4], 10, [1, 0, 1]


def create_model() -> transformers.DistilBertForSequenceClassification:
    """Weights large enough that every part of the model moves the logits."""
    model = transformers.DistilBertForSequenceClassification(transformers.DistilBertConfig(**CONFIG, attn_implementation="eager")).eval()
    generator = torch.Generator().manual_seed(7)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            noise = torch.randn(parameter.shape, generator=generator)
            if is_norm(name):
                parameter.copy_(noise * 0.2 + (1.0 if name.endswith("weight") else 0.0))
            else:
                parameter.copy_(noise * (0.3 if parameter.ndim > 1 else 0.1))
    return model


def create_batch() -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(11)
    mask = (torch.arange(TOKENS) < torch.tensor(LENGTHS)[:, None]).long()
    # Few distinct ids, so that rows of the embedding collect several gradients; 0 is padding.
    ids = torch.randint(1, 20, (len(LENGTHS), TOKENS), generator=generator) * mask
    return {"input_ids": ids, "attention_mask": mask, "labels": torch.tensor(LABELS)}


def is_norm(name: str) -> bool:
    return "layer_norm" in name or "LayerNorm" in name


def decays(name: str) -> bool:
    return not name.endswith("bias") and not is_norm(name)


def train(model: torch.nn.Module, batch: dict[str, torch.Tensor]) -> dict:
    """Makes the steps on the model itself; returns what was seen on the way."""
    named = list(model.named_parameters())
    groups = [
        {"params": [parameter for name, parameter in named if decays(name)], "weight_decay": WEIGHT_DECAY},
        {"params": [parameter for name, parameter in named if not decays(name)], "weight_decay": 0.0},
    ]
    optimizer = torch.optim.AdamW(groups, **OPTIMIZER)
    seen = {"losses": [], "gradientNorms": []}
    for step in range(STEPS):
        optimizer.zero_grad()
        output = model(**batch, output_hidden_states=True)
        output.loss.backward()
        if step == 0:
            seen["logits"] = output.logits.detach().clone()
            seen["cls"] = output.hidden_states[-1][:, 0].detach().clone()
            seen["gradients"] = {name: parameter.grad.clone() for name, parameter in named}
        seen["losses"].append(output.loss.item())
        seen["gradientNorms"].append(torch.nn.utils.clip_grad_norm_(model.parameters(), MAX_GRAD_NORM).item())
        optimizer.step()
    seen["trained"] = {name: parameter.detach().clone() for name, parameter in named}
    return seen


def largest_difference(a: torch.Tensor, b: torch.Tensor) -> float:
    return float(f"{(a.double() - b.double()).abs().max().item():.2g}")


def deviation(single: dict, double: dict) -> dict:
    tensors = lambda kind: {name: largest_difference(single[kind][name], value) for name, value in double[kind].items()}
    return {
        "logits": largest_difference(single["logits"], double["logits"]),
        "loss": float(f"{abs(single['losses'][0] - double['losses'][0]):.2g}"),
        "gradients": tensors("gradients"),
        "trained": tensors("trained"),
    }


def save(path: Path, tensors: dict[str, torch.Tensor]) -> None:
    save_file({name: value.detach().float().contiguous() for name, value in tensors.items()}, path, metadata={"format": "pt"})


def main() -> None:
    torch.set_num_threads(1)
    here, batch = Path(__file__).with_suffix(""), create_batch()
    initial = create_model()
    save(here.with_suffix(".safetensors"), initial.state_dict())
    double, single = train(create_model().double(), batch), train(create_model(), batch)
    save(here.with_suffix(".gradients.safetensors"), double["gradients"])
    save(here.with_suffix(".trained.safetensors"), double["trained"])
    oracle = {
        "generator": "tiny.py",
        "versions": {"python": sys.version.split()[0], "torch": torch.__version__, "transformers": transformers.__version__},
        "precision": "weights float32; computed in float64, tensors rounded to float32",
        "config": {**CONFIG, "model_type": "distilbert", "architectures": ["DistilBertForSequenceClassification"],
                   "id2label": {"0": "negative", "1": "positive"}, "label2id": {"negative": 0, "positive": 1}},
        "files": {"weights": "tiny.safetensors", "gradients": "tiny.gradients.safetensors", "trained": "tiny.trained.safetensors"},
        "batch": {"inputIds": batch["input_ids"].tolist(), "attentionMask": batch["attention_mask"].tolist(), "labels": LABELS},
        "optimizer": {"steps": STEPS, "learningRate": OPTIMIZER["lr"], "betas": OPTIMIZER["betas"], "epsilon": OPTIMIZER["eps"],
                      "weightDecay": WEIGHT_DECAY, "maxGradNorm": MAX_GRAD_NORM, "withoutDecay": [name for name in double["trained"] if not decays(name)]},
        "logits": double["logits"].tolist(),
        "lastLayerCls": double["cls"].tolist(),
        "loss": double["losses"][0],
        # Of each step, before its update; norms before clipping.
        "losses": double["losses"],
        "gradientNorms": double["gradientNorms"],
        "float32Deviation": deviation(single, double),
    }
    here.with_suffix(".json").write_text(json.dumps(oracle, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
