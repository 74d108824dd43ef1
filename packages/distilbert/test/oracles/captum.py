"""Records Captum's integrated gradients of the model of tiny.py: per token, baseline [PAD] with [CLS] and [SEP] kept, positions as they are.

    PYTHON captum.py

Reads tiny.json and tiny.safetensors, writes captum.json. Computed in float64 with Gauss-Legendre quadrature (Captum's default) at so many steps that twice as many
change nothing above `stepsDeviation`; what is attributed is the positive logit minus the negative one.
"""

import importlib.metadata
import json
import sys
from pathlib import Path

# A script named like the library would be imported in its place.
sys.path = [entry for entry in sys.path if Path(entry or ".").resolve() != Path(__file__).resolve().parent]

import torch
import transformers
from captum.attr import LayerIntegratedGradients
from safetensors.torch import load_file

STEPS = 2048
CLS, SEP, PAD = 2, 3, 0
WORDS = [[17, 5, 9, 30, 22, 7, 12], [8, 8, 39, 14], [25, 31, 6, 11, 19, 33, 28, 10, 36, 21, 13, 15, 5, 29, 9, 18]]


def create_model(here: Path) -> transformers.DistilBertForSequenceClassification:
    config = json.loads((here / "tiny.json").read_text())["config"]
    model = transformers.DistilBertForSequenceClassification(transformers.DistilBertConfig(**config, attn_implementation="eager"))
    model.load_state_dict(load_file(here / "tiny.safetensors"))
    return model.double().eval()


def main() -> None:
    torch.set_num_threads(1)
    here = Path(__file__).resolve().parent
    model = create_model(here)

    def logit(ids: torch.Tensor) -> torch.Tensor:
        logits = model(input_ids=ids).logits
        return logits[:, 1] - logits[:, 0]

    explainer = LayerIntegratedGradients(logit, model.distilbert.embeddings.word_embeddings)
    cases, deviation = [], 0.0
    for words in WORDS:
        ids = torch.tensor([[CLS, *words, SEP]])
        baseline = torch.tensor([[CLS, *([PAD] * len(words)), SEP]])
        attribute = lambda steps: explainer.attribute(ids, baseline, n_steps=steps, internal_batch_size=64).sum(-1)[0].detach()
        attributions = attribute(STEPS)
        deviation = max(deviation, (attributions - attribute(STEPS // 2)).abs().max().item())
        with torch.no_grad():
            ends = [logit(baseline).item(), logit(ids).item()]
        cases.append({"inputIds": ids[0].tolist(), "attributions": attributions.tolist(), "baselineLogit": ends[0], "logit": ends[1]})
    versions = {name: importlib.metadata.version(name) for name in ("captum", "torch", "transformers")}
    oracle = {
        "generator": "captum.py",
        "versions": {"python": sys.version.split()[0], **versions},
        "method": {"name": "LayerIntegratedGradients", "quadrature": "gausslegendre", "steps": STEPS},
        "stepsDeviation": float(f"{deviation:.2g}"),
        "cases": cases,
    }
    (here / "captum.json").write_text(json.dumps(oracle, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
