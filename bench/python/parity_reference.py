"""What PyTorch and transformers make of a model folder: the other side of `npm run bench:parity`.

    PYTHON parity_reference.py train    --model DIR --output-dir OUT [--batch-file F.safetensors]
    PYTHON parity_reference.py encode   --model DIR [--batch-file F.safetensors]
    PYTHON parity_reference.py classify --model DIR --texts F.json

train     logits, loss and gradients of a batch, then AdamW steps on it. Writes OUT/batch.safetensors, OUT/gradients.safetensors
          (before clipping) and OUT/trained.safetensors under Hugging Face names.
encode    [CLS] row of the last hidden state of a BERT or DistilBERT encoder, head or no head in the folder.
classify  logits of texts, one text a run, through AutoTokenizer and AutoModelForSequenceClassification as a user loads them.

DIR holds config.json and model.safetensors (and tokenizer.json for classify). A batch file holds int64 tensors `input_ids` and
`attention_mask` [batch, tokens], and `labels` [batch] for train; without one a batch is drawn from the seed. One JSON object on stdout.
A failure ends with status 1 and one sentence on stderr.
"""

import argparse
import json
import os
import sys
from pathlib import Path

os.environ.setdefault("HF_HUB_OFFLINE", "1")

try:
    import torch
    import transformers
    from safetensors import SafetensorError
    from safetensors.torch import load_file, save_file
except ImportError as error:
    sys.exit(f"parity_reference.py needs torch, transformers and safetensors: {error}")

PRECISIONS = {"float32": torch.float32, "float64": torch.float64}


class InputError(Exception):
    """Something that the caller gave is not usable; the message is for a person."""


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    for name in ("train", "encode", "classify"):
        command = commands.add_parser(name)
        command.add_argument("--model", type=Path, required=True, help="folder with config.json and model.safetensors")
        command.add_argument("--precision", choices=sorted(PRECISIONS), default="float32", help="of the computation")
        command.add_argument("--threads", type=int, default=os.cpu_count())
        if name == "classify":
            command.add_argument("--texts", required=True, help="JSON file with a list of strings, or - for stdin")
            command.add_argument("--max-length", type=int, help="tokens kept from the head; default: the tokenizer's model_max_length")
            continue
        command.add_argument("--batch-file", type=Path)
        command.add_argument("--batch-size", type=int, default=4)
        command.add_argument("--tokens", type=int, default=32)
        command.add_argument("--seed", type=int, default=0)
        if name == "train":
            command.add_argument("--output-dir", type=Path, required=True)
            command.add_argument("--steps", type=int, default=10)
            command.add_argument("--learning-rate", type=float, default=1e-3)
            command.add_argument("--weight-decay", type=float, default=0.01, help="of all but biases and LayerNorm")
            command.add_argument("--adam-beta1", type=float, default=0.9)
            command.add_argument("--adam-beta2", type=float, default=0.999)
            command.add_argument("--adam-epsilon", type=float, default=1e-8)
            command.add_argument("--max-grad-norm", type=float, default=1.0)
            command.add_argument("--label-smoothing-factor", type=float, default=0.0)
    return parser.parse_args()


def load_model(arguments: argparse.Namespace, kind) -> torch.nn.Module:
    """Loads without dropout; a tensor that is missing, left over or of another shape is an error, but for the unread parts of an encoder."""
    folder = arguments.model
    for name in ("config.json", "model.safetensors"):
        if not (folder / name).is_file():
            raise InputError(f"{folder / name} does not exist")
    config = transformers.AutoConfig.from_pretrained(folder, local_files_only=True)
    for name in ("dropout", "attention_dropout", "seq_classif_dropout"):
        setattr(config, name, 0.0)
    try:
        model, report = kind.from_pretrained(
            folder, config=config, dtype=torch.float32, attn_implementation="eager", local_files_only=True, output_loading_info=True
        )
    except (OSError, ValueError, RuntimeError, SafetensorError) as error:
        raise InputError(f"{folder} does not load: {error}") from error
    unread = ("pooler.", "classifier.", "pre_classifier.", "vocab_", "cls.") if kind is transformers.AutoModel else ()
    for problem in ("missing_keys", "unexpected_keys", "mismatched_keys"):
        names = [str(name) for name in report[problem] if not str(name).startswith(unread)]
        if names:
            raise InputError(f"{folder}/model.safetensors: {problem.replace('_', ' ')} {', '.join(sorted(names))}")
    return model.to(PRECISIONS[arguments.precision]).eval()


def load_batch(arguments: argparse.Namespace, config) -> dict[str, torch.Tensor]:
    if arguments.batch_file is None:
        return draw_batch(arguments, config)
    if not arguments.batch_file.is_file():
        raise InputError(f"{arguments.batch_file} does not exist")
    try:
        batch = load_file(arguments.batch_file)
    except SafetensorError as error:
        raise InputError(f"{arguments.batch_file}: {error}") from error
    expected = ["input_ids", "attention_mask"] + (["labels"] if arguments.command == "train" else [])
    for name in expected:
        if name not in batch or batch[name].dtype != torch.int64:
            raise InputError(f"{arguments.batch_file}: {name} must be there and int64, tensors are {', '.join(sorted(batch))}")
    return {name: batch[name] for name in expected}


