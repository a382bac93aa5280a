// The measured rows as tables: medians, and what they are of the reference's.
// SPDX-License-Identifier: Apache-2.0

import type { Sample } from './calls.ts';
import { SERIES, type Row, type SeriesName } from './series.ts';

export function report(rows: readonly Row[]): string {
  const series = [...new Set(rows.map((row) => row.series))];
  return [...series.flatMap((name) => tablesOf(name, rows.filter((row) => row.series === name))), ...failures(rows)].join('\n');
}

function tablesOf(name: SeriesName, rows: readonly Row[]): string[] {
  const { what, unit } = SERIES[name];
  const backends = [...new Set(rows.map(({ backend }) => backend))];
  return backends.flatMap((backend) => {
    const own = rows.filter((row) => row.backend === backend);
    const points = [...new Set(own.map(({ point }) => point))];
    const rounds = own[0]?.samples.length ?? 0;
    return ['', `## ${name}: ${what}; ${backend}`, `ms, medians of ${rounds} rounds (ratio to the first line)`, '', ...points.flatMap((point) => pointTable(own.filter((row) => row.point === point), unit && `${point} ${unit}`))];
  });
}

function pointTable(rows: readonly Row[], title: string): string[] {
  const verbs = [...new Set(rows.map(({ verb }) => verb))];
  const modes = [...new Set(rows.map(({ mode }) => mode))];
  const of = (mode: string, verb: Row['verb']): Row | undefined => rows.find((row) => row.mode === mode && row.verb === verb);
  const cell = (mode: string, verb: Row['verb']): string => {
    const [own, base] = [of(mode, verb), of(modes[0]!, verb)];
    if (!own) return '-';
    const ratio = base && base !== own ? ` (${(medianMs(own) / medianMs(base)).toFixed(2)})` : '';
    return `${medianMs(own).toFixed(1)}${ratio}`;
  };
  const first = verbs[0]!;
  return lined([
    [title, ...verbs, `processor, ${first}`, 'memory'],
    ...modes.map((mode) => {
      const { samples = [], mb } = of(mode, first) ?? {};
      return [mode, ...verbs.map((verb) => cell(mode, verb)), `${median(samples, ({ cpuMs }) => cpuMs).toFixed(1)} ms`, mb === undefined ? '-' : `${mb.toFixed(0)} MB`];
    }),
  ]);
}

/** The reference may fail where it has done its work all the same. */
function failures(rows: readonly Row[]): string[] {
  return rows.flatMap(({ series, backend, point, mode, verb, samples }) => {
    const failed = samples.flatMap(({ failure }) => failure ?? []);
    return failed.length === 0 ? [] : [`note: ${verb} by ${mode} failed ${failed.length} of ${samples.length} times (${series} ${point}, ${backend}): ${failed[0]!.replace(/\s+/g, ' ').slice(0, 160)}`];
  });
}

function lined(cells: readonly (readonly string[])[]): string[] {
  const widths = cells[0]!.map((_, i) => Math.max(...cells.map((line) => (line[i] ?? '').length)));
  const line = (of: readonly string[]): string => `| ${of.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join(' | ')} |`;
  const [head, ...body] = cells;
  return [line(head!), `|${widths.map((width, i) => (i === 0 ? '-'.repeat(width + 2) : `${'-'.repeat(width + 1)}:`)).join('|')}|`, ...body.map(line), ''];
}

export const medianMs = ({ samples }: Row): number => median(samples, ({ ms }) => ms);

function median(samples: readonly Sample[], of: (sample: Sample) => number): number {
  const sorted = samples.map(of).sort((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? NaN;
}
