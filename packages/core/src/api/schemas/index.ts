import type { Answers } from '../../http/index.ts';
import { groupModels } from './group.ts';
import { hubModels } from './hub.ts';
import { loginModels } from './login.ts';
import { oauthModels } from './oauth.ts';
import { paginationModels } from './pagination.ts';
import { serverModels } from './server.ts';
import { serviceModels } from './service.ts';
import { shareModels } from './share.ts';
import { tokenModels } from './token.ts';
import { userModels } from './user.ts';

export * from './group.ts';
export * from './hub.ts';
export * from './login.ts';
export * from './pagination.ts';
export * from './server.ts';
export * from './service.ts';
export * from './share.ts';
export * from './token.ts';
export * from './user.ts';

/** Every model of the REST API by its name (section 2). */
export const models = {
  ...hubModels,
  ...userModels,
  ...serverModels,
  ...groupModels,
  ...serviceModels,
  ...tokenModels,
  ...loginModels,
  ...shareModels,
  ...oauthModels,
  ...paginationModels,
} as const;

export type ModelName = keyof typeof models;

type Success = ModelName | null | { readonly type: string; readonly model?: ModelName };

/** What a route answers with: models by status, `null` where there is no body, and the errors it may tell. */
export function answers(
  success: Readonly<Record<number, Success>>,
  ...errors: readonly (number | '4XX')[]
): Answers {
  return { ...success, ...Object.fromEntries(errors.map((status) => [status, 'Error'])) };
}
