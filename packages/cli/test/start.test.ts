import { once } from 'node:events';
import net from 'node:net';
import { describe, expect, it } from 'vitest';
import { ask, freePort, hubCode, Place } from './support/command.ts';

describe('hub start', () => {
  it.each(['SIGINT', 'SIGTERM'] as const)('ends cleanly with 0 at %s (P641, P642)', async (signal) => {
    const port = await freePort();
    await using place = await Place.hub(port);
    await using hub = await place.served();
    expect(hub.out).toContain('The hub serves at http://127.0.0.1:8000/pre/\n');
    expect((await ask(port, 'nonsense', '/user')).status).toBe(403);

    hub.signal(signal);
    expect(await hub.ended).toBe(0);
    expect(hub.out).toContain('The hub has stopped.');
    expect(await place.result('db', 'stop')).toMatchObject({ code: 0, out: 'PostgreSQL did not run.\n' });
  });

  it('writes its log to standard error, one JSON object a line', async () => {
    await using place = await Place.hub(await freePort());
    await using hub = await place.served();
    hub.signal('SIGTERM');
    await hub.ended;
    const lines = hub.err.trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line).msg)).toContain('the hub serves');
  });

  it('writes it for people when asked to', async () => {
    await using place = await Place.hub(await freePort());
    await using hub = await place.served('--log-format', 'pretty');
    expect(hub.err).toMatch(/^\d\d:\d\d:\d\d info {2}the hub serves {2}url=http:\/\/127/m);
  });

  it('ends with 0 when the REST API stops it (P641, P643)', async () => {
    const port = await freePort();
    await using place = await Place.hub(port);
    await using hub = await place.served();
    const { out: token } = await place.result('token', 'ada');
    expect((await ask(port, token, '/shutdown', 'POST')).status).toBe(202);
    expect(await hub.ended).toBe(0);
  });

  it('does not wait at a second signal, and says what may be left', async () => {
    await using place = await Place.hub(await freePort(), { stopSeconds: 30 });
    await using hub = await place.served();
    hub.signal('SIGINT');
    await hub.says('Stopping.');
    hub.signal('SIGINT'); // the same key press, by way of npm
    await new Promise((wake) => setTimeout(wake, 700));
    expect(hub.out).not.toContain('Ended without waiting');
    hub.signal('SIGINT');
    expect(await hub.ended).toBe(130);
    expect(hub.out).toContain('Ended without waiting: servers, the proxy and a private PostgreSQL may go on');
    expect(await place.result('db', 'stop')).toMatchObject({ code: 0, out: 'PostgreSQL has stopped.\n' });
  });

  it('stops what had started when a signal comes before it serves', async () => {
    const slow = { startSeconds: 60, says: 'starting slowly' };
    await using place = await Place.hub(await freePort(), slow);
    await using hub = place.run('start');
    await hub.says('starting slowly');
    hub.signal('SIGTERM');
    expect(await hub.ended).toBe(0);
    expect(hub.out).toContain('The hub was stopped before it served.');
    expect(await place.result('db', 'stop')).toMatchObject({ out: 'PostgreSQL did not run.\n' });
  });

  it('ends although a plugin left a timer behind', async () => {
    await using place = await Place.hub(await freePort(), { leavesTimer: true });
    await using hub = await place.served();
    hub.signal('SIGTERM');
    expect(await hub.ended).toBe(0);
  });

  it('goes on when a promise of a plugin is lost, and logs it', async () => {
    const port = await freePort();
    await using place = await Place.hub(port, { losesPromise: true });
    await using hub = await place.served();
    await hub.says('a promise was rejected and nobody listened');
    expect((await ask(port, 'nonsense', '/user')).status).toBe(403);
  });

  it('answers SIGUSR1 with facts about itself instead of opening a debugger (P642)', async () => {
    await using place = await Place.hub(await freePort());
    await using hub = await place.served();
    hub.signal('SIGUSR1');
    await hub.says('"msg":"diagnostics"');
    expect(hub.err).not.toContain('Debugger listening');
  });

  it('prints the lines of afterStart beside the address', async () => {
    const port = await freePort();
    const lines = "export const afterStart = async (hub) => ['  see ' + hub.url + 'hub/home', '  have fun'];";
    await using place = await Place.make(`${hubCode(port)}\n${lines}`);
    await using hub = await place.served();
    await hub.says('  see http://127.0.0.1:8000/pre/hub/home\n  have fun\n');
  });

  it('serves although afterStart fails', async () => {
    const port = await freePort();
    const fails = 'export function afterStart() { throw new Error("no lines today"); }';
    await using place = await Place.make(`${hubCode(port)}\n${fails}`);
    await using hub = await place.served();
    await hub.says('no lines today');
    expect((await ask(port, 'nonsense', '/user')).status).toBe(403);
  });
});

