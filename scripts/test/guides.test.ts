import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { root } from '../root.mjs';

const documents = readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' }).map((path) =>
  join('docs', path),
);
const readmes = ['data', ...readdirSync(join(root, 'packages')).map((name) => join('packages', name))]
  .map((folder) => join(folder, 'README.md'))
  .filter((path) => existsSync(join(root, path)));
const guides = ['README.md', ...readmes, ...documents.filter((path) => path.endsWith('.md'))];
const read = (path: string): string => readFileSync(join(root, path), 'utf8');

/** Fragments of headings, as GitHub makes them. */
const anchorsOf = (markdown: string): string[] =>
  [...markdown.matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );

describe('the guides', () => {
  it('link to files and headings that are there', () => {
    expect(guides).toContain('docs/serving.md');
    const dead = guides.flatMap((guide) =>
      [...read(guide).matchAll(/\]\((?!https?:)([^)\s#]*)(?:#([^)\s]*))?\)/g)]
        .filter(([, path = '', anchor]) => {
          const target = path === '' ? guide : join(dirname(guide), path);
          return !existsSync(join(root, target)) || (anchor && !anchorsOf(read(target)).includes(anchor));
        })
        .map(([link]) => `${guide}: ${link}`),
    );
    expect(dead).toEqual([]);
  });

  it('name npm scripts that there are', () => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
    const named = guides.flatMap((guide) => [...read(guide).matchAll(/npm run (?:--silent )?([a-z][a-z:]*)/g)]);
    const names = new Set(named.map(([, name = '']) => name));
    expect(names.size).toBeGreaterThan(15);
    for (const name of names) expect(Object.keys(scripts)).toContain(name);
  });
});
