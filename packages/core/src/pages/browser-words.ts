import Bowser from 'bowser';

/** `Firefox on Linux`: what a browser calls itself, as far as that can be told; no more than a help to recognise it. */
export function browserWords(userAgent: string): string {
  if (userAgent.trim() === '') return 'A browser';
  const { browser, os, platform } = Bowser.parse(userAgent);
  const program = browser.name || firstProduct(userAgent);
  const place = systemWords(os.name, platform.type);
  return place === '' ? program : `${program} on ${place}`;
}

/** What is no browser names itself first: `curl/8.5.0`. */
function firstProduct(userAgent: string): string {
  return userAgent.split(/[\s/]/, 1)[0]?.slice(0, 40) || 'A browser';
}

function systemWords(system: string | undefined, kind: string | undefined): string {
  if (system !== undefined && system !== '') return system;
  return kind === 'mobile' ? 'a phone' : kind === 'tablet' ? 'a tablet' : '';
}
