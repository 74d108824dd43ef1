/** A piece of HTML, as opposed to text that is still to be escaped. */
export class Html {
  constructor(readonly source: string) {}
}

export type HtmlValue = Html | string | number | readonly HtmlValue[];

/** A template of HTML whose values are escaped, but for those that are HTML already. */
export function markup(parts: TemplateStringsArray, ...values: readonly HtmlValue[]): Html {
  const filled = parts.map((part, index) => (index === 0 ? part : toSource(values[index - 1] ?? '') + part));
  return new Html(filled.join(''));
}

function toSource(value: HtmlValue): string {
  if (value instanceof Html) return value.source;
  if (typeof value === 'object') return value.map(toSource).join('');
  return escape(String(value));
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

const escape = (text: string): string => text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? character);

/** A table whose first column names the rows. */
export function table(head: readonly string[], rows: readonly (readonly HtmlValue[])[]): Html {
  const headCells = head.map((name) => markup`<th scope="col">${name}</th>`);
  const body = rows.map(([name = '', ...cells]) => {
    return markup`<tr><th scope="row">${name}</th>${cells.map((cell) => markup`<td>${cell}</td>`)}</tr>\n`;
  });
  return markup`<div class="wide"><table>
<thead><tr>${headCells}</tr></thead>
<tbody>
${body}</tbody>
</table></div>
`;
}

/** An image that stands in the page itself. */
export function picture(png: Uint8Array, alternative: string): Html {
  const source = `data:image/png;base64,${Buffer.from(png).toString('base64')}`;
  return markup`<figure><img src="${source}" alt="${alternative}"></figure>\n`;
}
