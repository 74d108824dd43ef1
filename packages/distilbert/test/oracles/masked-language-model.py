"""Records transformers' DistilBertForMaskedLM on a tiny configuration: logits and loss of masked tokens, gradients, 10 AdamW steps.

    PYTHON masked-language-model.py

Writes masked-language-model.json, .safetensors (weights as `save_pretrained` names them: the vocabulary projection is the word embeddings),
.gradients.safetensors (before clipping) and .trained.safetensors. Precision and steps are those of tiny.py, whose optimizer is used.
"""

import json
import sys
from pathlib import Path

import torch
import transformers

import tiny

SEQUENCES, TOKENS, MASKED = 3, 10, 2
CONFIG = {key: value for key, value in tiny.CONFIG.items() if key != "num_labels"}


def create_model() -> transformers.DistilBertForMaskedLM:
    """Weights large enough that every part of the model moves the logits."""
    model = transformers.DistilBertForMaskedLM(transformers.DistilBertConfig(**CONFIG, attn_implementation="eager")).eval()
    generator = torch.Generator().manual_seed(17)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            noise = torch.randn(parameter.shape, generator=generator)
            if tiny.is_norm(name):
                parameter.copy_(noise * 0.2 + (1.0 if name.endswith("weight") else 0.0))
            else:
                parameter.copy_(noise * (0.3 if parameter.ndim > 1 else 0.1))
    return model


def create_batch() -> dict[str, torch.Tensor]:
    """The same number of tokens of each sequence is masked, one of the labels twice."""
    generator = torch.Generator().manual_seed(19)
    ids = torch.randint(1, 20, (SEQUENCES, TOKENS), generator=generator)
    positions = torch.stack([torch.randperm(TOKENS - 1, generator=generator)[:MASKED] + 1 for _ in range(SEQUENCES)]).sort().values
    labels = torch.full_like(ids, -100).scatter(1, positions, torch.tensor([[5, 31], [5, 7], [39, 12]]))
    return {"input_ids": ids, "attention_mask": torch.ones_like(ids), "labels": labels}


def main() -> None:
    torch.set_num_threads(1)
    here, batch = Path(__file__).with_suffix(""), create_batch()
    initial = create_model()
    tied = {"vocab_projector.weight"}
    tiny.save(here.with_suffix(".safetensors"), {name: value for name, value in initial.state_dict().items() if name not in tied})
    double, single = tiny.train(create_model().double(), batch), tiny.train(create_model(), batch)
    masked = batch["labels"] >= 0
    tiny.save(here.with_suffix(".gradients.safetensors"), double["gradients"])
    tiny.save(here.with_suffix(".trained.safetensors"), double["trained"])
    oracle = {
        "generator": here.name + ".py",
        "versions": {"python": sys.version.split()[0], "torch": torch.__version__, "transformers": transformers.__version__},
        "precision": "weights float32; computed in float64, tensors rounded to float32",
        "config": {**CONFIG, "model_type": "distilbert", "architectures": ["DistilBertForMaskedLM"]},
        "batch": {
            "inputIds": batch["input_ids"].tolist(),
            "maskedPositions": [row.nonzero().flatten().tolist() for row in masked],
            "labels": batch["labels"][masked].view(SEQUENCES, MASKED).tolist(),
        },
        "optimizer": {"steps": tiny.STEPS, "learningRate": tiny.OPTIMIZER["lr"], "betas": tiny.OPTIMIZER["betas"],
                      "epsilon": tiny.OPTIMIZER["eps"], "weightDecay": tiny.WEIGHT_DECAY, "maxGradNorm": tiny.MAX_GRAD_NORM},
        "logits": double["logits"][masked].tolist(),
        "losses": double["losses"],
        "gradientNorms": double["gradientNorms"],
        "float32Deviation": tiny.deviation(single, double),
    }
    here.with_suffix(".json").write_text(json.dumps(oracle, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
