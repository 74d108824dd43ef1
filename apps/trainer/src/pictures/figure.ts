import { createRequire } from 'node:module';

import { createCanvas, loadImage } from '@napi-rs/canvas';
import type { ChartConfiguration } from 'chart.js';
import { ChartJSNodeCanvas } from 'chartjs-node-canvas';

import { COLORS, FONT_FAMILY, FONT_SIZE, PIXEL_RATIO, registerFonts } from './theme.js';

export interface Figure {
  readonly title: string;
  /** Of what, on how many: stands smaller under the title. */
  readonly subtitle: string;
  /** Two a row, in reading order. */
  readonly panels: readonly ChartConfiguration[];
}

/** Logical pixels. */
const PANEL = { width: 520, height: 372 };
const MARGIN = { side: 28, top: 84, bottom: 20, gap: 24 };
const COLUMNS = 2;
export const FIGURE_WIDTH = (2 * MARGIN.side + COLUMNS * PANEL.width + (COLUMNS - 1) * MARGIN.gap) * PIXEL_RATIO;

/** Draws each panel on a canvas of its own, since a canvas holds one chart, and all of them on one. Returns the bytes of a PNG. */
export async function drawFigure({ title, subtitle, panels }: Figure): Promise<Uint8Array> {
  registerFonts();
  const rows = Math.ceil(panels.length / COLUMNS);
  const height = MARGIN.top + rows * PANEL.height + (rows - 1) * MARGIN.gap + MARGIN.bottom;
  const canvas = createCanvas(FIGURE_WIDTH, height * PIXEL_RATIO);
  const context = canvas.getContext('2d');
  context.scale(PIXEL_RATIO, PIXEL_RATIO);
  context.fillStyle = COLORS.paper;
  context.fillRect(0, 0, canvas.width, canvas.height);
  writeHeading(context, title, subtitle);
  const renderer = createRenderer();
  for (const [index, panel] of panels.entries()) {
    const image = await loadImage(renderer.renderToBufferSync(panel));
    const x = MARGIN.side + (index % COLUMNS) * (PANEL.width + MARGIN.gap);
    const y = MARGIN.top + Math.floor(index / COLUMNS) * (PANEL.height + MARGIN.gap);
    context.drawImage(image, x, y, PANEL.width, PANEL.height);
  }
  return canvas.toBuffer('image/png');
}

function writeHeading(
  context: ReturnType<ReturnType<typeof createCanvas>['getContext']>,
  title: string,
  subtitle: string,
): void {
  context.textBaseline = 'alphabetic';
  context.fillStyle = COLORS.ink;
  context.font = `600 ${FONT_SIZE.figure}px "${FONT_FAMILY}"`;
  context.fillText(title, MARGIN.side, 36);
  context.fillStyle = COLORS.muted;
  context.font = `400 ${FONT_SIZE.label}px "${FONT_FAMILY}"`;
  context.fillText(subtitle, MARGIN.side, 58);
}

function createRenderer(): ChartJSNodeCanvas {
  // By its path, so that the plugin is loaded against the very chart.js that the renderer has loaded.
  const annotationPlugin = createRequire(import.meta.url).resolve('chartjs-plugin-annotation');
  return new ChartJSNodeCanvas({
    ...PANEL,
    plugins: { modern: [annotationPlugin] },
    chartCallback: ({ defaults }) => {
      defaults.devicePixelRatio = PIXEL_RATIO;
      defaults.font.family = `"${FONT_FAMILY}"`;
      defaults.font.size = FONT_SIZE.label;
      defaults.color = COLORS.ink;
      defaults.borderColor = COLORS.grid;
      defaults.elements.point.radius = 0;
      defaults.elements.line.borderWidth = 2;
    },
  });
}
