"""Tries /hf with huggingface_hub's InferenceClient.

    pip install huggingface_hub==2.4.0
    npm start                                                   # in another terminal
    python apps/api/test/peers/huggingface_client.py http://127.0.0.1:8000 [KEY]
"""

import sys

import huggingface_hub
from huggingface_hub import InferenceClient

url, key = sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else None
client = InferenceClient(f"{url}/hf", token=key)
both = client.text_classification("A triumph from start to finish.")
assert [element.label for element in both] == ["positive", "negative"], both
assert abs(sum(element.score for element in both) - 1) < 1e-9
one = client.text_classification("Dull and badly acted.", top_k=1)
assert [element.label for element in one] == ["negative"], one
logits = client.text_classification("A triumph from start to finish.", function_to_apply="none")
assert logits[0].score > 0 and abs(sum(element.score for element in logits)) < 1e-9, logits
print(f"huggingface_hub {huggingface_hub.__version__}: both labels, top_k and function_to_apply are answered")
