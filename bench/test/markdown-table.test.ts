import { describe, expect, it } from 'vitest';

import { markdownTable } from '../src/markdown-table.js';

describe('markdownTable', () => {
  it('pads cells and marks columns aligned to the right', () => {
    const table = markdownTable<[string, number]>(
      [
        { title: 'engine', cell: ([name]) => name },
        { title: 'n', align: 'right', cell: ([, value]) => String(value) },
      ],
      [
        ['ours', 7],
        ['a longer name', 12_345],
      ],
    );
    expect(table.split('\n')).toEqual([
      '| engine        |     n |',
      '| ------------- | ----: |',
      '| ours          |     7 |',
      '| a longer name | 12345 |',
      '',
    ]);
  });

  it('is only a head for no rows', () => {
    expect(markdownTable([{ title: 'x', cell: String }], [])).toBe('| x   |\n| --- |\n');
  });

  it('keeps a bar inside a cell from ending it', () => {
    expect(markdownTable<string>([{ title: 'abc', cell: (text) => text }], ['a|b'])).toContain('| a\\|b |');
  });
});
