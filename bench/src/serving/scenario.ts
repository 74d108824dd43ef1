import { markdownTable } from '../markdown-table.js';
import type { ShapeName } from '../shapes.js';
import type { ServedReviews } from './served-reviews.js';
import type { ServingModels } from './serving-models.js';

/** What the command line asked for, and what every scenario shares. */
export interface BenchContext {
  /** Turns of each contender. */
  readonly pairs: number;
  /** About how long a turn takes. */
  readonly seconds: number;
  readonly shapes: readonly ShapeName[];
  /** With fastapi, uvicorn, torch, transformers and optimum-onnx. */
  readonly python: string | undefined;
  /** Folder of the artifact that ships, or of the one given instead. */
  readonly model: string;
  /** A folder of a trained DistilBERT for FastAPI + PyTorch; random weights stand in for it otherwise. */
  readonly distilbert: string | undefined;
  readonly reviews: ServedReviews;
  readonly models: ServingModels;
  /** Divides the length of what lasts minutes: 1 for figures, more to try a scenario out. */
  readonly hurry: number;
  /** For logs and models; gone afterwards. */
  readonly dir: string;
  /** Why turns were measured again. */
  readonly disturbances: string[];
  /** Tells who waits. */
  readonly say: (progress: string) => void;
}

/** A claim, what came out, and whether that is what was to be reached. */
export interface Finding {
  readonly what: string;
  readonly measured: string;
  readonly goal: string;
  readonly reached: boolean;
}

export interface ScenarioReport {
  readonly title: string;
  /** What was done, in a sentence or two. */
  readonly setting: string;
  /** In Markdown. */
  readonly tables: readonly string[];
  readonly findings: readonly Finding[];
}

export interface Scenario {
  readonly help: string;
  run(context: BenchContext): Promise<ScenarioReport>;
}

export const formatReport = ({ title, setting, tables, findings }: ScenarioReport): string =>
  [`### ${title}\n`, `${setting}\n`, ...tables, findingsTable(findings)].join('\n');

export function findingsTable(findings: readonly Finding[]): string {
  return markdownTable<Finding>(
    [
      { title: 'what', cell: ({ what }) => what },
      { title: 'measured', align: 'right', cell: ({ measured }) => measured },
      { title: 'goal', align: 'right', cell: ({ goal }) => goal },
      { title: '', cell: ({ reached }) => (reached ? 'reached' : '**not reached**') },
    ],
    findings,
  );
}
