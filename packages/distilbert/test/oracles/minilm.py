"""Records the [CLS] rows that transformers' BertModel gives for a BERT checkpoint into minilm.json.

    PYTHON minilm.py FOLDER

FOLDER holds config.json and model.safetensors of nreimers/MiniLM-L6-H384-uncased or a model of its shape. The token ids are arbitrary,
the second sequence is padded. torch computes in float64 and results are rounded to float32.
"""

import hashlib
import json
import sys
from pathlib import Path

import numpy
import torch
import transformers

IDS = [
    [101, 2307, 3185, 1010, 6581, 3772, 1998, 1037, 2466, 2008, 7906, 2017, 3666, 102],
    [101, 9202, 1010, 2919, 1998, 3294, 11771, 102, 0, 0, 0, 0, 0, 0],
]


def main() -> None:
    torch.set_num_threads(1)
    folder = Path(sys.argv[1])
    model = transformers.BertModel.from_pretrained(folder, attn_implementation="eager", add_pooling_layer=False).eval().double()
    ids = torch.tensor(IDS)
    mask = (ids != 0).long()
    with torch.no_grad():
        cls = model(input_ids=ids, attention_mask=mask).last_hidden_state[:, 0]
    oracle = {
        "generator": "minilm.py",
        "versions": {"python": sys.version.split()[0], "torch": torch.__version__, "transformers": transformers.__version__},
        "weightsSha256": hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest(),
        "inputIds": IDS,
        "attentionMask": mask.tolist(),
        "cls": [[float(str(value)) for value in row.numpy().astype(numpy.float32)] for row in cls],
    }
    Path(__file__).with_suffix(".json").write_text(json.dumps(oracle, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
