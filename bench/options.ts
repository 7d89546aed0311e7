import { parseArgs } from 'node:util';
import type { Contender } from './contender.ts';
import type { ManyRunningSizes } from './many-running.ts';
import type { RestSizes } from './rest-calls.ts';

export const partNames = ['cold', 'tokens', 'servers', 'memory', 'lab', 'running', 'rest'] as const;
export type PartName = (typeof partNames)[number];

/** What the command line asks for. */
export interface BenchOptions {
  readonly parts: ReadonlySet<PartName>;
  /** Starts with data that is there, of each hub. */
  readonly coldRuns: number;
  readonly tokenSeconds: number;
  readonly through: 'hub' | 'proxy';
  readonly servers: number;
  readonly labs: number;
  readonly running: ManyRunningSizes;
  readonly rest: RestSizes;
  /** Only this one is measured; `null`: both. */
  readonly contender: Contender['name'] | null;
  readonly json: string | null;
  /** Folder for CPU profiles of this hub. */
  readonly profile: string | null;
}

export const usage = `usage: npm run bench -- [options]
  --only <part>      ${partNames.join(', ')}; may be repeated
  --quick            smaller sizes, about two minutes
  --servers <n>      trivial servers started at once (50)
  --labs <n>         JupyterLabs started at once (20)
  --running <n>      servers of this hub that are looked after (500)
  --their-running <n> the same of JupyterHub (500)
  --seconds <n>      length of the token checks (10)
  --users <n>        users of this hub while REST calls are measured (50000), a fiftieth with running servers
  --their-users <n>  the same of JupyterHub (10000)
  --rest-seconds <n> length of each kind of REST call (4)
  --contender <name> measure only jupyterhub, or only hub
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
      labs: { type: 'string' },
      running: { type: 'string' },
      'their-running': { type: 'string' },
      seconds: { type: 'string' },
      users: { type: 'string' },
      'their-users': { type: 'string' },
      'rest-seconds': { type: 'string' },
      contender: { type: 'string' },
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
    labs: number('labs', values.labs, quick ? 2 : 20, 50),
    running: {
      servers: {
        hub: number('running', values.running, quick ? 20 : 500, 1_000),
        jupyterhub: number('their-running', values['their-running'], quick ? 20 : 500, 1_000),
      },
      pollInterval: quick ? 3 : 30,
    },
    rest: {
      people: {
        hub: people(number('users', values.users, quick ? 2_000 : 50_000, 200_000)),
        jupyterhub: people(number('their-users', values['their-users'], quick ? 500 : 10_000, 50_000)),
      },
      seconds: number('rest-seconds', values['rest-seconds'], quick ? 1 : 4, 30),
    },
    contender: contenderName(values.contender),
    json: values.json ?? null,
    profile: values.profile ?? null,
  };
}

/** @throws Error that names the parts there are. */
export function partName(text: string): PartName {
  const found = partNames.find((name) => name === text);
  if (found) return found;
  throw new Error(`--only ${text}: there is ${partNames.join(', ')}`);
}

function people(users: number): { readonly users: number; readonly servers: number } {
  return { users, servers: Math.ceil(users / 50) };
}

function contenderName(text: string | undefined): BenchOptions['contender'] {
  if (text === undefined || text === 'hub' || text === 'jupyterhub') return text ?? null;
  throw new Error(`--contender ${text}: there is hub, and jupyterhub`);
}

function number(name: string, text: string | undefined, usual: number, most: number): number {
  if (text === undefined) return usual;
  const value = Number(text);
  if (Number.isInteger(value) && value > 0 && value <= most) return value;
  throw new Error(`--${name} ${text}: a whole number from 1 to ${most} is wanted`);
}
