#!/usr/bin/env node
// The program that the rule of sudo allows: runs as the user, and does there what the hub may not do itself. It speaks
// as sudospawner's mediator does (P321–P325), so that either serves either hub. It is copied to a folder of root's:
// one file, and nothing but Node.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { userInfo } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';

const usage = `hub-sudo-mediator, protocol 2

Run by a hub, as a user, through sudo. Takes one JSON object on standard input:
  {"action":"spawn","args":[…],"env":{…}}   launches the single-user server that lies beside this program
  {"action":"kill","pid":…,"signal":…}      signals a process, a group by its negative number, or a list of them
  {"action":"find","key":"…"}               finds the processes of a launch
  {"action":"discard","key":"…"}            removes certificates that a spawn with "certificates" wrote
Answers with one JSON object on standard output.

  --logging=debug|info|warning|error|none   what to say on standard error (info)
`;

const levels = ['debug', 'info', 'warning', 'error', 'none'] as const;
type Level = (typeof levels)[number];
let threshold: Level = 'info';

/** Seconds in which a server that ends has not started (P325). */
const earlyDeath = 1;
const longestRequest = 16 << 20;

/**
 * Stays as the parent of the server, collects it, and tells how it ended. It is outside of the server's session, so
 * that a signal to that leaves it alone.
 */
const keeper = 'gate=$1; shift; /bin/sh -c "$gate" hub-gate "$@"; echo "{\\"exited\\":$?}"';

/**
 * Tells its number, waits for a line, and becomes the server; when the other side dies first, it ends. A line on the
 * third descriptor tells that the gate is open.
 */
const gate =
  'echo "{\\"ok\\":true,\\"pid\\":$$}"; read -r _ || exit 125; echo >&3; exec "$@" </dev/null >&2 3>&-';

interface SpawnRequest {
  readonly args: readonly string[];
  readonly env: Record<string, string>;
  /** Answer before the server runs, and let it run when a line comes. */
  readonly gate: boolean;
  /** With internal TLS: what the server shows hub and proxy, and whom it believes. */
  readonly certificates: unknown;
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { logging: { type: 'string' }, help: { type: 'boolean' } } });
  if (values.help) return say(usage);
  threshold = levels.find((level) => level === values.logging?.toLowerCase()) ?? 'info';

  const request = readRequest();
  log('debug', `mediator of ${userInfo().username}: ${String(request.action)}`);
  if (request.action === 'kill') {
    const pids = [request.pid].flat().map(wholeNumber);
    const signal = wholeNumber(request.signal);
    // One is enough to say that something lives; all of them are signalled.
    return finish({ ok: true, alive: pids.map((pid) => kill(pid, signal)).includes(true) });
  }
  if (request.action === 'find') return finish({ ok: true, pids: find(String(request.key)) });
  if (request.action === 'discard') {
    rmSync(certificateFolder(String(request.key)), { recursive: true, force: true });
    return finish({ ok: true });
  }
  if (request.action !== 'spawn') throw new Error("action must be 'spawn', 'kill', 'find' or 'discard'");
  const { args, env, gate, certificates = null } = request;
  await launch({ args: texts(args), env: variables(env), gate: gate === true, certificates });
}

/** An object ends with a line, or with the input. */
function readRequest(): Readonly<Record<string, unknown>> {
  const chunk = Buffer.alloc(65_536);
  let text = Buffer.alloc(0);
  for (;;) {
    const length = readSync(0, chunk, 0, chunk.length, null);
    text = Buffer.concat([text, chunk.subarray(0, length)]);
    if (text.length > longestRequest) throw new Error(`the request is longer than ${longestRequest} bytes`);
    if (length > 0 && text.at(-1) !== 10) continue;
    const request = object(text.toString('utf8'));
    if (request) {
      // Its end is the hub's: a gate that nobody can open any more is not made.
      if (length === 0 && request.gate === true) throw new Error('the hub went away');
      return request;
    }
    if (length === 0) throw new Error('expected a JSON object on standard input');
  }
}

function object(text: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : null;
  } catch {
    return null; // not yet whole
  }
}

async function launch({ args, env, gate: gated, certificates }: SpawnRequest): Promise<void> {
  if ('PYTHONPATH' in env) {
    log('warning', 'PYTHONPATH is not passed on'); // P324
    delete env.PYTHONPATH;
  }
  let child: ChildProcess;
  try {
    const command = [program('/usr/bin/setsid', '/bin/setsid'), singleuser(), ...args];
    if (certificates !== null) placeCertificates(certificates);
    log('info', `Spawning ${command.slice(1).join(' ')}`);
    child = spawn('/bin/sh', ['-c', keeper, 'hub-keeper', gate, ...command], {
      cwd: home(),
      env,
      detached: true,
      stdio: [
        ...(gated ? (['inherit', 'inherit'] as const) : (['pipe', 'pipe'] as const)),
        'inherit',
        'pipe',
      ],
    });
    await once(child, 'spawn');
  } catch (error) {
    return finish({ ok: false, error: wordsOf(error) });
  }
  child.unref();
  if (!gated) return finish(await firstSecond(child));
  // The two talk to the hub themselves. It would close its end if this program ended before the gate is open.
  await once(child.stdio[3] as Readable, 'readable');
  process.exit(0);
}

