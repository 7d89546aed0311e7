import { readFileSync } from 'node:fs';
import { type LaunchError, launchError } from '../launch-error.ts';
import { serviceFile } from '../os-helper/service-file.ts';
import type { SessionRefusal, SessionStage } from './messages.ts';

/** Why PAM opened no session, as the error of a launch: it names the service, and the modules that may have been it. */
export function sessionRefused(
  { stage, text, messages }: SessionRefusal,
  service: string,
  user: string,
): LaunchError {
  const file = serviceFile(service) ?? service;
  if (stage === 'library')
    return launchError(
      'session-refused',
      file,
      `libpam cannot be used: ${text}. Install it (Debian: libpam0g).`,
    );
  const type = types[stage];
  const modules = type ? modulesIn(service, type) : [];
  const said = [...messages].map((message) => message.trim()).filter(Boolean);
  return launchError(
    'session-refused',
    file,
    [
      `PAM opened no session of the service ${service} for the account ${user}: ${text}`,
      ...(type ? [` (${[`in its ${type} part`, ...modules].join(', ')})`] : []),
      '.',
      ...(said.length > 0 ? [` It said: ${said.join(' ')}`] : []),
    ].join(''),
  );
}

/** The part of a service's file that is asked. */
const types: Readonly<Partial<Record<SessionStage, string>>> = {
  account: 'account',
  credentials: 'auth',
  session: 'session',
};

/** The modules that a service asks, with those of files it includes. */
function modulesIn(service: string, type: string, depth = 0): readonly string[] {
  const file = serviceFile(service);
  if (!file || depth > 5) return [];
  const found = readFileSync(file, 'utf8')
    .split('\n')
    .flatMap((line) => {
      const [first = '', ...rest] = line.trim().split(/\s+(?![^[]*\])/);
      if (first === '@include') return modulesIn(rest[0] ?? '', type, depth + 1);
      if (first.replace(/^-/, '') !== type) return [];
      const [control = '', module = ''] = rest;
      if (control === 'include' || control === 'substack') return modulesIn(module, type, depth + 1);
      return [module.split('/').at(-1) ?? ''];
    });
  return [...new Set(found)];
}
