import type { Priority } from './inference-service.js';

/** A waiting batch item is taken after at most so many singles. */
export const MAX_SINGLES_BEFORE_BATCH = 8;

export interface QueuedTask {
  readonly priority: Priority;
  readonly tokens: number;
}

/**
 * Two lanes: singles go first, each lane in the order of arrival, and a waiting batch item after at most eight singles. What
 * comes back, because its process died, goes before both.
 */
export class FairQueue<Task extends QueuedTask> {
  readonly #lanes: Readonly<Record<Priority, Task[]>> = { single: [], batch: [] };
  readonly #returned: Task[] = [];
  readonly #tokens: Record<Priority, number> = { single: 0, batch: 0 };
  #singlesSinceBatch = 0;

  get size(): number {
    return this.#returned.length + this.#lanes.single.length + this.#lanes.batch.length;
  }

  sizeOf(priority: Priority): number {
    return this.#lanes[priority].length + this.#returned.filter((task) => task.priority === priority).length;
  }

  tokensOf(priority: Priority): number {
    return this.#tokens[priority];
  }

  push(task: Task): void {
    this.#lanes[task.priority].push(task);
    this.#tokens[task.priority] += task.tokens;
  }

  /** Puts back a task that was taken. */
  giveBack(task: Task): void {
    this.#returned.push(task);
    this.#tokens[task.priority] += task.tokens;
  }

  shift(): Task | undefined {
    const task = this.#returned.shift() ?? this.#nextLane().shift();
    if (task !== undefined) this.#tokens[task.priority] -= task.tokens;
    return task;
  }

  removeIf(isUnwanted: (task: Task) => boolean): void {
    for (const tasks of [this.#returned, this.#lanes.single, this.#lanes.batch]) {
      const kept = tasks.filter((task) => {
        if (!isUnwanted(task)) return true;
        this.#tokens[task.priority] -= task.tokens;
        return false;
      });
      tasks.splice(0, tasks.length, ...kept);
    }
  }

  #nextLane(): Task[] {
    const { single, batch } = this.#lanes;
    const isBatchDue = single.length === 0 || this.#singlesSinceBatch >= MAX_SINGLES_BEFORE_BATCH;
    if (batch.length > 0 && !isBatchDue) {
      this.#singlesSinceBatch++;
      return single;
    }
    this.#singlesSinceBatch = 0;
    return batch.length > 0 ? batch : single;
  }
}
