import type { GatedProcess, PortReservation } from '@hub/posix';

/** A server this very process launched: the only kind whose exit status is known. */
export interface Child {
  readonly key: string;
  readonly process: GatedProcess;
  readonly port: PortReservation;
  readonly logFile: string;
}

/** The servers this process launched, at most one attempt of each; a help, never the truth. */
export interface Children {
  put(serverId: string, child: Child): void;
  /** The child of exactly this launch. */
  get(server: ServerRef): Child | null;
  /** Forgets it and gives its port back. */
  forget(server: ServerRef): void;
}

interface ServerRef {
  readonly key: string;
  readonly server: { readonly id: string };
}

export function createChildren(): Children {
  const byServer = new Map<string, Child>();
  const get: Children['get'] = ({ key, server }) => {
    const child = byServer.get(server.id);
    return child?.key === key ? child : null;
  };
  return {
    put: (serverId, child) => void byServer.set(serverId, child),
    get,
    forget(server) {
      const child = get(server);
      if (!child) return;
      child.port.release();
      byServer.delete(server.server.id);
    },
  };
}
