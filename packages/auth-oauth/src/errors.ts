import { HubError } from '@hub/core/plugin';

/** The provider gave no usable answer: people may try again later, and nobody is signed out over it. */
export function providerUnavailable(what: string, cause?: unknown): HubError {
  return new HubError('HUB_UNAVAILABLE', what, {
    cause,
    expose: true,
    hint: 'Try again in a moment. If it goes on, tell whoever runs this hub.',
  });
}
