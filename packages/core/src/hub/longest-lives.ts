import type { LongestLives } from '../accounts/index.ts';
import type { Settings } from './config.ts';

/** How long tokens and logins last, as the settings say. */
export function longestLives({ cookies, tokens }: Pick<Settings, 'cookies' | 'tokens'>): LongestLives {
  return {
    tokenSeconds: tokens.maxSeconds || null,
    loginSeconds: Math.round(cookies.maxAgeDays * 24 * 3600),
    idleSeconds: Math.round(cookies.idleHours * 3600) || null,
  };
}

/** What an OAuth token is given: no more than a login or any other token may have. */
export function oauthTokenSeconds(settings: Pick<Settings, 'cookies' | 'tokens'>): number {
  const { tokenSeconds, loginSeconds } = longestLives(settings);
  return Math.min(settings.tokens.oauthSeconds || loginSeconds, tokenSeconds ?? Number.POSITIVE_INFINITY);
}
