import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import postgres from 'postgres';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { stopPrivatePostgres } from './index.ts';
import { makeTestPlace, serverPid, serversBelow } from './test-place.ts';

let place: Awaited<ReturnType<typeof makeTestPlace>>;
beforeEach(async () => {
  place = await makeTestPlace();
});
afterEach(() => place.clear());

const mode = async (path: string) => ((await stat(path)).mode & 0o777).toString(8);

async function ask(connection: object, query: string): Promise<unknown> {
  const sql = postgres({ ...connection, max: 1, onnotice: () => {} });
  try {
    return (await sql.unsafe(query))[0]?.answer;
  } finally {
    await sql.end();
  }
}

describe('a data folder', () => {
  it('gets a durable database of its own on first use, closed to all others', async () => {
    const folder = join(place.root, 'data');
    const handle = await place.open(folder);

    expect(handle.version).toBe(18);
    expect(await ask(handle.connection, 'select current_database() answer')).toBe('hub');
    expect(await ask(handle.connection, "select current_setting('fsync') answer")).toBe('on');
    expect(await ask(handle.connection, "select current_setting('listen_addresses') answer")).toBe('');
    const encoding =
      "select datcollate || pg_encoding_to_char(encoding) answer from pg_database where datname = 'hub'";
    expect(await ask(handle.connection, encoding)).toBe('CUTF8');
    expect(handle.connection.host).toBe(join(folder, 'run'));

    expect(await mode(folder)).toMatch(/^7[01]0$/); // 0710 under root, for the server's group
    expect(await mode(join(folder, 'postgres'))).toBe('700');
    expect(await mode(join(folder, 'run'))).toBe('700');
    expect(await mode(join(folder, 'postgres/hub.password'))).toBe('600');
    expect(await mode(join(folder, 'postgres.log'))).toBe('600');
    expect((await readdir(folder)).sort()).toEqual(['postgres', 'postgres.log', 'run']);
    await expect(ask({ ...handle.connection, password: 'wrong' }, 'select 1')).rejects.toThrow(
      'authentication',
    );
  });

  it('may lie deep, with spaces, commas and foreign letters in its path', async () => {
    const folder = join(place.root, 'Ünïcode, with spaces "quoted"', 'x'.repeat(120), 'data');
    const handle = await place.open(folder);
    expect(Buffer.byteLength(handle.connection.host)).toBeLessThan(80);
    expect(await mode(handle.connection.host)).toBe('700');
    expect(await readFile(join(folder, 'run-elsewhere'), 'utf8')).toBe(`${handle.connection.host}\n`);
    await handle.close();
    const again = await place.open(folder);
    expect(again.connection.host).toBe(handle.connection.host);
    expect(await ask(again.connection, 'select 1 answer')).toBe(1);
  });

  it('keeps what people stored out of its log', async () => {
    const folder = join(place.root, 'data');
    const { connection } = await place.open(folder);
    const sql = postgres({ ...connection, max: 1 });
    const secret = 'marked-secret-4711';
    await sql`create table t (name text primary key, count int check (count < 3))`;
    await sql`insert into t values (${secret}, 1)`;
    const failures = await Promise.allSettled([
      sql`insert into t values (${secret}, 2)`,
      sql`insert into t values (${`${secret}!`}, 9)`,
      sql`select ${secret}::text::int`,
      sql.unsafe(`select '${secret}'::int`),
      sql.unsafe(`syntax ${secret}`),
    ]);
    await sql.end();
    expect(failures.map((one) => one.status)).toEqual(Array(5).fill('rejected'));
    const log = await readFile(join(folder, 'postgres.log'), 'utf8');
    expect(log).toContain('ready to accept connections');
    expect(log).not.toContain('marked-secret');
  });

  it('does not run without fsync for somebody who asked for safety', async () => {
    const folder = join(place.root, 'data');
    await place.open(folder, { unsafeFast: true });
    await expect(place.open(folder)).rejects.toThrow('runs without fsync');
  });
});

