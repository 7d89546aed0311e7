import type { SpawnField, SpawnFile, SpawnPage, SpawnProfile } from '../plugin/index.ts';
import { type Markup, markup, type Part, trusted } from './markup.ts';

/** The options form without a look; fields of profiles that are not chosen are sent and do not count. */
export function spawnBody({ profiles, fields, optionsFormHtml, action, error }: SpawnPage): Markup {
  return markup`${error && markup`<p role="alert">${error.message}</p>`}
<form method="post" enctype="multipart/form-data" action="${action}">${profiles.map(profileChoice)}
${fields.map(spawnField)}${trusted(optionsFormHtml)}
<p><button>Start</button></p></form>`;
}

function profileChoice(profile: SpawnProfile): Markup {
  const { id, name, description, chosen, lastUsed, fields, optionsFormHtml } = profile;
  // Without a script nothing would take back what the fields of another profile demand.
  const asked = fields.map((field) => spawnField({ ...field, required: false, limits: {} }));
  return markup`<fieldset><legend><label><input type="radio" name="profile" value="${id}"${flag('checked', chosen)}>
${name}</label></legend><p>${description}${lastUsed && ' (last used)'}</p>${asked}${trusted(optionsFormHtml)}</fieldset>`;
}

function spawnField(field: SpawnField): Markup {
  const { name, label, description, kind, required, error } = field;
  const told = [description && `${name}-hint`, error && `${name}-error`].filter(Boolean).join(' ');
  const common = markup`id="${name}" name="${name}"${flag('required', required)}${
    told && markup` aria-describedby="${told}"`
  }${error && markup` aria-invalid="true"`}`;
  const labelled = markup`<label for="${name}">${label}</label>`;
  return markup`<p>${kind === 'checkbox' ? checkbox(field, common, labelled) : markup`${labelled} ${input(field, common)}`}${
    description && markup`<br><small id="${name}-hint">${description}</small>`
  }${error && markup`<br><strong id="${name}-error">This ${error.message}.</strong>`}</p>`;
}

function checkbox({ name, value }: SpawnField, common: Markup, labelled: Markup): Markup {
  return markup`<input type="hidden" name="${name}" value="false"><input type="checkbox" value="true" ${common}${flag('checked', value === 'true')}> ${labelled}`;
}

function input(
  { kind, value, choices, required, limits, placeholder, file, name }: SpawnField,
  common: Markup,
): Markup {
  if (file) return fileInput(file, common, name);
  if (kind !== 'select') {
    const rules = Object.entries(limits).map(([rule, limit]) => markup` ${rule}="${limit}"`);
    return markup`<input type="${kind}" value="${value}"${rules}${placeholder && markup` placeholder="${placeholder}"`} ${common}>`;
  }
  const none = choices.some((choice) => choice.value === value) && required ? [] : [{ value: '', label: '' }];
  const options = [...none, ...choices].map(
    (choice) =>
      markup`<option value="${choice.value}"${flag('selected', choice.value === value)}>${choice.label}</option>`,
  );
  return markup`<select ${common}>${options}</select>`;
}

function fileInput({ most, accept, last }: SpawnFile, common: Markup, name: string): Markup {
  const keep =
    last &&
    markup`<br><label><input type="checkbox" name="${name}" value="keep"${flag('checked', last.kept)}> Keep ${last.name}</label>`;
  return markup`<input type="file"${accept && markup` accept="${accept}"`} ${common}> (${most} at most)${keep}`;
}

function flag(name: string, isSet: boolean): Part {
  return isSet ? markup` ${name}` : null;
}
