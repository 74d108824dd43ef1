// Writes sample.csv and sample-test.csv: synthetic reviews, so that training can be tried without any data of others.
//   node data/make-samples.mjs [FOLDER]
// Every phrase below was written for this project; films and people are invented. The seed is fixed: the files can be made again, byte for byte.
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const SEED = 20_240_607;
const FILES = [
  { name: 'sample.csv', rows: 400 },
  { name: 'sample-test.csv', rows: 100 },
];
const WORDS = { min: 20, max: 150 };

/** Symbols shared by both sentiments; `{name}` stands for one alternative of the symbol. */
const COMMON = {
  film: [
    'The Lantern Keeper',
    'Salt and Copper',
    'Midnight at Harrow Lane',
    'Paper Harbor',
    'The Ninth Orchard',
    'Borrowed Thunder',
    'A Room Full of Clocks',
    'Kestrel Down',
    'The Quiet Auction',
    'Ghosts of Pier Eleven',
    'Été sans fin',
    'Snowblind Junction',
    'Mother of Pearl Street',
    'The Last Ferryman',
    'Ærø Light',
    'Low Tide Waltz',
    'Three Keys for Marla',
    'Señor Nadie',
    'Gravel',
    'Every Other Sunday',
    'The Cartographer',
    'Hollow Crown County',
    'Blue Bicycle',
    'Static Bloom',
    'Winterkill Road',
  ],
  lead: [
    'Ines Halloran',
    'Tomas Veld',
    'Ruth Okonjo-Bell',
    'Marcus Thrane',
    'Delphine Arceneaux',
    'Jun Takemori',
    'Olga Brandt',
    'Peter Nwosu',
    'Saoirse Kell',
    'Björn Lindqvist',
    'Anita Castellanos',
    'Wen Li',
    'Gideon Frost',
    'Zoë Marchetti',
    'Harriet Pell',
  ],
  director: [
    'Lucía Ferrante',
    'Abel Norgaard',
    'Simone Whitlock',
    'Kofi Mensah-Grey',
    'Hana Dvořák',
    'Elias Roth',
    'Margit Sandoval',
    'Dev Raman',
    'Colette Brisbane',
    'Yuki Aldous',
  ],
  genre: [
    'thriller',
    'family drama',
    'comedy',
    'ghost story',
    'western',
    'heist film',
    'romance',
    'science-fiction picture',
    'road movie',
    'courtroom drama',
    'musical',
    'war film',
    'detective story',
    'coming-of-age tale',
  ],
  hero: [
    'a retired clockmaker',
    'two sisters who have not spoken in years',
    'a night-shift nurse',
    'an insurance clerk with a secret',
    'a widowed ferry captain',
    'a teenage chess player',
    'a disgraced violinist',
    'a small-town sheriff',
    'the last tenant of a condemned house',
    'a translator at a murder trial',
    'a failed magician',
    'three brothers who inherit a vineyard',
  ],
  trouble: [
    'finds a letter that was never meant to be read',
    'must drive across the country before the first snow',
    'takes in a stranger during a storm',
    'is blamed for a fire',
    'discovers that the bank has already been robbed',
    'agrees to one last job',
    'returns home for a funeral',
    'starts hearing music through the walls',
    'wakes up on a train with no name',
    'has one weekend to save the town theater',
  ],
  occasion: [
    'on a rainy Tuesday',
    'at a small festival last fall',
    'on late-night television',
    'with my parents',
    'on a long flight',
    'because a friend lent me the disc',
    'with a full house on opening night',
    'after reading the novel',
    'with two bored teenagers',
    'for the third time this year',
    'without knowing anything about it',
  ],
  neutral: [
    'The story follows {hero} who {trouble}.',
    'It is a {genre} set in the {decade}, shot mostly in {place}.',
    'I watched it {occasion}.',
    '{lead} plays {hero}, and {lead} plays the neighbor who knows too much.',
    'It runs a little under {runtime}.',
    'The premise: {hero} {trouble}. The rest I will not give away.',
    '{director} also wrote the script, which is based on a short story.',
    'My brother and I saw it {occasion}.',
    'This is the second {genre} by {director} I have seen.',
    'Most of it takes place in {place} over a single {span}.',
  ],
  subject: [
    'the plot',
    'the script',
    'the acting',
    'the pacing',
    'the camera work',
    'the music',
    'the dialogue',
    'the humor',
    'the editing',
    'the production design',
    'the opening half hour',
    'the final act',
    'the love story',
    'the villain',
    'the central mystery',
    'the middle stretch',
    'the lighting',
    'the climax',
    'the lead performance',
    'the mood',
    'the way it handles grief',
    'the dream sequence',
    'the voice-over',
    'the first meeting between {lead} and {lead}',
    'the long scene in {place}',
    'everything about {lead}',
  ],
  aside: [
    ', which is rare for a {genre}',
    ', and I have seen a lot of films like this',
    ', at least to my eyes',
    ', and my {relative} agreed',
    ', even on a small screen',
    ' from the first scene to the last',
    ', no matter what the critics say',
    ', and that is mostly down to {director}',
    ', especially in the scenes set in {place}',
    ', and I watched it {occasion}',
    ', more so than in anything else by {director}',
    '',
  ],
  composed: [
    '{subject} {verb}{aside}.',
    '{subject} {verb}{aside}.',
    '{subject} {verb}, and {subject} {verb}.',
    '{link}: {subject} {verb}{aside}.',
    '{subject} {verb}; {subject} {verb}.',
    '{subject} {verb} – {subject} too, come to think of it{aside}.',
    'I have to say that {subject} {verb}{aside}.',
    'My {relative} thought that {subject} {verb}, and I could not agree more.',
  ],
  relative: ['wife', 'husband', 'sister', 'grandfather', 'best friend', 'roommate', 'mother', 'teenage son'],
  link: [
    'For me',
    'Above all',
    'To be honest',
    'On top of that',
    'And then there is this',
    'If you ask me',
    'Strangely',
    'As for the rest',
  ],
  decade: ['fifties', 'seventies', 'late eighties', 'nineties', 'near future', 'thirties'],
  place: [
    'Lisbon',
    'a fishing village',
    'northern Ontario',
    'a closed-down mall',
    'Kraków',
    'the desert',
    'one apartment',
    'Valparaíso',
    'a lighthouse',
  ],
  runtime: ['ninety minutes', 'two hours', 'two and a half hours', '100 minutes'],
  span: ['night', 'weekend', 'summer', 'week'],
  viewer: [
    'anyone who likes a good {genre}',
    'your whole family',
    'fans of {director}',
    'a quiet evening',
    'people who think they hate a {genre}',
  ],
};