/** Writes them for this user alone (W105), in the place of what an earlier try of the launch left. */
function placeCertificates(order: unknown): void {
  const { key, files } = order as { readonly key?: unknown; readonly files?: unknown };
  const folder = certificateFolder(String(key));
  const texts = variables(files);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  for (const name of ['server.key', 'server.crt', 'authorities.crt'])
    writeFileSync(join(folder, name), texts[name] ?? '', { mode: 0o600, flag: 'wx' });
}

/** Nowhere else: the hub does not choose what is written in a home. */
function certificateFolder(key: string): string {
  if (!/^[\w-]{1,100}$/.test(key)) throw new Error('key must be that of a launch');
  return join(home(), '.jupyterhub', 'jupyterhub-certs', key);
}

/** Lets the server run, and answers with its number when it still runs after a second (P325). */
async function firstSecond({ stdin, stdout }: ChildProcess): Promise<object> {
  if (!stdin || !stdout) throw new Error('a launched process has no pipes');
  stdin.end('\n');
  const lines = createInterface({ input: stdout })[Symbol.asyncIterator]();
  const started = object(String((await lines.next()).value ?? ''));
  if (!started) return { ok: false, error: 'The launched process ended before it told its number.' };
  const ended = await Promise.race([lines.next(), sleep(earlyDeath * 1000, null)]);
  const status = ended && exitStatus(object(String(ended.value ?? ''))?.exited);
  return status ? { ok: false, error: `Exited with status: ${status}` } : started;
}

/** A shell's status: what a signal ended is 128 and its number; as peers write it, minus its number. */
function exitStatus(status: unknown): number | null {
  if (typeof status !== 'number') return null;
  return status > 128 ? 128 - status : status;
}

/** Is it there, and did it get the signal? */
function kill(pid: number, signal: number): boolean {
  // To everything of the user, and to this program's own group: nobody means that.
  if (pid === 0 || pid === -1) throw new Error(`${pid} is no process`);
  log('debug', `Sending signal ${signal} to ${pid}`);
  try {
    process.kill(pid, signal);
    return true;
  } catch (error) {
    // P323: another user's process has the number, so ours is gone.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH')
      log('error', `Signal to ${pid}: ${wordsOf(error)}`);
    return false;
  }
}

/** The hub may not read the environments of its users' processes; the user may. */
function find(key: string): readonly number[] {
  const pids = readdirSync('/proc').map(Number).filter(Number.isInteger);
  return pids.filter((pid) => {
    try {
      return `\0${readFileSync(`/proc/${pid}/environ`, 'utf8')}`.includes(`\0HUB_LAUNCH_KEY=${key}\0`);
    } catch {
      return false; // gone meanwhile, or another user's
    }
  });
}

/** The server is what lies beside this program, whatever the hub or the user want (P324). */
function singleuser(): string {
  const folder = dirname(resolve(process.argv[1] ?? ''));
  const wrapper = join(folder, 'sudospawner-singleuser');
  return program(existsSync(wrapper) ? wrapper : join(folder, 'jupyterhub-singleuser'));
}

function program(...candidates: readonly [string, ...string[]]): string {
  const file = candidates.find((path) => existsSync(path));
  if (!file) throw new Error(`${candidates[0]} does not exist.`);
  try {
    accessSync(file, constants.X_OK);
  } catch {
    throw new Error(`${file} may not be executed.`);
  }
  return file;
}

/** As the system's accounts have it: the environment may say anything. */
function home(): string {
  const { homedir, username } = userInfo();
  try {
    if (!statSync(homedir).isDirectory()) throw new Error(`The home folder ${homedir} is not a folder.`);
    accessSync(homedir, constants.R_OK | constants.W_OK | constants.X_OK);
    return homedir;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') throw new Error(`The home folder ${homedir} of ${username} does not exist.`);
    if (code === undefined) throw error;
    throw new Error(`${username} may not use the home folder ${homedir} (${code}).`);
  }
}

function texts(value: unknown): readonly string[] {
  if (Array.isArray(value) && value.every((word) => typeof word === 'string')) return value;
  throw new Error('args must be a list of texts');
}

function variables(value: unknown): Record<string, string> {
  if (typeof value !== 'object' || value === null) throw new Error('env must be an object');
  const entries: [string, unknown][] = Object.entries(value);
  return Object.fromEntries(entries.map(([name, text]) => [name, String(text)]));
}

function wholeNumber(value: unknown): number {
  if (typeof value === 'number' && Number.isInteger(value)) return value;
  throw new Error('pid and signal must be whole numbers');
}

function finish(answer: object): void {
  say(`${JSON.stringify(answer)}\n`);
  log('ok' in answer && answer.ok ? 'debug' : 'error', `mediator result: ${JSON.stringify(answer)}`);
  // The pipes to a running server must not hold this process.
  process.exit(0);
}

function say(text: string): void {
  writeSync(1, text);
}

function log(level: Level, text: string): void {
  if (threshold !== 'none' && levels.indexOf(level) >= levels.indexOf(threshold)) writeSync(2, `${text}\n`);
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

try {
  await main();
} catch (error) {
  log('error', wordsOf(error));
  process.exit(1);
}
