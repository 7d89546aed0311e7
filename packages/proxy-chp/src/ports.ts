import { once } from 'node:events';
import { lstat, readdir, readFile, readlink, rm } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { HubError } from '@hub/core/plugin';
import { listeningSockets, reachable } from '@hub/posix';
import type { Address } from './address.ts';

/**
 * Makes sure that the address can be bound now. CHP itself only logs that it could not, and runs on.
 *
 * @throws HubError HUB_START_FAILED naming the port, who has it where that can be seen, and the way out.
 */
export async function requireFree(address: Address, what: string): Promise<void> {
  if (address.socket) return requireFreeSocket(address, address.socket, what);
  const server = createServer();
  try {
    server.listen({ port: address.port, exclusive: true, ...(address.host && { host: address.host }) });
    await once(server, 'listening');
  } catch (error) {
    throw await portError(address, what, error);
  } finally {
    if (server.listening) await new Promise((resolve) => server.close(resolve));
  }
}

/** A killed proxy leaves its socket file behind, and nobody can bind a path that exists. */
async function requireFreeSocket(address: Address, path: string, what: string): Promise<void> {
  if (await accepts(address)) {
    throw new HubError('HUB_START_FAILED', `${what} cannot listen on ${path}: a program has it`, {
      hint: 'Stop that program, or choose another path.',
    });
  }
  const found = await lstat(path).catch(() => null); // missing, as it should be
  if (found?.isSocket()) await rm(path);
}

/** The error for a port that could not be bound. */
export async function portError(address: Address, what: string, cause: unknown): Promise<HubError> {
  const { code } = cause as NodeJS.ErrnoException;
  const where = `${address.host || 'all interfaces'}, port ${address.port}`;
  if (code === 'EADDRINUSE') {
    const holder = await portHolder(address.port);
    return new HubError(
      'HUB_START_FAILED',
      `${what} cannot listen on ${where}: ${holder ?? 'something'} has it`,
      {
        cause,
        hint: 'Stop that program, or choose another port. Is it a proxy meant for this hub? Then shouldStart: false.',
      },
    );
  }
  if (code === 'EACCES') {
    return new HubError('HUB_START_FAILED', `${what} may not listen on ${where}`, {
      cause,
      hint: 'Ports below 1024 need root or CAP_NET_BIND_SERVICE; choose a higher port or put a web server in front.',
    });
  }
  const message = cause instanceof Error ? cause.message : String(cause);
  return new HubError('HUB_START_FAILED', `${what} cannot listen on ${where}: ${message}`, { cause });
}

/** Who listens at a port of this machine: `node (pid 123)`, or `null` where the system does not tell. */
async function portHolder(port: number): Promise<string | null> {
  const sockets = (await listeningSockets()).filter((socket) => socket.port === port);
  if (sockets.length === 0) return null;
  const wanted = new Set(sockets.map(({ inode }) => `socket:[${inode}]`));
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    const folder = `/proc/${pid}/fd`;
    // Processes of others may not be looked into, and any may end meanwhile: then it is not this one we can name.
    for (const name of await readdir(folder).catch(() => [])) {
      if (!wanted.has(await readlink(`${folder}/${name}`).catch(() => ''))) continue;
      const command = await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => 'a program');
      return `${command.trim()} (pid ${pid})`;
    }
  }
  return `a program of uid ${sockets[0]?.uid}`;
}

/** Does something accept connections there? */
export async function accepts({ host, port, socket }: Address): Promise<boolean> {
  return new Promise((resolve) => {
    const line = connect(socket ? { path: socket } : { host: reachable(host), port });
    const done = (result: boolean) => () => {
      line.destroy();
      resolve(result);
    };
    line.setTimeout(1000, done(false)).once('connect', done(true)).once('error', done(false));
  });
}
