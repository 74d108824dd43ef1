"""Tries /v2 with NVIDIA's own client, at its defaults and with every way of asking for outputs.

    pip install 'tritonclient[http]==2.73.0'
    npm start                                                   # in another terminal
    python apps/api/test/peers/triton_client.py 127.0.0.1:8000 [KEY]
    python apps/api/test/peers/triton_client.py --record        # writes ../fixtures/triton-request.json: the bytes it sends
"""

import base64
import json
import pathlib
import sys
from importlib.metadata import version as version_of

import numpy as np
import tritonclient.http as triton
from tritonclient.utils import InferenceServerException

VERSION = version_of("tritonclient")
REVIEWS = ["A triumph from start to finish: good.", "Dull, \u00fcberlong and badly acted: bad. \U0001f634"]
FIXTURE = pathlib.Path(__file__).parent / "../fixtures/triton-request.json"


def text_input(reviews, binary=True):
    tensor = triton.InferInput("text", [len(reviews)], "BYTES")
    tensor.set_data_from_numpy(np.array([review.encode() for review in reviews], dtype=object), binary_data=binary)
    return tensor


def record():
    body, json_size = triton.InferenceServerClient.generate_request_body([text_input(REVIEWS)], request_id="42")
    fixture = {
        "tritonclient": VERSION,
        "headers": {"Inference-Header-Content-Length": str(json_size)},
        "body": base64.b64encode(body).decode(),
    }
    FIXTURE.write_text(json.dumps(fixture, indent=2) + "\n")


def check(url, key):
    def authorization():
        """A new one each time: the client writes to the headers that it is given."""
        return {"Authorization": f"Bearer {key}"} if key else None

    client = triton.InferenceServerClient(url)
    assert client.is_server_live()
    assert client.is_server_ready()
    assert client.is_model_ready("marquee", headers=authorization())
    assert not client.is_model_ready("another", headers=authorization())
    assert client.get_server_metadata(headers=authorization())["extensions"] == ["binary_tensor_data"]
    model = client.get_model_metadata("marquee", headers=authorization())
    assert [tensor["name"] for tensor in model["outputs"]] == ["label", "probabilities"]
    version = model["versions"][0]
    assert client.is_model_ready("marquee", version, headers=authorization())

    answers = []
    for binary_input in (True, False):
        for outputs in (
            None,
            [triton.InferRequestedOutput("probabilities"), triton.InferRequestedOutput("label")],
            [triton.InferRequestedOutput("label", binary_data=False), triton.InferRequestedOutput("probabilities")],
            [triton.InferRequestedOutput(name, binary_data=False) for name in ("label", "probabilities")],
        ):
            for model_version in ("", version):
                result = client.infer(
                    "marquee",
                    [text_input(REVIEWS, binary_input)],
                    model_version=model_version,
                    outputs=outputs,
                    request_id="42",
                    headers=authorization(),
                )
                assert result.get_response()["id"] == "42"
                assert result.get_response()["model_version"] == version
                labels = [label.decode() if isinstance(label, bytes) else label for label in result.as_numpy("label")]
                probabilities = result.as_numpy("probabilities")
                assert labels == ["positive", "negative"], labels
                assert probabilities.dtype == np.float32 and probabilities.shape == (2, 2)
                assert np.allclose(probabilities.sum(axis=1), 1)
                answers.append(probabilities)
    assert all(np.array_equal(answers[0], answer) for answer in answers)

    for algorithm in ("gzip", "deflate"):
        result = client.infer("marquee", [text_input(REVIEWS)], headers=authorization(), request_compression_algorithm=algorithm)
        assert np.array_equal(result.as_numpy("probabilities"), answers[0])

    for bad in (lambda: client.infer("another", [text_input(REVIEWS)], headers=authorization()),
                lambda: client.infer("marquee", [text_input(REVIEWS)], model_version="0", headers=authorization()),
                lambda: client.infer("marquee", [text_input([" "])], headers=authorization())):
        try:
            bad()
        except InferenceServerException as error:
            assert error.status() in ("400", "404"), error
        else:
            raise AssertionError("an invalid request was answered")
    print(f"tritonclient {VERSION}: {len(answers)} ways of asking gave the same answer")


if sys.argv[1] == "--record":
    record()
else:
    check(sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else None)
