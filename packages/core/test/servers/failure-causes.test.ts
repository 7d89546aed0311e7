import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestHub, type FakePlan, type TestHub } from '../../../testing/src/index.ts';
import { type SpawnFailureCause, spawnFailure } from '../../src/index.ts';

function systemError(code: string, syscall = 'open'): Error {
  return Object.assign(new Error(`${code}: told to nobody, ${syscall} '/secret/path'`), { code, syscall });
}

describe('every failure is told with its cause, a sentence and what to do (design, "Explainable")', () => {
  let hub: TestHub;
  beforeAll(async () => {
    hub = await createTestHub({ spawner: { startTimeout: 2, httpTimeout: 1 } });
  });
  afterAll(() => hub[Symbol.asyncDispose]());

  /** The last event of the story of a start that goes as planned. */
  async function end(name: string, plan: FakePlan) {
    hub.engine.plan(name, plan);
    const user = await hub.signIn(name);
    const answer = await user.startServer();
    await hub.until(async () => (await hub.phase(name)) === 'stopped');
    const { events } = await user.progress();
    return { answer, event: events.at(-1) ?? {} };
  }

  const named: readonly SpawnFailureCause[] = [
    'command-not-found',
    'exited',
    'timeout',
    'not-listening',
    'wrong-port',
    'not-reachable',
    'port-taken',
    'refused',
    'throttled',
    'route-failed',
    'interrupted',
    'system',
  ];
  it.each(named)('as its spawner names it: %s', async (cause) => {
    const name = `named-${cause}`;
    const { answer, event } = await end(name, { fails: spawnFailure(cause, `This is ${cause}.`) });
    expect(event).toEqual({
      progress: 100,
      failed: true,
      message: `Spawn failed: This is ${cause}.`,
      cause,
      hint: expect.stringMatching(/^[A-Z].{10,}\.$/),
      reference: `${name}#1`,
    });
    expect([answer.status, answer.json.message]).toEqual([
      cause === 'throttled' ? 429 : 500,
      `This is ${cause}.`,
    ]);
  });

  it.each([
    [{ code: 3 }, /ended with exit code 3 before/, /log/],
    [{ code: 0 }, /ended by itself, without an error \(exit code 0\)/, /not a server/],
    [{ code: 127 }, /could not be run \(exit code 127\)/, /administrator/],
    [{ code: 1, signal: 'SIGKILL' }, /killed \(SIGKILL\), most likely .* memory/, /larger size/],
    [{ code: 137 }, /killed \(SIGKILL\), most likely .* memory/, /larger size/],
    [{ code: 1, signal: 'SIGTERM' }, /ended from outside \(SIGTERM\)/, /Try again/],
    [{ code: 139 }, /crashed \(SIGSEGV\)/, /log/],
    [
      { code: 137, reason: 'It was over its limit of 2 GB (137).' },
      /^Spawn failed: The server ended before it was ready\. It was over its limit of 2 GB \(137\)\.$/,
      /larger size/,
    ],
  ])('as its server ended: %j', async (exits, sentence, hint) => {
    const { event } = await end(`exit-${JSON.stringify(exits).length}-${exits.code}`, {
      exits,
      tellsExit: true,
      afterSave: new Promise(() => {}),
    });
    expect(event).toMatchObject({
      cause: 'exited',
      message: expect.stringMatching(sentence),
      hint: expect.stringMatching(hint),
    });
  });

  it.each([
    ['ENOSPC', 'write', 'system', /no space left/],
    ['EDQUOT', 'write', 'system', /your quota/],
    ['EAGAIN', 'spawn sh', 'system', /no more processes/],
    ['EMFILE', 'spawn sh', 'system', /too many files/],
    ['EACCES', 'open', 'system', /may not use a file/],
    ['ENOENT', 'stat', 'system', /missing, perhaps your home/],
    ['ENOENT', 'spawn jupyterhub-singleuser', 'command-not-found', /program that runs your server/],
    ['ECONNREFUSED', 'connect', 'system', /does not answer/],
  ])('as the machine refuses it: %s of %s', async (code, syscall, cause, sentence) => {
    const name = `machine-${code}-${syscall.length}`.toLowerCase();
    const { event } = await end(name, { fails: new Error('wrapped', { cause: systemError(code, syscall) }) });
    expect(event).toMatchObject({ cause, message: expect.stringMatching(sentence), failed: true });
    expect(JSON.stringify([event, (await hub.server(name)).failure])).not.toContain('/secret/path');
    // The operator finds the error itself.
    const line = hub.log.find(({ message, fields }) => message === 'start failed' && fields.user === name);
    expect(String((line?.fields.err as Error | undefined)?.cause)).toContain('/secret/path');
  });

  it('as the time runs out, and as it is cancelled', async () => {
    expect((await end('slow', { beforeSave: new Promise(() => {}) })).event).toMatchObject({
      cause: 'timeout',
      message: expect.stringContaining('longer than 2 s'),
      hint: expect.any(String),
    });
    hub.engine.plan('gone', { beforeSave: new Promise(() => {}) });
    const user = await hub.signIn('gone');
    const starting = user.startServer();
    await hub.until(async () => (await hub.phase('gone')) === 'starting');
    await user.stopServer();
    await starting;
    expect((await user.progress()).events).toEqual([
      { progress: 100, failed: true, message: 'Spawn cancelled' },
    ]);
  });
});
