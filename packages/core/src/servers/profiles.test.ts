import { describe, expect, it } from 'vitest';
import { isHubError } from '../plugin/index.ts';
import { chosenProfile, offeredProfiles, type Profile } from './profiles.ts';

const profile = (id: string, more: Partial<Profile> = {}): Profile => ({
  id,
  name: id,
  description: '',
  spawner: 'local',
  options: {},
  for: null,
  isDefault: false,
  form: undefined,
  ...more,
});
const all = [
  profile('gpu', { for: { groups: ['lab'], users: ['ada'] } }),
  profile('small'),
  profile('large', { isDefault: true, for: { groups: ['staff', 'lab'], users: [] } }),
];
const user = (name: string, ...groups: string[]) => ({ name, groups });
const refusal = (work: () => unknown) => {
  try {
    work();
  } catch (error) {
    if (isHubError(error)) return { status: error.status, message: error.message };
    throw error;
  }
  return null;
};

describe('profiles', () => {
  it.each([
    [user('bob'), ['small']],
    [user('ada'), ['gpu', 'small']],
    [user('eve', 'lab'), ['gpu', 'small', 'large']],
    [user('tom', 'staff', 'x'), ['small', 'large']],
  ])('are offered by group and by name: %j', (who, ids) => {
    expect(offeredProfiles(all, who).map(({ id }) => id)).toEqual(ids);
  });

  it('are chosen by their id, else the default one among those offered, else the first', () => {
    expect(chosenProfile(all, user('ada'), 'gpu').id).toBe('gpu');
    expect(chosenProfile(all, user('tom', 'staff'), null).id).toBe('large');
    expect(chosenProfile(all, user('bob'), null).id).toBe('small');
  });

  it('that are hidden or unknown are refused with a sentence', () => {
    expect(refusal(() => chosenProfile(all, user('bob'), 'gpu'))).toEqual({
      status: 403,
      message: 'The profile "gpu" is not offered to bob. Choose one of: small.',
    });
    expect(refusal(() => chosenProfile(all, user('bob'), 'nope'))).toEqual({
      status: 400,
      message: 'There is no profile "nope". Choose one of: small.',
    });
    expect(refusal(() => chosenProfile(all.slice(0, 1), user('bob'), null))?.status).toBe(403);
  });
});
