import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { HubInfo, Logger, OptionsInput, Spawner, StopMode } from '@hub/core/plugin';
import { localSpawner } from '../src/index.ts';
import type { localSpawnerOptions } from '../src/options.ts';

type Input = Partial<OptionsInput<typeof localSpawnerOptions>>;

export interface LogLine {
  readonly level: string;
  readonly fields: object;
  readonly message: string;
}

/** A driver outside any hub, with a data folder of its own. */
export interface Driver {
  readonly spawner: Spawner;
  readonly dataFolder: string;
  readonly lines: readonly LogLine[];
  /** What the hub does at its start. */
  begin(): Promise<void>;
  end(): Promise<void>;
  /** The same driver as a new run of the hub makes it. */
  again(): Driver;
  dispose(): void;
}

/** Short waits, so that a stubborn server is killed within a second. */
const quick: Input = { interruptTimeout: 0.4, termTimeout: 0.4, killTimeout: 5 };

export function driver(options: Input, hub: Partial<HubInfo> = {}): Driver {
  const dataFolder = hub.dataFolder ?? mkdtempSync(join(tmpdir(), 'hub-local-'));
  const lines: LogLine[] = [];
  const starts: ((signal: AbortSignal) => unknown)[] = [];
  const stops: ((mode: StopMode) => unknown)[] = [];
  const spawner = localSpawner({ runAs: options.runAs ?? 'hub' }).create({
    // What the hub makes of them: defaults filled in.
    options: { ...defaults(), ...quick, runAs: 'hub', ...options },
    id: 'local',
    lifecycle: { onStart: (run) => starts.push(run), onStop: (run) => stops.push(run) },
    ...({ log: recorder(lines), hub: { ...info, ...hub, dataFolder } } satisfies Record<string, unknown>),
  });
  return {
    spawner,
    dataFolder,
    lines,
    async begin() {
      for (const start of starts) await start(new AbortController().signal);
    },
    async end() {
      for (const stop of stops) await stop({ keepServers: true, keepProxy: true });
    },
    again: () => driver(options, { ...hub, dataFolder }),
    dispose: () => rmSync(dataFolder, { recursive: true, force: true }),
  };
}

const info: HubInfo = {
  baseUrl: '/',
  hubPrefix: '/hub/',
  publicUrl: '',
  connectUrl: 'http://127.0.0.1:8081',
  bindUrl: 'http://127.0.0.1:8000',
  version: '0.1.0',
  compatibleVersion: '6.1.1',
  dataFolder: '',
  mayMakeSecrets: true,
  host: 'test',
};

function defaults(): Record<string, unknown> {
  const { properties } = localSpawner.definition.options;
  return Object.fromEntries(
    Object.entries(properties).flatMap(([name, schema]) =>
      'default' in schema ? [[name, schema.default]] : [],
    ),
  );
}

function recorder(lines: LogLine[]): Logger {
  const write = (level: string) => (fields: object, message: string) =>
    void lines.push({ level, fields, message });
  const log: Logger = {
    trace: write('trace'),
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
    child: () => log,
  };
  return log;
}
