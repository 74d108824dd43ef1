import { createRequire } from 'node:module';

import { GlobalFonts } from '@napi-rs/canvas';

/** Okabe and Ito's palette (2008): told apart with every common color blindness, and by lightness in print. */
export const COLORS = {
  negative: '#D55E00',
  positive: '#0072B2',
  first: '#0072B2',
  second: '#D55E00',
  chosen: '#009E73',
  ink: '#1F2328',
  muted: '#66707B',
  grid: '#E6E8EB',
  paper: '#FFFFFF',
} as const;

export const FONT_FAMILY = 'Marquee Sans';

/** Logical pixels; a picture has `PIXEL_RATIO` pixels for each. */
export const FONT_SIZE = { figure: 20, panel: 15, label: 13, note: 12, tick: 11 } as const;
export const PIXEL_RATIO = 2;

/** A color with an opacity from 0 to 1, as chart.js reads it. */
export const withOpacity = (color: string, opacity: number): string =>
  color +
  Math.round(255 * opacity)
    .toString(16)
    .padStart(2, '0');

let fontsAreRegistered = false;

/** Gives the canvas IBM Plex Sans from its npm package under a name of its own: a bare container has no fonts, and every machine draws alike. */
export function registerFonts(): void {
  if (fontsAreRegistered) return;
  const { resolve } = createRequire(import.meta.url);
  for (const weight of [400, 600]) {
    const file = resolve(`@fontsource/ibm-plex-sans/files/ibm-plex-sans-latin-${weight}-normal.woff2`);
    if (!GlobalFonts.registerFromPath(file, FONT_FAMILY)) throw new Error(`${file}: expected a font, this is a bug`);
  }
  fontsAreRegistered = true;
}
