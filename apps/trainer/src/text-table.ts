/** Rows under a header as aligned columns, two spaces apart; columns of numbers stand to the right. */
export function textTable(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [header, ...rows];
  const widths = header.map((_, column) => Math.max(...lines.map((cells) => (cells[column] ?? '').length)));
  const isNumeric = header.map((_, column) =>
    rows.every((cells) => /^(-?[\d.][\d.,:e+-]*)?$/.test(cells[column] ?? '')),
  );
  const pad = (text: string, column: number): string =>
    isNumeric[column] ? text.padStart(widths[column] ?? 0) : text.padEnd(widths[column] ?? 0);
  return lines.map((cells) => `${cells.map(pad).join('  ').trimEnd()}\n`).join('');
}
