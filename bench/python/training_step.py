"""Tokens per second of PyTorch's training step for a DistilBERT on the CPU: the peer of `npm run bench:training`.

A step is forward, backward, clipping by global norm and fused AdamW, in eager mode with SDPA attention: what a user of
transformers runs. Every step gets the same batch of full rows. One JSON object on stdout; anything else goes to stderr.

    PYTHON training_step.py --shape minilm --precision fp32 --batch-size 16 --tokens 256 --dropout 0.1
"""

import argparse
import json
import os
import resource
import statistics
import sys
import time

os.environ.setdefault("HF_HUB_OFFLINE", "1")

try:
    import torch
    import transformers
except ImportError as error:
    sys.exit(f"training_step.py needs torch and transformers: {error}")

SHAPES = {
    "distilbert": {"dim": 768, "hidden_dim": 3072, "n_heads": 12, "n_layers": 6},
    "minilm": {"dim": 384, "hidden_dim": 1536, "n_heads": 12, "n_layers": 6},
}
VOCABULARY = 30522


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shape", choices=sorted(SHAPES), default="distilbert")
    parser.add_argument("--precision", choices=["fp32", "bf16"], default="fp32", help="bf16 is autocast over fp32 weights")
    parser.add_argument("--batch-size", type=int, default=16)
    parser.add_argument("--tokens", type=int, default=256, help="tokens a row, none of them padding")
    parser.add_argument("--dropout", type=float, default=0.1, help="hidden states and attention; above 0 the head has 0.2")
    parser.add_argument("--warmup-steps", type=int, default=1, help="steps that are not timed")
    parser.add_argument("--steps", type=int, default=4, help="timed steps")
    parser.add_argument("--time-limit-s", type=float, default=float("inf"), help="no further step starts after this many seconds of steps")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--gemm-only", action="store_true", help="measure the products alone")
    arguments = parser.parse_args()
    for name in ("batch_size", "tokens", "steps", "threads"):
        if getattr(arguments, name) < 1:
            parser.error(f"--{name.replace('_', '-')} must be at least 1, got {getattr(arguments, name)}")
    if arguments.warmup_steps < 0:
        parser.error(f"--warmup-steps must be at least 0, got {arguments.warmup_steps}")
    if arguments.tokens > 512:
        parser.error(f"--tokens must be at most 512, the positions of the model, got {arguments.tokens}")
    if not 0 <= arguments.dropout < 1:
        parser.error(f"--dropout must be in [0, 1), got {arguments.dropout}")
    return arguments


def measure_gemm(arguments: argparse.Namespace, repeats: int = 8) -> dict[str, float]:
    """Best GFLOPS of the model's three kinds of product: [rows, in] x [in, out] as nn.Linear computes it."""
    shape = SHAPES[arguments.shape]
    rows = arguments.batch_size * arguments.tokens
    dtype = torch.bfloat16 if arguments.precision == "bf16" else torch.float32
    sizes = [(shape["dim"], shape["dim"]), (shape["dim"], shape["hidden_dim"]), (shape["hidden_dim"], shape["dim"])]
    rates = {}
    for inputs, outputs in sizes:
        x = torch.randn(rows, inputs).to(dtype)
        weight = torch.randn(outputs, inputs).to(dtype)
        best = float("inf")
        started = time.perf_counter()
        for repeat in range(repeats + 1):
            start = time.perf_counter()
            torch.nn.functional.linear(x, weight)
            seconds = time.perf_counter() - start
            if repeat > 0 or seconds > arguments.time_limit_s:
                best = min(best, seconds)
            if time.perf_counter() - started > arguments.time_limit_s:
                break
        rates[f"{rows}x{inputs}x{outputs}"] = round(2 * rows * inputs * outputs / best / 1e9, 1)
    return rates


def create_step(arguments: argparse.Namespace):
    """Returns a function that makes one optimizer step and returns its loss, and the number of parameters."""
    rate = arguments.dropout
    config = transformers.DistilBertConfig(
        vocab_size=VOCABULARY, dropout=rate, attention_dropout=rate, seq_classif_dropout=0.2 if rate > 0 else 0.0,
        attn_implementation="sdpa", **SHAPES[arguments.shape],
    )
    model = transformers.DistilBertForSequenceClassification(config).train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=2e-5, weight_decay=0.01, fused=True)
    size = (arguments.batch_size, arguments.tokens)
    batch = {
        "input_ids": torch.randint(1000, VOCABULARY, size),
        "attention_mask": torch.ones(size, dtype=torch.long),
        "labels": torch.randint(0, 2, (arguments.batch_size,)),
    }

    def step() -> float:
        optimizer.zero_grad(set_to_none=True)
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=arguments.precision == "bf16"):
            loss = model(**batch).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        return loss.item()

    return step, sum(parameter.numel() for parameter in model.parameters())


def measure_steps(arguments: argparse.Namespace) -> dict:
    step, parameters = create_step(arguments)
    seconds, losses, started = [], [], time.perf_counter()
    for _ in range(arguments.warmup_steps + arguments.steps):
        start = time.perf_counter()
        losses.append(step())
        seconds.append(time.perf_counter() - start)
        if time.perf_counter() - started > arguments.time_limit_s:
            break
    # Stopped by the limit inside the warm-up, the last step is all that there is to report.
    timed = seconds[arguments.warmup_steps:] or seconds[-1:]
    tokens = arguments.batch_size * arguments.tokens
    return {
        "parameters": parameters,
        "stepSeconds": [round(value, 4) for value in seconds],
        "warmupSteps": len(seconds) - len(timed),
        "bestTokensPerSecond": round(tokens / min(timed), 1),
        "medianTokensPerSecond": round(tokens / statistics.median(timed), 1),
        "limited": len(seconds) < arguments.warmup_steps + arguments.steps,
        "losses": losses,
    }


def main() -> None:
    arguments = parse_arguments()
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(arguments.seed)
    result = {
        "peer": "pytorch",
        "versions": {"python": sys.version.split()[0], "torch": torch.__version__, "transformers": transformers.__version__},
        "shape": arguments.shape,
        "precision": arguments.precision,
        "batchSize": arguments.batch_size,
        "tokens": arguments.tokens,
        "dropout": arguments.dropout,
        "threads": arguments.threads,
    }
    if not arguments.gemm_only:
        result |= measure_steps(arguments)
        # Read before the products are measured: their matrices are not part of a step. ru_maxrss is in KiB on Linux, in bytes on macOS.
        unit = 1 if sys.platform == "darwin" else 1024
        result["peakRssBytes"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
    result["gemmGflops"] = measure_gemm(arguments)
    print(json.dumps(result))


if __name__ == "__main__":
    main()