describe('hub start refuses', () => {
  it('a configuration with mistakes, all of them at once, before anything is made (P603)', async () => {
    await using place = await Place.make(`export default emptyHub({
      dataFolder: './data', dataFoldr: 'x', hub: { port: 'high' }, plugins: [authenticator({ pasword: 'x' }), spawner()],
    });`);
    const { code, out, err } = await place.result('start');
    expect(code).toBe(1);
    expect(out).toBe('');
    expect(err).toContain('The configuration has 4 mistakes.\n');
    expect(err).toContain('unknown option "dataFoldr", did you mean "dataFolder"?');
    expect(err).toContain('hub.port must be integer');
    expect(err).toContain('@test/auth-nobody (nobody): unknown option "pasword", did you mean "password"?');
    expect(err).toContain('there is no proxy');
    expect(err).not.toMatch(/^\s+at /m);
    expect((await place.result('start', '--verbose')).err).toMatch(/^\s+at /m);
  });

  it('a port that is taken, and leaves nothing running', async () => {
    const taken = net.createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const { port } = taken.address() as net.AddressInfo;
    await using place = await Place.hub(port);
    const { code, err } = await place.result('start');
    taken.close();
    expect(code).toBe(1);
    expect(err).toContain(`The hub cannot listen at 127.0.0.1:${port}: another program does.\n`);
    expect(err).toContain('set `hub.port`');
    expect(await place.result('db', 'stop')).toMatchObject({ out: 'PostgreSQL did not run.\n' });
  });

  it('a second hub of the same host, and leaves the first one alone', async () => {
    const port = await freePort();
    await using place = await Place.hub(port);
    await place.write('second.ts', hubCode(await freePort()));
    await using hub = await place.served();
    const { code, err } = await place.result('start', '--config', 'second.ts');
    expect(code).toBe(1);
    expect(err).toMatch(/A hub named ".+" already runs on this database \(process \d+\)\.\nStop it first/);
    expect((await ask(port, 'nonsense', '/user')).status).toBe(403);
    hub.signal('SIGTERM');
    expect(await hub.ended).toBe(0);
  });

  it.each([
    [['start', '--bogus'], "unknown option '--bogus'"],
    [['start', 'now'], "too many arguments for 'start'"],
    [['begin'], "unknown command 'begin'"],
    [['start', '--log-format', 'xml'], 'Allowed choices are json, pretty'],
    [['token', 'ada', '--expires-in', 'soon'], 'It must be a whole number of seconds'],
  ])('%j (P603)', async (args, sentence) => {
    await using place = await Place.make('');
    const { code, err } = await place.result(...args);
    expect(code).toBe(1);
    expect(err).toContain(sentence);
  });

  it('nothing when asked for help or the version', async () => {
    await using place = await Place.make('');
    expect(await place.result('--version')).toMatchObject({ code: 0, out: '0.1.0\n', err: '' });
    const help = await place.result('--help');
    expect(help.code).toBe(0);
    expect(help.out).toContain('Run the hub until it is told to stop.');
  });
});
