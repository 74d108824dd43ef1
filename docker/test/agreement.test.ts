import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { PNPM } from '../../scripts/fingerprint.mjs';
import { root } from '../../scripts/root.mjs';

function read(path: string): string {
  return readFileSync(join(root, path), 'utf8');
}

function numberIn(path: string, pattern: RegExp): number {
  return Number(pattern.exec(read(path))?.[1]);
}

/** Time that the server gives the work in hand when it is told to end. */
const DRAIN_S = numberIn('apps/api/src/settings.ts', /'MARQUEE_DRAIN_TIMEOUT_MS',[^}]*fallback: '(\d+)'/) / 1000;

describe('the images', () => {
  it.each(['docker/Dockerfile', 'docker/Dockerfile.cuda'])('%s installs with the pnpm that npm scripts use', (path) => {
    const versions = [...read(path).matchAll(/\bpnpm@[\d.]+/g)].map(([version]) => version);
    expect(new Set(versions)).toEqual(new Set([PNPM]));
  });

  it.each(['docker/Dockerfile', 'docker/Dockerfile.cuda'])('%s takes no file with the mode of its context', (path) => {
    const stages = read(path).split(/^(?=FROM )/m);
    const copies = [...(stages.at(-1) ?? '').matchAll(/^COPY (?:--from=(\w+))?/gm)];
    expect(copies.length).toBeGreaterThan(2);
    for (const [, name] of copies) {
      const from = stages.find((stage) => stage.split('\n')[0]?.endsWith(` AS ${name}`));
      expect(from).toMatch(/chmod -R a\+rX|install -D -m 644|^FROM marquee:/);
    }
  });
});

describe('the autoscaler', () => {
  it('looks at what is refused and at what waits, and the guide has the rules that serve them', () => {
    const namesIn = (path: string, pattern: RegExp): string[] =>
      [...read(path).matchAll(pattern)].map(([, name = '']) => name);
    const metrics = ['marquee_queue_refusals_per_second', 'marquee_queue_reviews'];
    expect(namesIn('docker/kubernetes/autoscaler.yaml', /metric:\n +name: (\w+)/g)).toEqual(metrics);
    expect(namesIn('docs/deployment.md', /name: \{ as: (\w+) \}/g)).toEqual(metrics);
  });
});

describe('a container that is told to stop', () => {
  it('has 10 s more than a drain takes before compose kills it', () => {
    expect(numberIn('compose.yaml', /stop_grace_period: (\d+)s/)).toBeGreaterThanOrEqual(DRAIN_S + 10);
  });

  it('has 5 s more than preStop and a drain take before Kubernetes kills it', () => {
    const path = 'docker/kubernetes/deployment.yaml';
    const preStop = numberIn(path, /preStop:[^]*?seconds: (\d+)/);
    expect(numberIn(path, /terminationGracePeriodSeconds: (\d+)/)).toBeGreaterThanOrEqual(preStop + DRAIN_S + 5);
  });
});
