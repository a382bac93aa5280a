// Curves as SVG: one picture for each series that grows and each backend, logarithmic in both directions.
// SPDX-License-Identifier: Apache-2.0

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { medianMs } from './report.ts';
import { SERIES, type Row } from './series.ts';

const [WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM] = [640, 360, 60, 200, 40, 45];
const COLOURS = ['#444444', '#c0392b', '#2471a3', '#1e8449', '#b9770e'];

/** Writes `bench-<series>-<backend>.svg` files; returns their paths. */
export function plot(rows: readonly Row[], folder: string): string[] {
  mkdirSync(folder, { recursive: true });
  const growing = rows.filter(({ series }) => SERIES[series].points.length > 1);
  return [...new Set(growing.map(nameOf))].map((name) => {
    writeFileSync(join(folder, name), picture(growing.filter((row) => nameOf(row) === name)));
    return join(folder, name);
  });
}

const nameOf = ({ series, backend }: Row): string => `bench-${series}-${backend}.svg`;

function picture(rows: readonly Row[]): string {
  const { series, backend } = rows[0]!;
  const points = [...new Set(rows.map(({ point }) => point))];
  const verbs = (['ADD', 'DEL'] as const).filter((verb) => rows.some((row) => row.verb === verb));
  const modes = [...new Set(rows.map(({ mode }) => mode))];
  const drawn = rows.filter(({ verb }) => verbs.some((one) => one === verb));
  const x = scale(Math.min(...points), Math.max(...points), LEFT, WIDTH - RIGHT);
  const y = scale(lower(Math.min(...drawn.map(medianMs))), upper(Math.max(...drawn.map(medianMs))), HEIGHT - BOTTOM, TOP);
  const curve = (mode: string, verb: Row['verb']): string => {
    const along = drawn.filter((row) => row.mode === mode && row.verb === verb).map((row) => `${x(row.point).toFixed(1)},${y(medianMs(row)).toFixed(1)}`);
    const dashes = verb === 'DEL' ? ' stroke-dasharray="6 4"' : '';
    return `<polyline fill="none" stroke="${COLOURS[modes.indexOf(mode) % COLOURS.length]}" stroke-width="2"${dashes} points="${along.join(' ')}"/>`;
  };
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="12">`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="white"/>`,
    text(LEFT, 20, `${SERIES[series].what} (${backend})`),
    ...decades(drawn).map((ms) => `<path stroke="#dddddd" d="M${LEFT} ${y(ms).toFixed(1)}H${WIDTH - RIGHT}"/>${text(LEFT - 6, y(ms) + 4, `${ms} ms`, 'end')}`),
    ...points.map((point) => text(x(point), HEIGHT - BOTTOM + 18, String(point), 'middle')),
    text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 8, SERIES[series].unit, 'middle'),
    ...modes.flatMap((mode) => verbs.map((verb) => curve(mode, verb))),
    ...modes.map((mode, i) => `<g fill="${COLOURS[i % COLOURS.length]}">${text(WIDTH - RIGHT + 20, TOP + 20 * i + 10, mode)}</g>`),
    text(WIDTH - RIGHT + 20, TOP + 20 * modes.length + 20, 'solid ADD, dashed DEL'),
    '</svg>', '',
  ].join('\n');
}

const scale = (from: number, to: number, start: number, end: number) => (value: number): number =>
  start + (Math.log(value / from) / Math.log(to / from)) * (end - start);

const lower = (ms: number): number => 10 ** Math.floor(Math.log10(ms));
const upper = (ms: number): number => 10 ** Math.ceil(Math.log10(ms));

function decades(rows: readonly Row[]): number[] {
  const [from, to] = [lower(Math.min(...rows.map(medianMs))), upper(Math.max(...rows.map(medianMs)))];
  return Array.from({ length: Math.round(Math.log10(to / from)) + 1 }, (_, i) => from * 10 ** i);
}

const text = (x: number, y: number, content: string, anchor = 'start'): string => `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" text-anchor="${anchor}">${content}</text>`;
