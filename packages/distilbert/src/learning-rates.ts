import type { DistilBertConfig } from './config.js';
import { EMBEDDINGS, layerPrefix } from './parameters.js';

/**
 * Factor of a parameter's learning rate: 1 for the head, and `decay` times less for each layer further down, embeddings the lowest
 * (Howard and Ruder 2018, "discriminative fine-tuning"; the form of ELECTRA's `layerwise_lr_decay`).
 */
export function learningRateFactor(config: DistilBertConfig, name: string, decay: number): number {
  return decay ** depthBelowHead(config, name);
}

function depthBelowHead({ n_layers: layers }: DistilBertConfig, name: string): number {
  if (name.startsWith(EMBEDDINGS)) return layers + 1;
  const layer = Array.from({ length: layers }, (_, index) => index).find((index) =>
    name.startsWith(`${layerPrefix(index)}.`),
  );
  return layer === undefined ? 0 : layers - layer;
}
