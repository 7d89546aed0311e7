import {
  type Answer,
  anyOf,
  authorise,
  type Context,
  errorAnswer,
  html,
  on,
  type Routes,
  redirect,
  requesterOf,
} from '../http/index.ts';
import { DeadlineError } from '../kernel/index.ts';
import { HubError, type JsonObject } from '../plugin/index.ts';
import { inOneSentence, offeredProfiles } from '../servers/index.ts';
import type { PageDeps } from './deps.ts';
import { type FailedServer, hasFailed } from './failed-server.ts';
import { failurePage, failureSentence } from './failure-view.ts';
import { nextArgument, nextTarget } from './next-target.ts';
import { pageContext } from './page-context.ts';
import { fullName, type ServerName, serverUrls } from './server-urls.ts';
import { pageServer } from './server-view.ts';
import { type DrawnForm, drawForm, type FilledIn } from './spawn-form.ts';
import { type ChosenOptions, formOptions, queryOptions, readOptions } from './spawn-options.ts';
import {
  findTarget,
  formContext,
  namesOf,
  pendingUrl,
  type SpawnTarget,
  scopeTarget,
} from './spawn-target.ts';
import { actorOf, requireViewer } from './viewer.ts';

/** How long a start may fail on the page that asked for it (W31). */
const waitSeconds = 1;
const scope = anyOf('servers');

/** Starting a server by page (section 1.4). */
export function spawnRoutes(hub: Routes, deps: PageDeps): void {
  const get = { summary: 'Start a server, with its options form if it has one', scope, on: scopeTarget };
  const bodyLimit = deps.settings.formLimit;
  const post = { summary: 'Start a server with options', bodyLimit, reads: 'form' } as const;

  for (const path of ['/spawn/:name', '/spawn/:name/:server'] as const) {
    hub.route('GET', path, { ...get, handle: (context) => show(context, namesOf(context), deps) });
    hub.route('POST', path, {
      ...post,
      scope,
      on: scopeTarget,
      handle: (context) => submit(context, namesOf(context), deps),
    });
  }
  // Without a name it is the viewer's own, whom no path tells.
  hub.route('GET', '/spawn', {
    summary: 'Start the own server',
    identity: 'user',
    handle: async (context) => show(context, await ownServer(context, deps), deps),
  });
  hub.route('POST', '/spawn', {
    ...post,
    identity: 'user',
    handle: async (context) => submit(context, await ownServer(context, deps), deps),
  });
}

async function ownServer(context: Context, { memberships }: PageDeps): Promise<ServerName> {
  const user = requireViewer(context).name;
  await authorise(context.caller, { scope, target: on.server(user, '') }, memberships);
  return { user, server: '' };
}

/** W29 */
async function show(context: Context, name: ServerName, deps: PageDeps): Promise<Answer> {
  const target = await findTarget(context, name, deps);
  const phase = target.row?.phase ?? 'stopped';
  if (phase === 'ready') {
    return redirect(await nextTarget(context, deps, { fallback: serverUrls(deps.places, name).open }));
  }
  if (phase !== 'stopped') return redirect(pendingUrl(context, name, deps));

  const chosen = queryOptions(context.searchParams, deps.log);
  if (chosen) return startWith(context, target, chosen, deps);
  const form = await drawForm(target, formContext(context, target, deps), null, deps);
  if (form === null) return startWith(context, target, onlyChoice(target, deps), deps);
  return formPage(context, target, form, deps);
}

/** Where one profile is offered it is taken, even if the last start was by another; else the last options are. */
function onlyChoice({ owner }: SpawnTarget, { starts }: PageDeps): ChosenOptions | null {
  const [first] = offeredProfiles(starts.profiles, owner);
  return first ? { fields: { profile: [first.id] }, files: [] } : null;
}

/** W30 */
async function submit(context: Context, name: ServerName, deps: PageDeps): Promise<Answer> {
  const target = await findTarget(context, name, deps);
  const phase = target.row?.phase ?? 'stopped';
  if (phase === 'ready') throw new HubError('HUB_BAD_REQUEST', `${fullName(name)} is already running`);
  if (phase !== 'stopped') {
    const pending = phase === 'stopping' ? 'stop' : 'spawn';
    throw new HubError('HUB_BAD_REQUEST', `${fullName(name)} is pending ${pending}`);
  }
  return startWith(context, target, formOptions(context.form, context.files), deps);
}

