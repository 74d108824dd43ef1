import { expect, test } from 'vitest';
import { FairQueue } from '../../src/inference/fair-queue.js';
import type { Priority } from '../../src/inference/inference-service.js';

interface Task {
  readonly name: string;
  readonly priority: Priority;
  readonly tokens: number;
}

const single = (name: string, tokens = 1): Task => ({ name, priority: 'single', tokens });
const batch = (name: string, tokens = 1): Task => ({ name, priority: 'batch', tokens });

function take(queue: FairQueue<Task>, count: number): string {
  return Array.from({ length: count }, () => queue.shift()?.name ?? '-').join(' ');
}

test('a queue gives singles before batch items, and each lane in the order of arrival', () => {
  const queue = new FairQueue<Task>();
  for (const task of [batch('b1'), single('s1'), batch('b2'), single('s2')]) queue.push(task);
  expect(take(queue, 5)).toBe('s1 s2 b1 b2 -');
});

test('a queue gives a waiting batch item after eight singles, and again after the next eight', () => {
  const queue = new FairQueue<Task>();
  for (let index = 1; index <= 20; index++) queue.push(single(`s${index}`));
  for (const name of ['b1', 'b2']) queue.push(batch(name));
  expect(take(queue, 22)).toBe('s1 s2 s3 s4 s5 s6 s7 s8 b1 s9 s10 s11 s12 s13 s14 s15 s16 b2 s17 s18 s19 s20');
});

test('a queue counts the eight singles from when a batch item waits', () => {
  const queue = new FairQueue<Task>();
  for (let index = 1; index <= 20; index++) queue.push(single(`s${index}`));
  expect(take(queue, 8)).toBe('s1 s2 s3 s4 s5 s6 s7 s8');
  queue.push(batch('b1'));
  expect(take(queue, 9)).toBe('s9 s10 s11 s12 s13 s14 s15 s16 b1');
});

test('a queue gives first what came back', () => {
  const queue = new FairQueue<Task>();
  queue.push(single('s1'));
  queue.giveBack(batch('b1'));
  expect(take(queue, 2)).toBe('b1 s1');
});

test('a queue counts the tokens of each lane, also of what comes back and of what is removed', () => {
  const queue = new FairQueue<Task>();
  for (const task of [single('s1', 3), single('s2', 5), batch('b1', 7)]) queue.push(task);
  queue.giveBack(single('s0', 11));
  expect([queue.tokensOf('single'), queue.tokensOf('batch'), queue.size]).toEqual([19, 7, 4]);
  queue.removeIf(({ name }) => name === 's1' || name === 'b1');
  expect([queue.tokensOf('single'), queue.tokensOf('batch'), queue.size]).toEqual([16, 0, 2]);
  expect(take(queue, 3)).toBe('s0 s2 -');
  expect([queue.tokensOf('single'), queue.sizeOf('single')]).toEqual([0, 0]);
});
