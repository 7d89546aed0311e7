import type { LaunchErrorReason } from '../launch-error.ts';
import type { LookQuestion } from '../look-as.ts';
import type { ProcessExit } from '../process-exit.ts';
import type { ProcessIdentity } from '../process-identity.ts';

/** A PAM session of a launch. */
export interface SessionPlan {
  /** The PAM service, a file of `/etc/pam.d`. */
  readonly service: string;
  /** Where the keeper of the session records how the process ended, see `readExit`. In a folder of root's. */
  readonly exitFile: string;
  /** Seconds that modules have to close it, see `endKeeper`. */
  readonly patience?: number | undefined;
}

/** What a keeper is to do: one JSON text on its input. Holds no secret; the environment goes through the gate. */
export interface KeeperRequest {
  readonly session: SessionPlan;
  /** The account, by name. */
  readonly user: string;
  readonly look: LookQuestion;
  readonly args: readonly string[];
}

/** Where opening a session ended. */
export type SessionStage = 'library' | 'start' | 'account' | 'groups' | 'credentials' | 'session';

/** Why PAM opened no session. */
export interface SessionRefusal {
  readonly stage: SessionStage;
  /** libpam's words. */
  readonly text: string;
  /** What modules told. */
  readonly messages: readonly string[];
}

/** What a keeper tells, a line of JSON each: one of the first three, and when the process has ended the last. */
export type KeeperMessage =
  | {
      readonly kind: 'waiting';
      readonly identity: ProcessIdentity;
      readonly cwd: string;
      readonly command: string;
      /** Variables of the session. */
      readonly env: Readonly<Record<string, string>>;
      /** The mask for new files, when a module set one. */
      readonly umask: number | null;
    }
  | ({ readonly kind: 'refused' } & SessionRefusal)
  | {
      readonly kind: 'failed';
      readonly reason: LaunchErrorReason;
      readonly path: string;
      readonly message: string;
    }
  | { readonly kind: 'exited'; readonly exit: ProcessExit };
