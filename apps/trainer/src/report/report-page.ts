import { Html, markup } from './html.js';

const STYLE = new Html(`
:root { color-scheme: light; --ink: #1f2328; --muted: #66707b; --line: #e6e8eb; --negative: #d55e00; --positive: #0072b2; }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 72rem; padding: 2rem 1.5rem 4rem; background: #fff; color: var(--ink);
  font: 16px/1.5 "IBM Plex Sans", system-ui, "Segoe UI", "Helvetica Neue", Arial, sans-serif; }
h1 { font-size: 1.9rem; line-height: 1.2; margin: 0 0 0.25rem; }
h2 { font-size: 1.35rem; margin: 3rem 0 0.75rem; padding-top: 1rem; border-top: 1px solid var(--line); }
h3 { font-size: 1.05rem; margin: 1.75rem 0 0.5rem; }
p { margin: 0.5rem 0; max-width: 46rem; }
.muted { color: var(--muted); }
.wide { overflow-x: auto; }
.wide + .wide { margin-top: 1rem; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: 0.92rem; }
th, td { padding: 0.32rem 1.4rem 0.32rem 0; text-align: right; border-bottom: 1px solid var(--line); vertical-align: baseline; }
th:first-child { text-align: left; font-weight: 400; }
td { white-space: nowrap; }
thead th, thead th:first-child { font-weight: 600; }
figure { margin: 1rem 0; }
img { display: block; width: 100%; height: auto; }
.columns { display: grid; grid-template-columns: repeat(auto-fit, minmax(20rem, 1fr)); gap: 0 3rem; }
.words { list-style: none; margin: 0; padding: 0; font-size: 0.92rem; }
.words li { display: grid; grid-template-columns: 8.5rem 1fr 3.2rem; gap: 0.6rem; align-items: center; padding: 0.08rem 0; }
.words .bar { height: 0.7rem; }
.words .z { text-align: right; font-variant-numeric: tabular-nums; color: var(--muted); }
.negative .bar { background: var(--negative); }
.positive .bar { background: var(--positive); }
@media print {
  @page { margin: 14mm; }
  body { max-width: none; padding: 0; font-size: 10.5pt; }
  h2, h3 { break-after: avoid; }
  .wide { overflow: visible; }
  table { font-size: 0.8rem; }
  figure, tr, .words li { break-inside: avoid; }
  .words .bar { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
}
`);

/** A page that needs nothing but itself: images and style stand inside, and nothing is fetched or run. */
export function renderPage(title: string, subtitle: string, sections: readonly Html[]): string {
  const policy = "default-src 'none'; img-src data:; style-src 'unsafe-inline'";
  return markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<title>${title}</title>
<style>${STYLE}</style>
</head>
<body>
<h1>${title}</h1>
<p class="muted">${subtitle}</p>
${sections}</body>
</html>
`.source;
}
