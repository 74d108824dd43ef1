"""The service that Marquee stands beside: FastAPI, transformers and PyTorch in fp32 on all cores, in its plainest form.

    PYTHON serving_peer.py --model DIR --port PORT

DIR holds a folder that `from_pretrained` loads. Answers POST /predict, POST /predict/batch, GET /health and GET /livez on 127.0.0.1 as the API that
Marquee speaks, without its error handling. Needs fastapi, uvicorn, torch and transformers.
"""

import argparse
import os
import sys
import time

os.environ.setdefault("HF_HUB_OFFLINE", "1")

try:
    import torch
    import uvicorn
    from fastapi import FastAPI
    from pydantic import BaseModel
    from transformers import AutoModelForSequenceClassification, AutoTokenizer
except ImportError as error:
    sys.exit(f"serving_peer.py needs fastapi, uvicorn, torch and transformers: {error}")

MAX_LENGTH = 512


class Review(BaseModel):
    text: str


class Batch(BaseModel):
    reviews: list[str]


def create_app(folder: str) -> FastAPI:
    torch.set_num_threads(os.cpu_count() or 1)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForSequenceClassification.from_pretrained(folder, torch_dtype=torch.float32).eval()
    app = FastAPI()

    def predict(texts: list[str]) -> list[dict]:
        encoded = tokenizer(texts, truncation=True, max_length=MAX_LENGTH, padding=True, return_tensors="pt")
        inputs = {name: encoded[name] for name in ("input_ids", "attention_mask")}
        with torch.inference_mode():
            rows = torch.softmax(model(**inputs).logits, dim=-1).tolist()
        return [
            {
                "text": text,
                "sentiment": "positive" if positive > negative else "negative",
                "confidence": max(negative, positive),
                "probabilities": {"negative": negative, "positive": positive},
            }
            for text, (negative, positive) in zip(texts, rows)
        ]

    @app.get("/health")
    async def health() -> dict:
        return {"status": "healthy", "model_loaded": True}

    @app.get("/livez")
    async def livez() -> dict:
        return {"status": "alive"}

    @app.post("/predict")
    async def predict_one(review: Review) -> dict:
        return predict([review.text])[0]

    @app.post("/predict/batch")
    async def predict_batch(batch: Batch) -> dict:
        start = time.perf_counter()
        predictions = predict(batch.reviews)
        elapsed_ms = (time.perf_counter() - start) * 1000
        return {"predictions": predictions, "total_count": len(predictions), "processing_time_ms": elapsed_ms}

    return app


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", required=True)
    parser.add_argument("--port", type=int, required=True)
    arguments = parser.parse_args()
    uvicorn.run(create_app(arguments.model), host="127.0.0.1", port=arguments.port, log_level="warning")


if __name__ == "__main__":
    main()