describe('the server', () => {
  it('is shared by all who open its folder, and stopped by the last', async () => {
    const folder = join(place.root, 'data');
    const first = await place.open(folder);
    const pid = await serverPid(folder);
    const second = await place.open(folder);
    expect(await serverPid(folder)).toBe(pid);

    expect(await first.close()).toBe('left');
    expect(await ask(second.connection, 'select 1 answer')).toBe(1);
    expect(await second.close()).toBe('stopped');
    expect(await serversBelow(place.root)).toEqual([]);
    expect(await second.close()).toBe('stopped');
  });

  it('is back after kill -9, with all that was acknowledged', async () => {
    const folder = join(place.root, 'data');
    const handle = await place.open(folder);
    let losses = 0;
    handle.onLost(() => losses++);
    const pool = postgres({ ...handle.connection, max: 2, onnotice: () => {} });
    await pool`create table t (n int)`;
    for (let n = 0; n < 3; n++) {
      await pool`insert into t values (${n})`;
      const pid = await serverPid(folder);
      const began = performance.now();
      process.kill(pid, 'SIGKILL');
      await expect.poll(() => losses, { interval: 5 }).toBe(n + 1);
      await handle.ensureRunning(AbortSignal.timeout(10_000));
      const answer = await pool<{ rows: number }[]>`select count(*)::int as rows from t`.catch(
        () => pool<{ rows: number }[]>`select count(*)::int as rows from t`,
      );
      expect(answer[0]?.rows).toBe(n + 1);
      // Well below two seconds on an idle machine; a crowded one may take a few.
      expect(performance.now() - began).toBeLessThan(10_000);
      expect(await serverPid(folder)).not.toBe(pid);
    }
    await pool.end();
    expect(await handle.close()).toBe('stopped');
  });

  it('is started again once when several of its holders miss it', async () => {
    const folder = join(place.root, 'data');
    const handles = await Promise.all([place.open(folder), place.open(folder), place.open(folder)]);
    let losses = 0;
    for (const handle of handles) handle.onLost(() => losses++);
    process.kill(await serverPid(folder), 'SIGKILL');
    await expect.poll(() => losses, { interval: 5 }).toBe(3);
    await Promise.all(handles.map((handle) => handle.ensureRunning(AbortSignal.timeout(10_000))));
    const results = [];
    for (const handle of handles) results.push(await handle.close());
    expect(results).toEqual(['left', 'left', 'stopped']);
  });

  it('is stopped by a last holder that lost its connection in that moment', async () => {
    const folder = join(place.root, 'data');
    const handle = await place.open(folder);
    const end = "select pg_terminate_backend(pid) from pg_stat_activity where application_name like 'hub %'";
    await ask(handle.connection, end);
    expect(await handle.close()).toBe('stopped');
    expect(await serversBelow(place.root)).toEqual([]);
  });

  it('outlives a killed holder, and the next one joins it', async () => {
    const folder = join(place.root, 'data');
    const holder = place.holder(folder, { unprivileged: false });
    expect(await holder.next()).toHaveProperty('host');
    const pid = await serverPid(folder);
    holder.child.kill('SIGKILL');
    const next = await place.open(folder);
    expect(await serverPid(folder)).toBe(pid);
    expect(await next.close()).toBe('stopped');
  });

  it('starts after a kill -9 of everything', async () => {
    const folder = join(place.root, 'data');
    const holder = place.holder(folder, { unprivileged: false });
    await holder.next();
    holder.child.kill('SIGKILL');
    for (const pid of await serversBelow(place.root)) killIfThere(pid);
    const next = await place.open(folder);
    expect(await ask(next.connection, 'select 1 answer')).toBe(1);
    expect(await next.close()).toBe('stopped');
  });

  it('is started once by several unprivileged processes that race for an empty folder', async () => {
    const folder = join(place.root, 'data');
    const holders = [1, 2, 3].map(() => place.holder(folder, { unprivileged: true }));
    const opened = await Promise.all(holders.map((holder) => holder.next()));
    expect(opened.map(({ host }) => host)).toEqual(Array(3).fill(join(folder, 'run')));
    expect(await mode(folder)).toBe('700');

    const results = [];
    for (const holder of holders) {
      holder.child.stdin.end();
      results.push((await holder.next()).result);
    }
    expect(results).toEqual(['left', 'left', 'stopped']);
    // Without a home, the programs lie beside the data; of the race nothing is left.
    expect((await readdir(folder)).sort()).toEqual(['bin', 'postgres', 'postgres.log', 'run']);
    expect(await readdir(join(folder, 'bin'))).toHaveLength(1);
  });

  it('is not left behind by an opening that was given up', async () => {
    const folder = join(place.root, 'data');
    await (await place.open(folder)).close();
    await expect(place.open(folder, { signal: AbortSignal.timeout(30) })).rejects.toThrow('aborted');
    expect(await serversBelow(place.root)).toEqual([]);
  });
});

describe('hub db stop', () => {
  it('names who holds the server, and stops it when nobody does', async () => {
    const folder = join(place.root, 'data');
    expect(await stopPrivatePostgres(folder)).toBe('not-running');
    const holder = place.holder(folder, { unprivileged: false });
    await holder.next();
    await expect(stopPrivatePostgres(folder)).rejects.toMatchObject({
      code: 'HUB_CONFLICT',
      message: expect.stringContaining(`hub ${holder.child.pid} on `),
    });
    holder.child.kill('SIGKILL');
    await expect.poll(() => stopPrivatePostgres(folder).catch(() => 'held')).toBe('stopped');
    expect(await serversBelow(place.root)).toEqual([]);
    expect(await stopPrivatePostgres(folder)).toBe('not-running');
  });
});

/** One of PostgreSQL's processes may have ended with another. */
function killIfThere(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
