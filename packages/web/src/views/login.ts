import type { LoginField, LoginPage, LoginWay } from '@hub/core/plugin';
import type { PageVariables } from '../page-variables.ts';
import type { Texts } from '../texts.ts';

type FormWay = Extract<LoginWay, { kind: 'form' }>;

const usual: Readonly<Record<string, { id: string; text: string; type: string; autocomplete: string }>> = {
  username: { id: 'username_input', text: 'username', type: 'text', autocomplete: 'username' },
  password: { id: 'password_input', text: 'password', type: 'password', autocomplete: 'current-password' },
  otp: { id: 'otp_input', text: 'otp', type: 'text', autocomplete: 'one-time-code' },
};

/** Variables of `login.html`; `renderForm` renders an authenticator's own form (P144). */
export function loginVariables(page: LoginPage, texts: Texts, termUrl: unknown): PageVariables {
  const forms = page.ways.filter((way) => way.kind === 'form');
  const buttons = page.ways.filter((way) => way.kind === 'button');
  const loginUrl = forms[0]?.action ?? buttons[0]?.href ?? '';
  return {
    next: page.next,
    username: page.username,
    login_error: page.error,
    login_term_url: page.termsUrl ?? termUrl ?? '',
    login_service: buttons[0]?.label ?? '',
    authenticator_login_url: loginUrl,
    authenticator: { id: page.ways[0]?.id ?? '', login_service: buttons[0]?.label ?? '' },
    secure: page.secure,
    forms: forms.map((form, index) => formVariables(form, index, page, texts)),
    buttons,
  };
}

/** A form as `login.html` shows it. */
export type LoginForm = ReturnType<typeof formVariables>;

/** What a custom form finds besides the variables of the page: its own address, and how its own last try went. */
export function customFormVariables({ id, action, username, error }: LoginForm): PageVariables {
  return { authenticator: { id }, authenticator_login_url: action, username, login_error: error };
}

/** The first form carries the ids of W121; further ones add their authenticator's id to them. */
function formVariables(form: FormWay, index: number, page: LoginPage, texts: Texts) {
  const suffix = index === 0 ? '' : `-${form.id}`;
  const tried = page.tried === form.id || (page.tried === null && index === 0);
  const fields = form.fields.map((field) => fieldVariables(field, suffix, texts));
  // The cursor waits where the person goes on: the name, or what follows when it is known.
  const focus = fields.find((field) => field.name !== 'username' || !(tried && page.username));
  return {
    id: form.id,
    suffix,
    title: form.title,
    action: form.action,
    hidden: form.hidden,
    form_html: form.formHtml,
    invalid: page.error !== null && tried,
    username: tried ? page.username : '',
    error: tried ? page.error : null,
    fields: fields.map((field) => ({ ...field, autofocus: tried && field === focus })),
  };
}

function fieldVariables(field: LoginField, suffix: string, texts: Texts) {
  const known = usual[field.name];
  return {
    name: field.name,
    id: `${known?.id ?? `login-${field.name}`}${suffix}`,
    label: field.label ?? (known && texts.login?.[known.text]) ?? field.name,
    type: field.type ?? known?.type ?? 'text',
    autocomplete: known?.autocomplete ?? 'off',
    required: field.required ?? known !== undefined,
  };
}
