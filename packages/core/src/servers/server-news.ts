import type { Changes } from '../kernel/index.ts';
import type { Phase, ServerRecord } from './server.ts';

/** A server that was changed, as it was written. */
export interface ServerNews {
  readonly id: number;
  readonly phase: Phase | 'removed';
  /** This very hub changed it. */
  readonly isOwn: boolean;
}

/** Tells all hubs how a server stands now, after the surrounding transaction. */
export function tellServer(
  changes: Changes,
  { id, phase }: Pick<ServerRecord, 'id'> & Pick<ServerNews, 'phase'>,
): void {
  changes.publish('server', `${id} ${phase}`);
}

/** Hears how servers stand. News may be lost: whoever waits also looks by itself. Returns the way to end it. */
export function onServerNews(
  changes: Changes,
  listener: (news: ServerNews) => void,
  onGap?: () => void,
): () => void {
  const heard = (about: string, isOwn: boolean) => {
    const [id, phase] = about.split(' ');
    listener({ id: Number(id), phase: phase as ServerNews['phase'], isOwn }); // written by tellServer, here or elsewhere
  };
  return changes.subscribe('server', heard, onGap);
}
