import { parseArgs } from 'node:util';

export const partNames = ['cold', 'tokens', 'servers', 'memory'] as const;
export type PartName = (typeof partNames)[number];

/** What the command line asks for. */
export interface BenchOptions {
  readonly parts: ReadonlySet<PartName>;
  /** Starts with data that is there, of each hub. */
  readonly coldRuns: number;
  readonly tokenSeconds: number;
  readonly through: 'hub' | 'proxy';
  readonly servers: number;
  readonly json: string | null;
  /** Folder for CPU profiles of this hub. */
  readonly profile: string | null;
}

export const usage = `usage: npm run bench -- [options]
  --only <part>      ${partNames.join(', ')}; may be repeated
  --quick            smaller sizes, under a minute
  --servers <n>      servers started at once (50)
  --seconds <n>      length of the token checks (10)
  --through-proxy    token checks go through the proxy instead of straight to the hub
  --json <file>      also write all figures to a file
  --profile <folder> write CPU profiles of this hub; its figures are then worse`;

/** Reads the command line. @throws Error that names what is wrong. */
export function readOptions(args: readonly string[]): BenchOptions | 'help' {
  const { values } = parseArgs({
    args: [...args],
    options: {
      only: { type: 'string', multiple: true, default: [...partNames] },
      quick: { type: 'boolean', default: false },
      servers: { type: 'string' },
      seconds: { type: 'string' },
      'through-proxy': { type: 'boolean', default: false },
      json: { type: 'string' },
      profile: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return 'help';
  const { quick } = values;
  return {
    parts: new Set(values.only.map(partName)),
    coldRuns: quick ? 1 : 5,
    tokenSeconds: number('seconds', values.seconds, quick ? 3 : 10, 60),
    through: values['through-proxy'] ? 'proxy' : 'hub',
    servers: number('servers', values.servers, quick ? 10 : 50, 100),
    json: values.json ?? null,
    profile: values.profile ?? null,
  };
}

function partName(text: string): PartName {
  const found = partNames.find((name) => name === text);
  if (found) return found;
  throw new Error(`--only ${text}: there is ${partNames.join(', ')}`);
}

function number(name: string, text: string | undefined, usual: number, most: number): number {
  if (text === undefined) return usual;
  const value = Number(text);
  if (Number.isInteger(value) && value > 0 && value <= most) return value;
  throw new Error(`--${name} ${text}: a whole number from 1 to ${most} is wanted`);
}
