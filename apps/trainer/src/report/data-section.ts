import type { CopyCount, SeparatingWord, SeparatingWords } from '@marquee/dataset';

import { formatCount, formatPercent } from '../pictures/format.js';
import type { Exploration } from './exploration.js';
import { type Html, markup, picture, table } from './html.js';

/** What the reviews are like: balance, lengths, copies, and the words that separate the classes. */
export function dataSection(exploration: Exploration, explorationPng: Uint8Array): Html {
  return markup`<section>
<h2>Data</h2>
${balanceTable(exploration)}
${picture(explorationPng, 'Sentiment counts, length by sentiment, words, and tokens with the cut')}
<h3>Lengths</h3>
${lengthTable(exploration)}
<h3>Copies</h3>
<p>Equal reviews differ in white space and line breaks at most, nearly equal ones in a few words. Surplus copies are those beyond the first.</p>
${copyTable(exploration)}${overlapTable(exploration)}
<h3>Oddities</h3>
${oddityTable(exploration)}
<h3>Words that separate the classes</h3>
<p>z-score of the log-odds ratio with an informative Dirichlet prior (Monroe, Colaresi and Quinn 2008), in the ${exploration.parts[0]?.name ?? ''}
reviews: the score of a word of no tendency lies between −1.96 and 1.96 nineteen times of twenty.</p>
${wordLists(exploration.words)}</section>
`;
}

/** The parts as they will be used, which need not be the files as they were read. */
function balanceTable({ parts }: Exploration): Html {
  const rows = parts.map(({ name, reviews }) => {
    const positives = reviews.filter(({ label }) => label === 1).length;
    const share = reviews.length === 0 ? '–' : formatPercent(positives / reviews.length);
    return [name, formatCount(reviews.length), formatCount(reviews.length - positives), formatCount(positives), share];
  });
  return table(['part', 'reviews', 'negative', 'positive', 'share of positive'], rows);
}

function lengthTable({ report }: Exploration): Html {
  const rows = Object.entries(report.parts).flatMap(([name, { lengths }]) =>
    Object.entries(lengths).map(([unit, { least, median, mean, p90, p99, most }]) => {
      return [`${name}, ${unit}`, ...[least, median, mean, p90, p99, most].map(formatCount)];
    }),
  );
  return table(['', 'least', 'median', 'mean', '90 %', '99 %', 'most'], rows);
}

function copyTable({ report }: Exploration): Html {
  const show = ({ groups, surplus }: CopyCount): string =>
    groups === 0 ? 'none' : `${formatCount(surplus)} in ${formatCount(groups)} groups`;
  const rows = Object.entries(report.parts).map(([name, { copies, conflicts }]) => {
    const { identical, equal, near } = copies;
    return [name, show(identical), show(equal), show(near), formatCount(conflicts.near)];
  });
  return table(['surplus copies', 'identical', 'equal', 'equal or nearly equal', 'groups of different labels'], rows);
}

function overlapTable({ report }: Exploration): Html {
  if (report.overlaps.length === 0) return markup`<p>No review stands in two files.</p>\n`;
  const rows = report.overlaps.map(({ parts: [first, second], identical, equal, near }) => {
    return [`${first} and ${second}`, formatCount(identical), formatCount(equal), formatCount(near)];
  });
  return table(['reviews that stand in both', 'identical', 'equal', 'equal or nearly equal'], rows);
}

function oddityTable({ report }: Exploration): Html {
  const rows = Object.entries(report.parts).map(([name, { html: tags, empty, withoutWords, characters }]) => {
    const { nonAscii, control, replacement, mojibake, invisible } = characters;
    const counts = [empty.rows, withoutWords, nonAscii, control, replacement, mojibake, invisible].map(formatCount);
    return [name, `${formatCount(tags.rows)} (${formatPercent(tags.share)})`, ...counts];
  });
  const kinds = [
    'HTML',
    'no text',
    'no word',
    'beyond ASCII',
    'control characters',
    'not decoded',
    'decoded wrongly',
    'invisible',
  ];
  return table(['reviews with', ...kinds], rows);
}

function wordLists({ negative, positive }: SeparatingWords): Html {
  const strongest = Math.max(0, ...[...negative, ...positive].map(({ z }) => Math.abs(z)));
  if (strongest === 0) return markup`<p>Too few reviews to tell.</p>\n`;
  const item = ({ word, z }: SeparatingWord): Html => {
    const bar = markup`<span class="bar" style="width: ${((100 * Math.abs(z)) / strongest).toFixed(1)}%"></span>`;
    return markup`<li><span>${word}</span>${bar}<span class="z">${z.toFixed(1).replace('-', '−')}</span></li>\n`;
  };
  const list = (name: string, words: readonly SeparatingWord[]): Html =>
    markup`<div class="${name}"><h4>${name}</h4>\n<ol class="words">\n${words.map(item)}</ol></div>\n`;
  return markup`<div class="columns">\n${list('negative', negative)}${list('positive', positive)}</div>\n`;
}