/** W31: starts, and leads to the page that follows it; what fails at once is told on the form, if there is one. */
async function startWith(
  context: Context,
  target: SpawnTarget,
  chosen: ChosenOptions | null,
  deps: PageDeps,
): Promise<Answer> {
  const told = formContext(context, target, deps);
  let failed: FailedServer | null = null;
  let filledIn: FilledIn | null = null;
  try {
    filledIn = chosen && (await readOptions(target, chosen, told, deps));
    if (filledIn && filledIn.mistakes.length > 0) return await incomplete(context, target, filledIn, deps);
    failed = await start(context, target, filledIn?.options ?? null, deps);
    if (!failed) return redirect(pendingUrl(context, target.name, deps));
  } catch (error) {
    return refused(context, target, error, filledIn, deps);
  }

  const { failure } = failed;
  const message = failureSentence(failure, target.name);
  const form = await drawForm(target, { ...told, lastOptions: failed.userOptions ?? {} }, filledIn, deps);
  if (form === null) {
    const page = { next: nextArgument(context), message, headers: failure.headers };
    return failurePage(context, deps, failed, page);
  }
  const error = { message, html: failure.messageHtml };
  const { status, headers = {} } = failure;
  return formPage(context, target, form, deps, { status, headers, error });
}

/** The form again, with what is wrong beside its fields; on the whole only what no field of it can tell. */
async function incomplete(
  context: Context,
  target: SpawnTarget,
  filledIn: FilledIn,
  deps: PageDeps,
): Promise<Answer> {
  const form = await drawForm(target, formContext(context, target, deps), filledIn, deps);
  const drawn = [form ?? { fields: [] }, ...(form?.profiles ?? [])].flatMap(({ fields }) => fields);
  const beside = new Set(drawn.flatMap(({ option, error }) => (error ? [option] : [])));
  const elsewhere = filledIn.mistakes.filter(({ field }) => !beside.has(field));
  const message = `Invalid user options: ${inOneSentence(elsewhere)}.`;
  if (form === null) throw new HubError('HUB_BAD_REQUEST', message);
  const error = elsewhere.length > 0 ? { message, html: null } : null;
  return formPage(context, target, form, deps, { status: 400, headers: {}, error });
}

/** The row of a start that failed within the second it is waited for; `null` while nothing speaks against it. */
async function start(
  context: Context,
  { name, owner, displayName }: SpawnTarget,
  userOptions: JsonObject | null,
  { servers, askAgain }: PageDeps,
): Promise<FailedServer | null> {
  await askAgain.beforeStart(requesterOf(context.caller), owner);
  const actor = actorOf(context);
  const bulk = actor.name !== owner.name;
  const request = { actor, userOptions, displayName, bulk };
  const row = await servers.requestStart(owner, name.server, request);
  try {
    await servers.startOutcome(row, waitSeconds);
    return null;
  } catch (error) {
    const failed = await servers.find(owner, name.server);
    if (hasFailed(failed) && failed.failure.attempt === row.attempt) return failed;
    throw error;
  }
}

/** A start that was not even begun: on the form with the status and headers of its refusal (W30). */
async function refused(
  context: Context,
  target: SpawnTarget,
  error: unknown,
  filledIn: FilledIn | null,
  deps: PageDeps,
): Promise<Answer> {
  const form = await drawForm(target, formContext(context, target, deps), filledIn, deps);
  if (form === null) throw error;
  const { status, message, messageHtml, headers, unexpected } = errorAnswer(error);
  if (unexpected || error instanceof DeadlineError) {
    deps.log.error({ err: error, user: target.owner.name, server: target.name.server }, 'start failed');
  }
  const told = unexpected ? `Unhandled error starting server ${fullName(target.name)}` : message;
  return formPage(context, target, form, deps, {
    status,
    headers,
    error: { message: told, html: messageHtml },
  });
}

interface FormTrouble {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly error: { readonly message: string; readonly html: string | null } | null;
}

async function formPage(
  context: Context,
  { name, row }: SpawnTarget,
  form: DrawnForm,
  deps: PageDeps,
  { status, headers, error }: FormTrouble = { status: 200, headers: {}, error: null },
): Promise<Answer> {
  const page = {
    server: pageServer(deps, name, row),
    ...form,
    action: formAction(context),
    error,
  };
  return html(await deps.pages.spawn(await pageContext(context, deps), page), status, { headers });
}

/** The same address with the token in its query: the form itself is the operator's (W29, W63). */
function formAction(context: Context): string {
  const query = new URLSearchParams([...context.searchParams].filter(([name]) => name !== '_xsrf'));
  query.append('_xsrf', context.xsrfToken());
  return `${context.path}?${query}`;
}
