export { MODEL_CORE_ERROR_CODES, ModelCoreError, type ModelCoreErrorCode } from './errors.js';
export {
  createSession,
  missingCudaLibraries,
  runtimeVersion,
  type Session,
  type SessionDevice,
  type SessionFetches,
  type SessionOptions,
  Tensor,
  type TensorType,
} from './runtime.js';
export type { JsonObject, JsonValue } from './json.js';
export { createTokenizerJson } from './tokenizer-json.js';
export { createTokenizer, type EncodedReview, type ReviewTokenizer, type TokenizerOptions } from './tokenizer.js';
export { type Truncation, TRUNCATIONS, truncateIds } from './truncation.js';
export { type Artifact, readArtifact, type ReadArtifactOptions, readManifest, verifyArtifact } from './artifact.js';
export { parseManifest, writeManifest } from './manifest.js';
export {
  type BlendRule,
  DEFAULT_GOLDEN_TOLERANCE,
  type GoldenInput,
  type GoldenTolerance,
  LABELS,
  type Manifest,
  MANIFEST_FILE,
  MANIFEST_FORMAT_VERSION,
  type ManifestDraft,
  type ManifestFile,
  type ManifestOf,
  memberFile,
  memberFolder,
  type ModelKind,
  type Sentiment,
} from './manifest-format.js';
export {
  type Classifier,
  type ClassifierInfo,
  joinInfo,
  loadClassifier,
  loadTransformer,
  type TransformerClassifier,
} from './classifier.js';
export { loadPlanner, type ReviewPlanner } from './planner/planner.js';
export { checkGoldenInputs, type GoldenReport } from './golden-inputs.js';
export {
  type EngineRun,
  type GoldenRun,
  type PlannerInfo,
  type Prediction,
  type ReviewPlan,
  type Stage,
  STAGES,
} from './planner/review-plan.js';
export { LINEAR_FILE } from './planner/linear-planner.js';
export { type ClassifierOptions, type Engine, type EngineInfo, loadEngine } from './engine/engine.js';
export type { Int8Guard } from './engine/int8-guard.js';
export { type ExecutionPlan, type Graph, GRAPH_FILES } from './engine/execution-plan.js';
export { type Explainer, loadExplainer } from './explanation/explainer.js';
export {
  type ExplainOptions,
  type Explanation,
  EXPLANATION_METHODS,
  type ExplanationMethod,
  type WordAttribution,
} from './explanation/explanation.js';
export { SALIENCY_FILE } from './explanation/saliency-file.js';
export { ALLOWED_MICROSOFT_OPERATORS, checkGraph, type GraphExpectations } from './graph-policy.js';
export { softmax } from './softmax.js';
