import { describe, expect, it } from 'vitest';
import { HubError, spawnRefusal } from '../plugin/index.ts';
import { errorAnswer, errorBody, pageError } from './errors.ts';

const fastifyError = (code: string, message: string) =>
  Object.assign(new Error(message), { code, statusCode: 418 });

describe('R15: the body of an error', () => {
  it.each<[string, unknown, number, string]>([
    ['a HubError', new HubError('HUB_NOT_FOUND', 'No such server: x'), 404, 'No such server: x'],
    ['R19: a HubError without text', new HubError('HUB_NOT_FOUND', ''), 404, 'Not Found'],
    ['a HubError with a status of its own', new HubError('HUB_FORBIDDEN', 'm', { status: 424 }), 424, 'm'],
    ['a fault of ours', new HubError('HUB_DATABASE', 'select secret'), 500, 'Internal Server Error'],
    [
      'R18: a fault with a text for users',
      new HubError('HUB_PLUGIN_FAILED', 'custom boom', { expose: true }),
      500,
      'custom boom',
    ],
    [
      'an unavailable database',
      new HubError('HUB_DATABASE_UNAVAILABLE', 'at 10.0.0.1'),
      503,
      'Service Unavailable',
    ],
    ['a refusal', spawnRefusal('All GPUs are taken.', { status: 503 }), 503, 'All GPUs are taken.'],
    ['R18: a refusal without a status', spawnRefusal('no'), 400, 'no'],
    ['a refusal with a senseless status', spawnRefusal('no', { status: 200 }), 500, 'no'],
    ['R18: anything else', new Error('password is x'), 500, 'Internal Server Error'],
    ['a text', 'boom', 500, 'Internal Server Error'],
    ['nothing', undefined, 500, 'Internal Server Error'],
    [
      'a foreign error with a status',
      Object.assign(new Error('secret'), { statusCode: 400 }),
      500,
      'Internal Server Error',
    ],
    [
      'a request that does not fit',
      fastifyError('FST_ERR_VALIDATION', 'body/name must be string'),
      400,
      'body/name must be string',
    ],
    ['a body too large', fastifyError('FST_ERR_CTP_BODY_TOO_LARGE', 'x'), 413, 'Payload Too Large'],
    ['R22: a broken content type', fastifyError('FST_ERR_CTP_INVALID_MEDIA_TYPE', 'x'), 400, 'Bad Request'],
    ['a code of Fastify nobody expects', fastifyError('FST_ERR_NEW', 'x'), 500, 'Internal Server Error'],
  ])('%s', (_, error, status, message) => {
    expect(errorBody(errorAnswer(error))).toEqual({ status, message });
  });

  it('is made from a HubError of another copy of the package', () => {
    const foreign = {
      [Symbol.for('@hub/core:HubError')]: true,
      status: 409,
      message: 'taken',
      expose: true,
      headers: {},
    };
    expect(errorBody(errorAnswer(foreign))).toEqual({ status: 409, message: 'taken' });
  });
});

describe('W112: headers of an error', () => {
  it('are kept', () => {
    const error = new HubError('HUB_TOO_MANY', 'later', { headers: { 'Retry-After': '40' } });
    expect(errorAnswer(error).headers).toEqual({ 'Retry-After': '40' });
  });
});

describe('what belongs in the log', () => {
  it.each<[unknown, boolean]>([
    [new Error('x'), true],
    [new HubError('HUB_INTERNAL', 'x'), true],
    [new HubError('HUB_UNAVAILABLE', 'x'), false],
    [new HubError('HUB_NOT_FOUND', 'x'), false],
    [spawnRefusal('x'), false],
    [fastifyError('FST_ERR_VALIDATION', 'x'), false],
  ])('%s: %s', (error, unexpected) => {
    expect(errorAnswer(error).unexpected).toBe(unexpected);
  });
});

describe('W111: an error on a page', () => {
  it('shows the phrase once', () => {
    expect(pageError(errorAnswer(new Error('secret')))).toEqual({
      status: 500,
      reason: 'Internal Server Error',
      message: null,
      messageHtml: null,
    });
  });

  it('shows what was written for users', () => {
    const refusal = spawnRefusal('no image', { status: 422, messageHtml: '<b>no image</b>' });
    expect(pageError(errorAnswer(refusal))).toMatchObject({
      status: 422,
      reason: 'Unprocessable Entity',
      message: 'no image',
      messageHtml: '<b>no image</b>',
    });
  });
});
