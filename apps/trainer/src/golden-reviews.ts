/** Reviews of our own, whose logits the manifest records: whoever loads the model can tell whether it still computes the same. */
export const GOLDEN_REVIEWS: readonly string[] = [
  'A triumph. I laughed, I cried, and I would watch it again tonight.',
  'Two hours of my life that I will never get back. Dull, loud and badly written.',
  'The first half drags, but the ending is so good that I forgave everything.',
  'Great actors, wonderful costumes, and still the story never comes alive; what a waste.',
  "I wanted to love this film. I didn't.<br /><br />The jokes fall flat and nobody seems to care.",
  'Not a bad film at all. Quite the opposite: quiet, honest and beautifully shot.',
  'Meh.',
  'My children adored it, my wife slept through it, and I caught myself smiling more than once. A charming, old-fashioned ' +
    'adventure with a real heart, carried by two young leads who never put a foot wrong.',
];
