"""Records files and conversions of the reference implementations: python generate.py > reference.json"""

import base64
import hashlib
import json

import safetensors
import safetensors.torch
import torch

GENERATOR = torch.Generator().manual_seed(7)


def base64_of(data: bytes) -> str:
    return base64.b64encode(data).decode()


def bits(values: torch.Tensor) -> list[int]:
    mask = {2: 0xFFFF, 4: 0xFFFFFFFF}[values.element_size()]
    integer = {2: torch.int16, 4: torch.int32}[values.element_size()]
    return [int(value) & mask for value in values.contiguous().view(integer).flatten().tolist()]


def widened_digest(dtype: torch.dtype) -> str:
    """SHA-256 of the float32 values of all 65,536 patterns, every NaN as 0x7fc00000 (payloads differ between processors)."""
    patterns = torch.arange(65_536, dtype=torch.int32).to(torch.int16).view(dtype)
    widened = patterns.float()
    widened[widened.isnan()] = float("nan")
    return hashlib.sha256(widened.numpy().tobytes()).hexdigest()


def narrowed() -> list[list[int]]:
    """Float32 bits and the half bits they round to: edges of rounding, then random values of every magnitude."""
    edges = [0x00000000, 0x80000000, 0x00000001, 0x33000000, 0x33000001, 0x32FFFFFF, 0x33C00000, 0x33BFFFFF, 0x387FC000]
    edges += [0x387FDFFF, 0x387FE000, 0x387FE001, 0x387FFFFF, 0x38800000, 0x38801000, 0x38801001, 0x38803000, 0x3F801000]
    edges += [0x3F803000, 0x3F800FFF, 0x477FE000, 0x477FEFFF, 0xC77FEFFF, 0x7F800000, 0xFF800000]
    exponents = torch.randint(95, 142, (1500,), generator=GENERATOR)
    random = torch.randint(0, 1 << 23, (1500,), generator=GENERATOR) | (exponents << 23)
    patterns = torch.tensor(edges + random.tolist(), dtype=torch.int64).to(torch.int32)
    return [list(pair) for pair in zip(bits(patterns), bits(patterns.view(torch.float32).half()))]


tensors = {
    "z.weight": torch.randn(2, 3, generator=GENERATOR),
    "a.half": torch.randn(5, generator=GENERATOR).half(),
    "a.brain": torch.randn(1, 3, generator=GENERATOR).bfloat16(),
    "10": torch.tensor([[1], [-2]], dtype=torch.int64),
    "é \"quoted\"": torch.tensor([True, False, True]),
    "scalar": torch.tensor(0.5),
    "empty": torch.zeros(0, 4),
    "bytes": torch.tensor([1, 255], dtype=torch.uint8),
    "signed": torch.tensor([-1, 127], dtype=torch.int8),
    "words": torch.tensor([-5], dtype=torch.int32),
}

print(
    json.dumps(
        {
            "generator": "generate.py",
            "versions": {"safetensors": safetensors.__version__, "torch": torch.__version__.split("+")[0]},
            "file": base64_of(safetensors.torch.save(tensors, metadata={"format": "pt"})),
            "fileWithoutMetadata": base64_of(safetensors.torch.save({"w": torch.tensor([1.5, -2.0])})),
            "float32Bits": {name: bits(tensors[name].float()) for name in ("z.weight", "a.half", "a.brain", "scalar")},
            "widenedDigests": {"F16": widened_digest(torch.float16), "BF16": widened_digest(torch.bfloat16)},
            "narrowed": narrowed(),
        },
        separators=(",", ":"),
    )
)
