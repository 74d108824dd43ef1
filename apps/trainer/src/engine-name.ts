import type { Graph, ModelKind } from '@marquee/model-core';

/** What answered, in reports: `int8` or `fp32` for a transformer, else `linear`, `blend int8`, `cascade int8`. */
export const engineName = ({ kind, graph }: { readonly kind: ModelKind; readonly graph?: Graph | undefined }): string =>
  [kind === 'transformer' ? undefined : kind, graph].filter((part) => part !== undefined).join(' ');
