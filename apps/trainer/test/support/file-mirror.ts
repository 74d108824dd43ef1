import type { RunMirror } from '../../src/tracking/record-run.js';

/** A mirror that keeps the names of the files that the last run showed it, in order. */
export interface FileMirror extends RunMirror {
  readonly names: readonly string[];
}

export function createFileMirror(): FileMirror {
  let names: readonly string[] = [];
  return {
    get names() {
      return names;
    },
    begin: () => undefined,
    log: () => undefined,
    end(_record, files) {
      names = files.map(({ name }) => name).sort();
      return Promise.resolve();
    },
  };
}
