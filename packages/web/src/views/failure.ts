import type { PageFailure } from '@hub/core/plugin';
import type { Texts } from '../texts.ts';

/** Variables of a failed start: a sentence and a remedy for every cause, even when nobody wrote one. */
export function failureVariables(failure: PageFailure, texts: Texts) {
  return {
    cause: failure.cause,
    // What a spawner wrote for the owner says more than our own sentence.
    message: failure.message ?? texts.causes?.[failure.cause] ?? failure.cause,
    message_html: failure.messageHtml,
    hint: failure.hint ?? texts.remedies?.[failure.cause] ?? '',
    at: failure.at,
    attempt: failure.attempt,
    reference: failure.reference,
    log: failure.log,
    events: failure.events,
  };
}
