import { execFileSync } from 'node:child_process';
import os from 'node:os';
import { type PartResult, ratioOf } from './figures.ts';

/** What a figure is worth depends on these. */
export interface MachineFacts {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGB: number;
  readonly system: string;
  readonly node: string;
  readonly python: string;
  /** Load average over the last minute before anything was measured: other work makes all figures worse. */
  readonly loadBefore: number;
}

/** Looks at the machine. */
export function machineFacts(python: string): MachineFacts {
  const [first] = os.cpus();
  return {
    cpu: first?.model ?? 'unknown',
    cores: os.availableParallelism(),
    memoryGB: Math.round(os.totalmem() / 2 ** 30),
    system: `${os.type()} ${os.release()}`,
    node: process.version,
    python: execFileSync(python, ['--version'], { encoding: 'utf8' }).trim(),
    loadBefore: Number(os.loadavg()[0]?.toFixed(2)),
  };
}

/** The machine in two lines. */
export function machineText(facts: MachineFacts): string {
  const { cpu, cores, memoryGB, system, node, python, loadBefore } = facts;
  return `${cpu}, ${cores} cores, ${memoryGB} GB, ${system}, Node ${node}, ${python}\nload before: ${loadBefore}`;
}

/** One part as a table. */
export function table(part: PartResult): string {
  const rows = Object.entries(part.measures).flatMap(([key, { title, unit }]) => {
    const { jupyterhub, hub } = part.figures;
    if (jupyterhub[key] === undefined && hub[key] === undefined) return [];
    const ratio = ratioOf(part, key);
    return [[title, shown(jupyterhub[key], unit), shown(hub[key], unit), ratio === null ? '' : times(ratio)]];
  });
  const all = [[part.title, 'JupyterHub', 'this hub', 'better by'], ...rows];
  const widths = [0, 1, 2, 3].map((column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
  const lines = all.map((row) =>
    row
      .map((cell, column) =>
        column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join('   '),
  );
  const [head = '', ...rest] = lines;
  return [head, '-'.repeat(head.length), ...rest].join('\n');
}

function shown(value: number | undefined, unit: string): string {
  if (value === undefined) return '–';
  if (unit === '') return value.toLocaleString('en');
  const digits = value >= 100 ? 0 : value >= 10 ? 1 : 2;
  return `${value.toFixed(unit === 'ms' && value < 1 ? 3 : digits)} ${unit}`;
}

function times(ratio: number): string {
  return `${ratio >= 9.95 ? ratio.toFixed(0) : ratio.toFixed(1)} ×`;
}
