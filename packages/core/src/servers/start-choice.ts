import { withDeadline } from '../kernel/index.ts';
import {
  type Clock,
  HubError,
  type JsonObject,
  type OptionsForm,
  type OptionsFormContext,
  type UserView,
} from '../plugin/index.ts';
import { isFormSchema } from './form-problems.ts';
import { checkForm, type FormMistake, typedValues } from './form-values.ts';
import { chosenProfile, type Profile, type Profiles } from './profiles.ts';
import type { SpawnerInstance, Spawners } from './spawners.ts';

/** What a start runs by. */
export interface StartChoice {
  /** `null` where the hub offers none. */
  readonly profile: Profile | null;
  readonly spawner: SpawnerInstance;
}

/** What it works with. */
export interface StartChoiceParts {
  readonly spawners: Spawners;
  readonly profiles: Profiles;
  readonly clock: Clock;
  /** Seconds a form may take. */
  readonly hookTimeout: number;
}

/** How a start comes to its spawner and its options: the same for pages, the API and links. */
export class StartChoices {
  readonly profiles: Profiles;
  readonly #parts: StartChoiceParts;

  constructor(parts: StartChoiceParts) {
    this.#parts = parts;
    this.profiles = parts.profiles;
  }

  /**
   * Where profiles are offered the chosen one names the spawner; else it is that of the last start, or the first.
   *
   * @throws HubError 400 or 403 for a profile the user cannot have.
   */
  choose(
    user: Pick<UserView, 'name' | 'groups'>,
    options: JsonObject | null,
    lastSpawner: string | null,
  ): StartChoice {
    const { spawners, profiles } = this.#parts;
    if (profiles.length > 0) {
      const profile = chosenProfile(profiles, user, wantedProfile(options));
      return { profile, spawner: spawners.get(profile.spawner) };
    }
    const isThere = lastSpawner !== null && spawners.has(lastSpawner);
    return { profile: null, spawner: isThere ? spawners.get(lastSpawner) : spawners.first };
  }

  /** May a start be asked something? Without calling anybody: a form that is a function may have nothing to ask. */
  mayAsk({ profile, spawner }: StartChoice): boolean {
    if (profile?.form !== undefined) return profile.form !== null;
    return spawner.options.optionsForm !== null || spawner.driver.optionsForm !== undefined;
  }

  /** The form of this choice, `null` for none: the profile's, else the operator's, else the spawner's own. */
  async form({ profile, spawner }: StartChoice, context: OptionsFormContext): Promise<OptionsForm | null> {
    if (profile?.form !== undefined) return profile.form;
    const configured = spawner.options.optionsForm;
    if (configured !== null && typeof configured !== 'function') return asForm(configured, spawner);
    const draw = async () =>
      configured === null
        ? ((await spawner.driver.optionsForm?.(context)) ?? null)
        : await configured(context);
    const { clock, hookTimeout } = this.#parts;
    return asForm(
      await withDeadline(clock, `optionsForm of ${spawner.id}`, hookTimeout, null, draw),
      spawner,
    );
  }

  /**
   * Options as they are stored: typed and checked, with what is wrong with them. Those of HTML forms, and those of
   * starts that ask nothing, are the spawner's own matter.
   */
  check(
    { profile }: StartChoice,
    form: OptionsForm | null,
    options: JsonObject,
  ): { readonly options: JsonObject; readonly mistakes: readonly FormMistake[] } {
    const { profile: _profile, ...rest } = options;
    const own = profile ? rest : options;
    const named = profile ? { profile: profile.id } : {};
    if (!isFormSchema(form)) return { options: { ...own, ...named }, mistakes: [] };
    const { values, mistakes } = checkForm(form, typedValues(form, own));
    return { options: { ...values, ...named }, mistakes };
  }

  /**
   * Options a start may have, or a refusal in one sentence.
   *
   * @throws HubError 400 (P228).
   */
  async settle(choice: StartChoice, options: JsonObject, context: OptionsFormContext): Promise<JsonObject> {
    const form = this.mayAsk(choice) ? await this.form(choice, context) : null;
    const checked = this.check(choice, form, options);
    if (checked.mistakes.length === 0) return checked.options;
    throw new HubError('HUB_BAD_REQUEST', `Invalid user options: ${inOneSentence(checked.mistakes)}.`);
  }
}

/** `cores must be 8 or less; image is missing`. */
export function inOneSentence(mistakes: readonly FormMistake[]): string {
  return mistakes.map(({ field, message }) => `${field.slice(0, 64)} ${message}`).join('; ');
}

/** `profile` of the options: a text, or from a form or an address a list of which the last counts. */
export function wantedProfile(options: JsonObject | null): string | null {
  const value = options?.profile;
  const wanted = Array.isArray(value) ? value.at(-1) : value;
  if (wanted === undefined || wanted === null || wanted === '') return null;
  if (typeof wanted === 'string') return wanted;
  throw new HubError('HUB_BAD_REQUEST', 'Invalid user options: profile must be text.');
}

function asForm(form: unknown, { id }: SpawnerInstance): OptionsForm | null {
  if (form === null || form === undefined || form === '') return null;
  if (typeof form === 'string' || isFormSchema(form)) return form;
  throw new HubError('HUB_PLUGIN_FAILED', `optionsForm of ${id} gave neither HTML nor a JSON Schema.`);
}
