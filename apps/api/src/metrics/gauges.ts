import { Gauge } from 'prom-client';
import type { Counter, Registry } from 'prom-client';
import { SENTIMENTS } from '@marquee/contracts';
import type { InferenceService } from '../inference/inference-service.js';

interface Watch {
  readonly registry: Registry;
  /** Is there at 0 for each label of a model, as soon as the model is. */
  readonly predictions: Counter<'version' | 'label'>;
}

interface GaugeSpec {
  readonly name: string;
  readonly help: string;
  readonly read: (inference: InferenceService) => number;
}

const GAUGES: readonly GaugeSpec[] = [
  {
    name: 'marquee_queue_tokens',
    help: 'Tokens that wait for a process, estimated where a review is not tokenized yet.',
    read: ({ stats }) => stats.queuedTokens,
  },
  {
    name: 'marquee_queue_estimated_wait_seconds',
    help: 'How long a single review would wait that came now.',
    read: ({ stats }) => stats.estimatedWaitMs / 1000,
  },
  {
    name: 'marquee_inference_processes',
    help: 'Processes that hold the model and take work.',
    read: ({ stats }) => stats.processes,
  },
  {
    name: 'marquee_ready',
    help: '1 when a prediction would be answered, else 0.',
    read: ({ unreadiness }) => (unreadiness === undefined ? 1 : 0),
  },
];

/** Gauges that are read from the service at each scrape. */
export function watchInference(inference: InferenceService, { registry, predictions }: Watch): void {
  const registers = [registry];
  for (const { name, help, read } of GAUGES) addGauge(registry, { name, help }, () => read(inference));
  new Gauge({
    name: 'marquee_queue_reviews',
    help: 'Reviews that wait for a process, by priority.',
    labelNames: ['priority'],
    registers,
    collect() {
      for (const [priority, count] of Object.entries(inference.stats.queuedReviews)) this.set({ priority }, count);
    },
  });
  new Gauge({
    name: 'marquee_model_info',
    help: 'The model that answers, as labels; the value is 1.',
    labelNames: ['version', 'kind', 'model_type', 'device', 'graph', 'runtime'],
    registers,
    collect() {
      this.reset();
      const { model } = inference;
      if (model === undefined) return;
      const { version, device, info } = model;
      const { kind, modelType: model_type, graph = 'none', runtimeVersion: runtime } = info;
      this.set({ version, kind, model_type, device, graph, runtime }, 1);
      for (const label of SENTIMENTS) predictions.inc({ version, label }, 0);
    },
  });
}

/** When the certificate that new connections see is over: what renews it may have failed long before. */
export function watchCertificate(certificate: { readonly validUntil: Date }, registry: Registry): void {
  const name = 'marquee_tls_certificate_expiration_timestamp_seconds';
  const help = 'Unix time at which the certificate that is served is no longer valid.';
  addGauge(registry, { name, help }, () => certificate.validUntil.getTime() / 1000);
}

function addGauge(registry: Registry, { name, help }: Pick<GaugeSpec, 'name' | 'help'>, read: () => number): void {
  new Gauge({
    name,
    help,
    registers: [registry],
    collect() {
      this.set(read());
    },
  });
}
