/** A transformer's gradients for explanations, without its weights: they are fed from `model.safetensors`. */
export const SALIENCY_FILE = 'onnx/saliency.onnx';
