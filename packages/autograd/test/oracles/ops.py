"""Records values and gradients of DistilBERT's operations from torch into ops.json.

    PYTHON ops.py

Inputs are float32 numbers; torch computes in float64 and the results are rounded to float32, so that the whole distance
of a float32 implementation from the oracle is its own. Every case holds
`inputs` (name -> shape, values), `attributes`, `output`, `cotangent` (the gradient that flows into the output) and
`gradients` (input name -> values). Integer inputs carry `"dtype": "int64"`, masks `"dtype": "bool"` with 0 and 1.
"""

import json
import math
import sys
from pathlib import Path

import numpy
import torch
from torch.nn import functional

generator = torch.Generator().manual_seed(3)


def normal(*shape: int, scale: float = 1.0) -> torch.Tensor:
    return torch.randn(shape, generator=generator) * scale


def entry(tensor: torch.Tensor) -> dict:
    result = {"shape": list(tensor.shape)}
    if tensor.is_floating_point():
        values = tensor.detach().to(torch.float32).numpy().ravel()
        # The shortest decimal that rounds to the float32.
        result["values"] = [float(str(value)) for value in values.astype(numpy.float32)]
        assert all(math.isfinite(value) for value in result["values"])
    else:
        result["dtype"] = "bool" if tensor.dtype == torch.bool else "int64"
        result["values"] = [int(value) for value in tensor.ravel()]
    return result


def record(name: str, op: str, function, inputs: dict[str, torch.Tensor], attributes: dict | None = None) -> dict:
    """Applies `function` to float64 copies of the inputs and pulls one random cotangent back through it."""
    copies = {
        key: value.double().requires_grad_() if value.is_floating_point() else value for key, value in inputs.items()
    }
    output = function(*copies.values())
    cotangent = normal(*output.shape) if output.ndim > 0 else torch.ones(())
    output.backward(cotangent.double())
    return {
        "name": name,
        "op": op,
        "attributes": attributes or {},
        "inputs": {key: entry(value) for key, value in inputs.items()},
        "output": entry(output),
        "cotangent": entry(cotangent),
        "gradients": {key: entry(value.grad) for key, value in copies.items() if value.is_floating_point()},
    }


def layer_norm(name: str, x: torch.Tensor, epsilon: float) -> dict:
    size = x.shape[-1]
    weight, bias = 1 + normal(size, scale=0.3), normal(size, scale=0.3)
    function = lambda x, weight, bias: functional.layer_norm(x, [size], weight, bias, epsilon)
    return record(name, "layer_norm", function, {"x": x, "weight": weight, "bias": bias}, {"epsilon": epsilon})


def along(name: str, op: str, x: torch.Tensor, axis: int = -1) -> dict:
    function = lambda x: getattr(functional, op)(x, dim=axis)
    return record(name, op, function, {"x": x}, {"axis": axis})


def cross_entropy(name: str, logits: torch.Tensor, labels: list[int], smoothing: float) -> dict:
    function = lambda logits, labels: functional.cross_entropy(logits, labels, label_smoothing=smoothing)
    return record(name, "cross_entropy", function, {"logits": logits, "labels": torch.tensor(labels)}, {"labelSmoothing": smoothing})


def attention(name: str, batch: int, heads: int, tokens: int, size: int, lengths: list[int] | None) -> dict:
    inputs = {key: normal(batch, heads, tokens, size) for key in ("query", "key", "value")}
    if lengths is None:
        function = lambda query, key, value: functional.scaled_dot_product_attention(query, key, value)
    else:
        # [batch, 1, 1, tokens]; true: the key takes part
        inputs["mask"] = (torch.arange(tokens) < torch.tensor(lengths)[:, None])[:, None, None, :]
        function = lambda query, key, value, mask: functional.scaled_dot_product_attention(query, key, value, attn_mask=mask)
    return record(name, "scaled_dot_product_attention", function, inputs, {"scale": 1 / math.sqrt(size)})


def embedding(name: str, ids: list[list[int]], rows: int, size: int) -> dict:
    function = lambda ids, weight: functional.embedding(ids, weight)
    return record(name, "embedding", function, {"ids": torch.tensor(ids), "weight": normal(rows, size)})


def cases() -> list[dict]:
    far = torch.tensor([[1000.0, -1000.0, 0.0], [1000.0, 999.0, 998.0], [-1000.0, -1000.0, -1001.0]])
    gelu_points = torch.tensor([-40.0, -10.0, -5.5, -3.0, -1.0, -0.7518, -0.1, -1e-4, 0.0, 1e-4, 0.1, 0.7518, 1.0, 3.0, 5.5, 10.0, 40.0])
    logits = normal(5, 2, scale=2.0)
    return [
        layer_norm("layer_norm, eps 1e-12", normal(2, 3, 8), 1e-12),
        layer_norm("layer_norm, eps 1e-5, mean far from zero", normal(4, 6, scale=0.5) + 20, 1e-5),
        layer_norm("layer_norm, eps 1e-5, one constant row", torch.cat([normal(2, 4), torch.full((1, 4), 0.75)]), 1e-5),
        record("gelu, exact, normal values", "gelu", functional.gelu, {"x": normal(3, 7, scale=1.5)}, {"approximate": "none"}),
        record("gelu, exact, tails and zero", "gelu", functional.gelu, {"x": gelu_points}, {"approximate": "none"}),
        along("softmax, last axis", "softmax", normal(2, 3, 5, scale=2.0)),
        along("softmax, middle axis", "softmax", normal(2, 3, 4), axis=1),
        along("softmax at plus and minus 1000", "softmax", far),
        along("log_softmax, last axis", "log_softmax", normal(2, 3, 5, scale=2.0)),
        along("log_softmax at plus and minus 1000", "log_softmax", far),
        cross_entropy("cross_entropy, two classes", logits, [0, 1, 1, 0, 1], 0.0),
        cross_entropy("cross_entropy, two classes, smoothing 0.1", logits, [0, 1, 1, 0, 1], 0.1),
        cross_entropy("cross_entropy, four classes", normal(3, 4, scale=3.0), [3, 0, 2], 0.0),
        cross_entropy("cross_entropy, four classes, smoothing 0.1", normal(3, 4, scale=3.0), [3, 0, 2], 0.1),
        cross_entropy("cross_entropy at plus and minus 1000, smoothing 0.1", far, [0, 2, 1], 0.1),
        attention("attention, no mask", 2, 2, 3, 4, None),
        attention("attention, padding mask", 3, 2, 5, 4, [5, 3, 1]),
        embedding("embedding, repeated and unused rows", [[4, 0, 4], [2, 4, 0]], 6, 3),
    ]


def main() -> None:
    torch.set_num_threads(1)
    oracle = {
        "generator": "ops.py",
        "versions": {"python": sys.version.split()[0], "torch": torch.__version__},
        "precision": "inputs float32; computed in float64, results rounded to float32",
        "cases": cases(),
    }
    Path(__file__).with_suffix(".json").write_text(json.dumps(oracle, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
