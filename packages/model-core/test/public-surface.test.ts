import { expect, it } from 'vitest';

import * as modelCore from '../src/index.js';

it('exports these names', () => {
  expect(Object.keys(modelCore).sort()).toMatchInlineSnapshot(`
    [
      "ALLOWED_MICROSOFT_OPERATORS",
      "DEFAULT_GOLDEN_TOLERANCE",
      "EXPLANATION_METHODS",
      "GRAPH_FILES",
      "LABELS",
      "LINEAR_FILE",
      "MANIFEST_FILE",
      "MANIFEST_FORMAT_VERSION",
      "MODEL_CORE_ERROR_CODES",
      "ModelCoreError",
      "SALIENCY_FILE",
      "STAGES",
      "TRUNCATIONS",
      "Tensor",
      "checkGoldenInputs",
      "checkGraph",
      "createSession",
      "createTokenizer",
      "createTokenizerJson",
      "joinInfo",
      "loadClassifier",
      "loadEngine",
      "loadExplainer",
      "loadPlanner",
      "loadTransformer",
      "memberFile",
      "memberFolder",
      "missingCudaLibraries",
      "parseManifest",
      "readArtifact",
      "readManifest",
      "runtimeVersion",
      "softmax",
      "truncateIds",
      "verifyArtifact",
      "writeManifest",
    ]
  `);
});