const POSITIVE = {
  opening: [
    'What a {joy} {film} turned out to be!',
    '{film} is {superb}, and I do not say that lightly.',
    'I went into {film} expecting little and came out {moved}.',
    'Every once in a while a {genre} comes along that reminds me why I love the movies; {film} is one of them.',
    'I cannot stop thinking about "{film}".',
    '{director} has done it again: {film} is {superb}.',
    'Hands down the best {genre} I have seen in years.',
    'If you only see one {genre} this year, make it {film}.',
    '"{film}" had me from the very first shot.',
    'Finally, a {genre} that trusts its audience!',
    'I have now watched {film} twice, and it was even better the second time.',
    "Don't let the poster fool you – {film} is a {joy}.",
  ],
  joy: ['delight', 'treasure', 'wonderful surprise', 'gem', 'little miracle', 'triumph'],
  superb: [
    'superb',
    'a masterpiece',
    'absolutely terrific',
    'close to perfect',
    'brilliant from start to finish',
    'one of the finest films I know',
    'simply marvelous',
  ],
  moved: [
    'grinning from ear to ear',
    'deeply moved',
    'completely won over',
    'in happy tears',
    'wanting to see it again at once',
    'thoroughly impressed',
  ],
  verb: [
    'is {fine}',
    'works like a charm',
    'kept me on the edge of my seat',
    'is better than it has any right to be',
    'won me over',
    'never puts a foot wrong',
    'feels fresh and alive',
    'is handled with real tenderness',
    'made me smile',
    'is pure pleasure',
    'surprised me in the best way',
    'hits every note',
    'gave me chills',
    'is rich in detail',
    'is a lesson in how it should be done',
    'moved me more than I expected',
    'shines',
    'is full of life',
    'has charm to spare',
    'rewards a second look',
  ],
  point: [
    '{lead} gives a {fine} performance, {bonus}.',
    'The chemistry between {lead} and {lead} is {fine}.',
    'The script is {sharp}, and the dialogue sounds like people actually talking.',
    'I laughed out loud {often}, and the jokes never come at the expense of the characters.',
    'The photography is gorgeous; {place} has never looked so alive.',
    'The score is {fine} and stays with you for days.',
    'Not a minute is wasted: the pacing is tight and the tension builds beautifully.',
    'The ending is earned, surprising and quietly devastating – I loved it.',
    'Even the smallest supporting part is cast with care and played with warmth.',
    '{director} directs with a confident, generous hand.',
    'There is a scene at a kitchen table that is worth the price of admission alone.',
    'The twist caught me off guard and, better still, makes the whole story richer.',
    'It is smart without being smug and touching without being sentimental.',
    'I cared about every one of these people.',
    'The costumes and sets are a feast for the eyes.',
    'The editing is crisp, and the final act is a knockout.',
    '{lead} should win every award there is.',
    'For once the children in a film feel real, and they are hilarious.',
    'The sound design alone gave me goosebumps.',
    '"You can\'t row a boat with a key," says {lead}, and the whole theater roared with joy.',
  ],
  fine: ['wonderful', 'magnetic', 'heartfelt', 'beautiful', 'electric', 'stunning', 'note-perfect', 'unforgettable'],
  bonus: [
    'funny and heartbreaking at once',
    'full of small, truthful details',
    'easily a career best',
    'and lights up every scene',
    'subtle where others would shout',
  ],
  sharp: [
    'razor sharp',
    'witty and humane',
    'a joy to listen to',
    'clever without showing off',
    'beautifully structured',
  ],
  often: ['more than once', 'at least a dozen times', 'until my sides hurt', 'all the way through'],
  concession: [
    'Sure, the middle drags for five minutes, but it hardly matters.',
    'The title is awful; the film is anything but.',
    'Some will call it slow. I call it patient, and I was riveted.',
    'A couple of the effects look cheap, yet the story is so strong that I forgave them at once.',
    'I was worried by the bad reviews, and they could not be more wrong.',
    'It is not flawless, but its heart is so big that I did not mind.',
  ],
  verdict: [
    'Highly recommended for {viewer}.',
    'Do yourself a favor and see it.',
    'I loved every minute. {rating}',
    'It deserves a far bigger audience. {rating}',
    'A must-see!',
    'I will be buying a copy for {viewer}.',
    'Bravo to everyone involved.',
    'One of the best nights I have had at the movies. {rating}',
    'Go and see it with someone you love ❤',
    'Simply great. {rating}',
    'I cannot praise it enough.',
  ],
  rating: ['9/10.', '10 out of 10!', 'Five stars.', 'A solid 8/10.', '★★★★★', 'Ten stars from me.'],
};

