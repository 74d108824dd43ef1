export interface Column<Row> {
  readonly title: string;
  readonly align?: 'left' | 'right';
  readonly cell: (row: Row) => string;
}

/** A Markdown table, padded so that it reads as text too. */
export function markdownTable<Row>(columns: readonly Column<Row>[], rows: readonly Row[]): string {
  const cells = [
    columns.map(({ title }) => title),
    ...rows.map((row) => columns.map(({ cell }) => escapeCell(cell(row)))),
  ];
  const widths = columns.map((_, i) => Math.max(3, ...cells.map((line) => line[i]?.length ?? 0)));
  const isRight = (i: number): boolean => columns[i]?.align === 'right';
  const pad = (text: string, i: number): string =>
    isRight(i) ? text.padStart(widths[i] ?? 0) : text.padEnd(widths[i] ?? 0);
  const rule = widths.map((width, i) => (isRight(i) ? `${'-'.repeat(width - 1)}:` : '-'.repeat(width)));
  const [head = [], ...body] = cells.map((line) => line.map(pad));
  return [head, rule, ...body].map((line) => `| ${line.join(' | ')} |\n`).join('');
}

const escapeCell = (text: string): string => text.replaceAll('|', '\\|');
