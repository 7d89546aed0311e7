import { expect, it } from 'vitest';
import { createLogger } from './logger.ts';

function logged(fields: object) {
  const lines: string[] = [];
  const log = createLogger('info', { write: (line) => void lines.push(line) });
  log.info(fields, 'happened');
  return JSON.parse(lines.join(''));
}

it.each(['password', 'token', 'code', 'otp', 'cookie'])(
  'hides %s, at the top and one level below',
  (name) => {
    expect(logged({ [name]: 'EMFILE', body: { [name]: 'EMFILE' } })).toMatchObject({
      [name]: '[secret]',
      body: { [name]: '[secret]' },
    });
  },
);

it.each(['EMFILE', '53100', 'ERR_TLS_CERT_ALTNAME_INVALID'])('tells the code %s of an error', (code) => {
  const err = Object.assign(new Error('no'), { code });
  expect(logged({ err }).err).toMatchObject({ message: 'no', errorCode: code });
});

it('hides a code of an error that is none of those', () => {
  const err = Object.assign(new Error('no'), { code: 'SplxlOBeZQQYbYS6WxSbIA' });
  expect(JSON.stringify(logged({ err }))).not.toContain('SplxlO');
});

it('tells what was thrown and is no error', () => {
  expect(logged({ err: 'thrown' }).err).toBe('thrown');
});