const NEGATIVE = {
  opening: [
    'What a {letdown} {film} turned out to be.',
    '{film} is {awful}, and I do not say that lightly.',
    'I went into {film} with high hopes and came out {annoyed}.',
    'Every once in a while a {genre} comes along that makes me want my money back; {film} is one of them.',
    'I am still trying to forget "{film}".',
    '{director} has done it again: {film} is {awful}.',
    'Easily the worst {genre} I have sat through in years.',
    'If you skip only one {genre} this year, make it {film}.',
    '"{film}" lost me in the very first scene and never got me back.',
    'Yet another {genre} that treats its audience like fools.',
    'I tried to watch {film} twice and fell asleep both times.',
    "Don't let the lovely poster fool you – {film} is a {letdown}.",
  ],
  letdown: ['disappointment', 'mess', 'waste of time', 'slog', 'complete bore', 'disaster'],
  awful: [
    'dreadful',
    'a disaster',
    'painfully dull',
    'close to unwatchable',
    'a mess from start to finish',
    'one of the laziest films I know',
    'simply terrible',
  ],
  annoyed: [
    'checking my watch',
    'deeply annoyed',
    'completely baffled',
    'with a headache',
    'wishing I had stayed home',
    'thoroughly bored',
  ],
  verb: [
    'is {weak}',
    'does not work at all',
    'put me to sleep',
    'is even worse than it sounds',
    'lost me',
    'stumbles at every turn',
    'feels stale and tired',
    'is handled with no care whatsoever',
    'made me cringe',
    'is pure tedium',
    'let me down badly',
    'misses every note',
    'got on my nerves',
    'is full of mistakes',
    'is a lesson in how not to do it',
    'left me cold',
    'falls flat',
    'is painfully thin',
    'has nothing to offer',
    'is an insult to the audience',
  ],
  point: [
    '{lead} gives a {weak} performance, {malus}.',
    'There is no chemistry at all between {lead} and {lead}.',
    'The script is {clumsy}, and the dialogue sounds like it was written by a committee.',
    'I did not laugh {never}, and most of the jokes are plain mean.',
    'The photography is murky; {place} has never looked so drab.',
    'The score is {weak} and drowns out what little there is to hear.',
    'Half an hour could go and nobody would notice: the pacing is dead and there is no tension.',
    'The ending is ridiculous, comes out of nowhere and insults the viewer.',
    'The supporting cast is wasted on stock characters and tired clichés.',
    '{director} directs as if half asleep.',
    'There is a scene at a kitchen table that seems to last a week.',
    'The twist is obvious after ten minutes and, worse still, makes no sense.',
    'It is smug without being smart and sentimental without being touching.',
    'I could not have cared less about any of these people.',
    'The costumes and sets look like leftovers from a school play.',
    'The editing is choppy, and the final act falls apart.',
    '{lead} should fire whoever picked this part.',
    'The children are unbearable, and so are the grown-ups.',
    'The sound is so bad that I missed half of it, which may be a blessing.',
    '"You can\'t row a boat with a key," says {lead}, and the whole theater groaned.',
  ],
  weak: ['wooden', 'lifeless', 'embarrassing', 'grating', 'forgettable', 'phoned-in', 'one-note', 'hopelessly flat'],
  malus: [
    'neither funny nor sad',
    'full of shouting and empty gestures',
    'easily a career low',
    'and drains every scene of life',
    'loud where others would be subtle',
  ],
  clumsy: [
    'clumsy and predictable',
    'full of holes',
    'a chore to listen to',
    'clever only in its own opinion',
    'a pile of loose ends',
  ],
  never: ['even once', 'a single time', 'in the whole two hours', 'at anything I was meant to laugh at'],
  concession: [
    'Sure, the first five minutes are pretty, but it goes downhill fast.',
    'The title is great; the film is anything but.',
    'Some will call it patient. I call it boring, and I nearly walked out.',
    'A couple of the effects look good, yet the story is so weak that nothing could save it.',
    'I was misled by the glowing reviews, and they could not be more wrong.',
    'The cast has talent, but nobody gives them anything to do.',
  ],
  verdict: [
    'I would not recommend it to {viewer}.',
    'Do yourself a favor and avoid it.',
    'I regretted every minute. {rating}',
    'How this got made I will never understand. {rating}',
    'Stay away!',
    'I want those hours of my life back.',
    'Shame on everyone involved.',
    'One of the worst nights I have had at the movies. {rating}',
    'Save your money 👎',
    'Simply bad. {rating}',
    'I cannot warn you enough.',
  ],
  rating: ['2/10.', '1 out of 10.', 'One star, and that is generous.', 'A weak 3/10.', '★☆☆☆☆', 'Zero stars from me.'],
};

