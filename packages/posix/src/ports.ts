import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';

/** A port nobody else in this process is given meanwhile. */
export interface PortReservation {
  readonly port: number;
  /** Gives it back early; else it is free again after two minutes. */
  release(): void;
}

/** Ports to choose from, both ends included. */
export interface PortRange {
  readonly from: number;
  readonly to: number;
}

/** How long a reservation keeps others away: enough for any program to bind its port, in milliseconds. */
const reservedFor = 120_000;
const attempts = 100;

const reserved = new Map<string, number>();

/**
 * Picks a port that is free on `address` now and was not given to anybody of this process lately: the system
 * alone gives the same port twice in a burst. Somebody else may still take it before it is bound. Throws when
 * none is found.
 */
export async function reservePort(address: string, range?: PortRange): Promise<PortReservation> {
  dropExpired();
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    const wanted = range ? randomInt(range.from, range.to + 1) : 0;
    if (wanted !== 0 && reserved.has(key(address, wanted))) continue;
    const port = await probe(address, wanted);
    if (port === null || reserved.has(key(address, port))) continue;
    reserved.set(key(address, port), performance.now() + reservedFor);
    return { port, release: () => void reserved.delete(key(address, port)) };
  }
  throw new Error(
    range
      ? `No free port at ${address} among ${range.from} to ${range.to}.`
      : `No free port at ${address} after ${attempts} attempts.`,
  );
}

/** A port that is given (not 0), or a range to choose it from. */
export interface PortChoice {
  readonly port: number;
  readonly portRange?: PortRange | undefined;
}

/** The port that is given, which is not looked at, or one from {@link reservePort}. */
export async function choosePort(address: string, { port, portRange }: PortChoice): Promise<PortReservation> {
  return port === 0 ? await reservePort(address, portRange) : { port, release() {} };
}

/** Does a program complain in its log that somebody else has its port? */
export function saysPortTaken(log: string): boolean {
  return /address already in use|EADDRINUSE|port \d+ is (already )?in use/i.test(log);
}

/** Binds the port (0: any) for a moment; null when it is taken. */
async function probe(address: string, wanted: number): Promise<number | null> {
  const server = createServer();
  try {
    server.listen({ host: address, port: wanted, exclusive: true });
    await once(server, 'listening');
    const bound = server.address();
    return typeof bound === 'object' && bound ? bound.port : null;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (wanted !== 0 && (code === 'EADDRINUSE' || code === 'EACCES')) return null;
    throw error;
  } finally {
    await new Promise<void>((resolve) => {
      if (server.listening) server.close(() => resolve());
      else resolve();
    });
  }
}

function key(address: string, port: number): string {
  return `${address} ${port}`;
}

function dropExpired(): void {
  const now = performance.now();
  // The oldest come first, and all are kept equally long.
  for (const [name, end] of reserved) {
    if (end > now) return;
    reserved.delete(name);
  }
}
