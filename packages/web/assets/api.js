// Calls of the REST interface as the person who is signed in.
import { text } from './texts.js';

/** A failed call, with words for the person. */
export class ApiError extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

/** The address with this browser's token against forged requests (only where no header can be set). */
export function withXsrf(url) {
  const full = new URL(url, location.href);
  full.searchParams.set('_xsrf', window.jhdata.xsrf_token);
  return full.href;
}

/** Sends JSON and resolves with the status and the answer's JSON, or null. Throws an ApiError. */
export async function api(method, url, body) {
  let response;
  try {
    response = await fetch(url, {
      method,
      credentials: 'same-origin',
      headers: {
        'Content-Type': 'application/json',
        'X-XSRFToken': window.jhdata.xsrf_token,
        Accept: 'application/json',
      },
      body: body === undefined ? null : JSON.stringify(body),
    });
  } catch {
    throw new ApiError(0, text('offline'));
  }
  const answer = await response.json().catch(() => null);
  if (response.ok) return { status: response.status, body: answer };
  const signedOut = response.status === 403 && !answer?.message;
  throw new ApiError(response.status, signedOut ? text('signedOut') : answer?.message || text('failed'));
}
