"""A model folder as users of transformers.js get it: the usual fp32 ONNX export and its dynamic int8 quantization.

    PYTHON export_peer.py --model DIR --output-dir OUT

Writes OUT/model.onnx and OUT/model_quantized.onnx. With Optimum (pip install optimum-onnx) the export is its own, and the quantization what
`optimum-cli onnxruntime quantize --avx512_vnni --per_channel` does: int8 weights per output channel, uint8 activations. Without it DIR's own
onnx/model.onnx is copied and quantized by onnxruntime.quantization with the same settings. One JSON object on stdout says which it was.
"""

import argparse
import importlib.metadata
import json
import os
import shutil
import sys
import tempfile
from pathlib import Path

os.environ.setdefault("HF_HUB_OFFLINE", "1")


def version(package: str) -> str:
    return f"{package} {importlib.metadata.version(package)}"


def export_with_optimum(model: Path, out: Path) -> dict[str, str]:
    from optimum.exporters.onnx import main_export
    from optimum.onnxruntime import ORTQuantizer
    from optimum.onnxruntime.configuration import AutoQuantizationConfig

    with tempfile.TemporaryDirectory() as folder:
        # Without Hugging Face's own validation, which compares logits: the weights are random, and only speed is measured.
        main_export(str(model), folder, task="text-classification", do_validation=False, local_files_only=True)
        settings = AutoQuantizationConfig.avx512_vnni(is_static=False, per_channel=True)
        ORTQuantizer.from_pretrained(folder, file_name="model.onnx").quantize(save_dir=folder, quantization_config=settings)
        for name in ("model.onnx", "model_quantized.onnx"):
            shutil.move(Path(folder) / name, out / name)
    return {"exporter": version("optimum-onnx"), "quantizer": f"{version('optimum-onnx')}, avx512_vnni per channel"}


def quantize_ours(model: Path, out: Path) -> dict[str, str]:
    import onnx
    from onnxruntime.quantization import QuantType, quantize_dynamic

    source = model / "onnx" / "model.onnx"
    if not source.is_file():
        sys.exit(f"export_peer.py: {source} does not exist, and without optimum-onnx it is what would be quantized")
    shutil.copyfile(source, out / "model.onnx")
    # Shape inference stops at com.microsoft's operators; every weight that is quantized is float32.
    options = {"DefaultTensorType": onnx.TensorProto.FLOAT}
    quantize_dynamic(source, out / "model_quantized.onnx", per_channel=True, weight_type=QuantType.QInt8, extra_options=options)
    return {"exporter": "our own fp32 graph", "quantizer": f"{version('onnxruntime')} quantize_dynamic, QInt8 per channel"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, required=True, help="folder with config.json, model.safetensors and onnx/model.onnx")
    parser.add_argument("--output-dir", type=Path, required=True)
    parser.add_argument("--without-optimum", action="store_true", help="quantize onnx/model.onnx even where Optimum is installed")
    arguments = parser.parse_args()
    arguments.output_dir.mkdir(parents=True, exist_ok=True)
    try:
        if arguments.without_optimum:
            raise ImportError
        result = export_with_optimum(arguments.model, arguments.output_dir)
    except ImportError:
        try:
            result = quantize_ours(arguments.model, arguments.output_dir)
        except ImportError as error:
            sys.exit(f"export_peer.py needs optimum-onnx, or onnx and onnxruntime: {error}")
    print(json.dumps(result))


if __name__ == "__main__":
    main()