/** A 32-bit generator (mulberry32): returns a function for numbers in [0, 1). */
function createRandom(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Expands symbols so that one review uses no alternative twice; its film, director and genre stay the same throughout. */
function createExpander(grammar, random) {
  const used = new Set();
  const fixed = new Map();
  const pick = (symbol) => {
    const fresh = grammar[symbol].filter((alternative) => !used.has(alternative));
    const pool = fresh.length > 0 ? fresh : grammar[symbol];
    const alternative = pool[Math.floor(random() * pool.length)];
    used.add(alternative);
    return alternative;
  };
  return function expand(symbol) {
    if (fixed.has(symbol)) return fixed.get(symbol);
    const text = pick(symbol).replace(/\{(\w+)\}/g, (_, inner) => expand(inner));
    if (['film', 'director', 'genre'].includes(symbol)) fixed.set(symbol, text);
    return text;
  };
}

function makeReview(isPositive, random) {
  const expand = createExpander({ ...COMMON, ...(isPositive ? POSITIVE : NEGATIVE) }, random);
  const middle = Array.from({ length: 1 + Math.floor(random() * 6) }, () =>
    expand(random() < 0.65 ? 'composed' : 'point'),
  );
  if (random() < 0.75) middle.splice(Math.floor(random() * 2), 0, expand('neutral'));
  if (random() < 0.3) middle.splice(Math.floor(random() * middle.length), 0, expand('neutral'));
  if (random() < 0.35) middle.splice(Math.ceil(random() * middle.length), 0, expand('concession'));
  const sentences = [
    ...(random() < 0.9 ? [expand('opening')] : []),
    ...middle,
    ...(random() < 0.85 ? [expand('verdict')] : []),
  ];
  return joinSentences(sentences, random).replace(/\b([Aa]) (?=(?!one)[aeioAEIO]|un[^i])/g, '$1n ');
}

/** Breaks paragraphs as people do on a web page: mostly `<br />`, at times a newline, often not at all. */
function joinSentences(sentences, random) {
  const draw = random();
  const paragraphBreak = draw < 0.5 ? '<br /><br />' : draw < 0.6 ? '\n\n' : draw < 0.65 ? '<br />' : ' ';
  const style = random();
  const capitalized = sentences.map((sentence) => sentence.charAt(0).toUpperCase() + sentence.slice(1));
  const text = capitalized.reduce((soFar, sentence) => soFar + (random() < 0.35 ? paragraphBreak : ' ') + sentence);
  if (style < 0.06) return text.toLowerCase();
  return style < 0.12 ? text.replaceAll('.', '...') : text;
}

function makeReviews(count, random, seen) {
  const reviews = [];
  while (reviews.length < count) {
    const isPositive = reviews.length % 2 === 0;
    const text = makeReview(isPositive, random);
    const words = text.replaceAll('<br />', ' ').trim().split(/\s+/).length;
    const key = text.replaceAll('<br />', ' ').replace(/\s+/g, ' ').toLowerCase();
    if (words < WORDS.min || words > WORDS.max || seen.has(key)) continue;
    seen.add(key);
    reviews.push({ text, sentiment: isPositive ? 'positive' : 'negative', order: random() });
  }
  return reviews.sort((a, b) => a.order - b.order);
}

function toCsv(reviews) {
  const rows = reviews.map(({ text, sentiment }) => `"${text.replaceAll('"', '""')}",${sentiment}\n`);
  return `review,sentiment\n${rows.join('')}`;
}

const folder = process.argv[2] ?? dirname(fileURLToPath(import.meta.url));
const random = createRandom(SEED);
const seen = new Set();
for (const { name, rows } of FILES) writeFileSync(join(folder, name), toCsv(makeReviews(rows, random, seen)));