def draw_batch(arguments: argparse.Namespace, config) -> dict[str, torch.Tensor]:
    """Rows of unequal lengths, the first one full; padding is id 0."""
    rows, tokens = arguments.batch_size, arguments.tokens
    if rows < 1 or not 2 <= tokens <= config.max_position_embeddings:
        raise InputError(f"the batch must be at least 1 x 2 and at most {config.max_position_embeddings} tokens wide, got {rows} x {tokens}")
    generator = torch.Generator().manual_seed(arguments.seed)
    lengths = torch.randint(tokens // 2, tokens + 1, (rows,), generator=generator)
    lengths[0] = tokens
    mask = (torch.arange(tokens) < lengths[:, None]).long()
    ids = torch.randint(1, config.vocab_size, (rows, tokens), generator=generator) * mask
    labels = torch.randint(0, 2, (rows,), generator=generator)
    return {"input_ids": ids, "attention_mask": mask, "labels": labels}


def decays(name: str) -> bool:
    return not name.endswith("bias") and "layer_norm" not in name and "LayerNorm" not in name


def create_optimizer(named, arguments: argparse.Namespace) -> torch.optim.Optimizer:
    groups = [
        {"params": [parameter for name, parameter in named if decays(name)], "weight_decay": arguments.weight_decay},
        {"params": [parameter for name, parameter in named if not decays(name)], "weight_decay": 0.0},
    ]
    betas = (arguments.adam_beta1, arguments.adam_beta2)
    return torch.optim.AdamW(groups, lr=arguments.learning_rate, betas=betas, eps=arguments.adam_epsilon)


def write(path: Path, tensors) -> str:
    save_file({name: value.detach().float().contiguous() for name, value in tensors}, path, metadata={"format": "pt"})
    return str(path)


def train(arguments: argparse.Namespace) -> dict:
    model = load_model(arguments, transformers.AutoModelForSequenceClassification)
    batch = load_batch(arguments, model.config)
    out = arguments.output_dir
    out.mkdir(parents=True, exist_ok=True)
    save_file(batch, out / "batch.safetensors", metadata={"format": "pt"})
    named = list(model.named_parameters())
    optimizer = create_optimizer(named, arguments)
    result = {"losses": [], "gradientNorms": [], "files": {"batch": str(out / "batch.safetensors")}}
    labels, inputs = batch["labels"], {name: value for name, value in batch.items() if name != "labels"}
    for step in range(max(1, arguments.steps)):
        optimizer.zero_grad()
        logits = model(**inputs).logits
        loss = torch.nn.functional.cross_entropy(logits, labels, label_smoothing=arguments.label_smoothing_factor)
        loss.backward()
        if step == 0:
            result |= {"logits": logits.tolist(), "loss": loss.item()}
            result["files"]["gradients"] = write(out / "gradients.safetensors", ((name, parameter.grad) for name, parameter in named))
        result["losses"].append(loss.item())
        result["gradientNorms"].append(torch.nn.utils.clip_grad_norm_(model.parameters(), arguments.max_grad_norm).item())
        if arguments.steps > 0:
            optimizer.step()
    result["files"]["trained"] = write(out / "trained.safetensors", named)
    result["parameters"] = sum(parameter.numel() for _, parameter in named)
    return result


def encode(arguments: argparse.Namespace) -> dict:
    model = load_model(arguments, transformers.AutoModel)
    batch = load_batch(arguments, model.config)
    batch.pop("labels", None)
    with torch.no_grad():
        cls = model(**batch).last_hidden_state[:, 0]
    return {"inputIds": batch["input_ids"].tolist(), "attentionMask": batch["attention_mask"].tolist(), "cls": cls.tolist()}


def read_texts(source: str) -> list[str]:
    try:
        texts = json.loads(sys.stdin.read() if source == "-" else Path(source).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"--texts {source}: {error}") from error
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise InputError(f"--texts {source}: must hold a JSON list of strings")
    return texts


def classify(arguments: argparse.Namespace) -> dict:
    texts = read_texts(arguments.texts)
    model = load_model(arguments, transformers.AutoModelForSequenceClassification)
    try:
        tokenizer = transformers.AutoTokenizer.from_pretrained(arguments.model, local_files_only=True)
    except (OSError, ValueError) as error:
        raise InputError(f"{arguments.model}: the tokenizer does not load: {error}") from error
    limit = arguments.max_length or min(tokenizer.model_max_length, model.config.max_position_embeddings)
    result = {"maxLength": limit, "tokenizer": type(tokenizer).__name__, "model": type(model).__name__, "inputIds": [], "logits": [], "labels": []}
    for text in texts:
        encoded = tokenizer(text, truncation=True, max_length=limit, return_tensors="pt")
        inputs = {name: encoded[name] for name in ("input_ids", "attention_mask")}
        with torch.no_grad():
            logits = model(**inputs).logits[0]
        result["inputIds"].append(inputs["input_ids"][0].tolist())
        result["logits"].append(logits.tolist())
        result["labels"].append(model.config.id2label[int(logits.argmax())])
    return result


def main() -> None:
    arguments = parse_arguments()
    torch.set_num_threads(max(1, arguments.threads))
    transformers.logging.set_verbosity_error()
    try:
        result = {"train": train, "encode": encode, "classify": classify}[arguments.command](arguments)
    except InputError as error:
        sys.exit(f"parity_reference.py: {error}")
    versions = {"python": sys.version.split()[0], "torch": torch.__version__, "transformers": transformers.__version__}
    print(json.dumps({"versions": versions, "precision": arguments.precision} | result))


if __name__ == "__main__":
    main()
