import type { LaunchOptions } from '../launch.ts';
import type { LaunchErrorReason } from '../launch-error.ts';
import type { ProcessExit } from '../process-exit.ts';
import type { ProcessIdentity } from '../process-identity.ts';

/** What the launcher is told; launches are numbered by who asks. */
export type LauncherRequest =
  | { readonly kind: 'launch'; readonly id: number; readonly options: LaunchOptions }
  | { readonly kind: 'open' | 'abandon'; readonly id: number };

/** What it tells. */
export type LauncherMessage =
  | {
      readonly kind: 'launched';
      readonly id: number;
      readonly identity: ProcessIdentity;
      readonly cwd: string;
    }
  | { readonly kind: 'refused'; readonly id: number; readonly refusal: Refusal }
  /** An `open` or `abandon` is done. */
  | { readonly kind: 'done'; readonly id: number }
  | { readonly kind: 'exited'; readonly id: number; readonly exit: ProcessExit };

/** An error on its way from one process to another. */
export interface Refusal {
  readonly message: string;
  /** Of a launch error. */
  readonly reason: LaunchErrorReason | null;
  readonly path: string;
  /** The system's own word, of the error or of one that caused it. */
  readonly code: string | null;
}
