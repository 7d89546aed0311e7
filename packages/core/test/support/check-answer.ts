import { Ajv2020 } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import { request } from 'undici';

/** An answer as it came. */
export interface Answered {
  readonly method: string;
  /** Path with prefix, as asked for. */
  readonly path: string;
  readonly status: number;
  readonly contentType: string | undefined;
  readonly body: string;
}

interface Response {
  readonly content?: Readonly<Record<string, unknown>>;
}

interface Description {
  readonly paths: Readonly<
    Record<string, Readonly<Record<string, { readonly responses: Readonly<Record<string, Response>> }>>>
  >;
}

/** Checks answers against an OpenAPI document; throws for an undocumented status, content type or body. */
export function answerChecker(document: Description & object): (answer: Answered) => void {
  const ajv = new Ajv2020({ strict: false, validateFormats: true });
  formats.default(ajv);
  ajv.addSchema(document, 'hub');
  const paths = Object.keys(document.paths)
    .map((path) => ({ path, pattern: patternOf(path) }))
    // What is spelt out goes before parameters, as in the router.
    .sort((a, b) => a.path.split('{').length - b.path.split('{').length);

  return ({ method, path, status, contentType = '', body }) => {
    const pathname = path.replace(/[?#].*/s, '');
    const found = paths.find(({ pattern }) => pattern.test(pathname))?.path;
    const verb = method.toLowerCase();
    const operation = found === undefined ? undefined : document.paths[found]?.[verb];
    if (found === undefined || !operation) return requireUnknown(method, status, path);

    const what = `${method} ${found} → ${status}`;
    const { responses } = operation;
    const key = [String(status), `${String(status).charAt(0)}XX`].find((one) => one in responses);
    const response = key === undefined ? undefined : responses[key];
    if (key === undefined || !response) throw new Error(`${what} is not documented: ${body.slice(0, 200)}`);
    if (response.content === undefined) {
      if (body !== '') throw new Error(`${what} has a body, which is not documented: ${body.slice(0, 200)}`);
      return;
    }
    const type = contentType.replace(/;.*/s, '').trim();
    if (!(type in response.content)) throw new Error(`${what} is ${type}, which is not documented`);
    if (type !== 'application/json') return;
    const pointer = ['paths', found, verb, 'responses', key, 'content', type, 'schema']
      .map(escaped)
      .join('/');
    const validate = ajv.getSchema(`hub#/${pointer}`);
    if (!validate) throw new Error(`${what} has no schema`);
    if (validate(JSON.parse(body))) return;
    throw new Error(`${what}: ${ajv.errorsText(validate.errors)} in ${body.slice(0, 400)}`);
  };
}

const checkers = new Map<string, Promise<(answer: Answered) => void>>();

/** Checks an answer below `/hub/api` against the description that its hub serves. */
export async function checkAnswer(
  origin: string,
  seen: {
    readonly method: string;
    readonly path: string;
    readonly body: string;
    readonly answer: {
      readonly statusCode: number;
      readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
    };
  },
): Promise<void> {
  const { method, path, body, answer } = seen;
  // The consent page is a page, although its address is the API's (W69).
  if (!/^\/hub\/api(?:[/?]|$)(?!oauth2\/authorize)/.test(path)) return;
  let checker = checkers.get(origin);
  if (!checker) {
    checker = description(origin).then(answerChecker);
    checkers.set(origin, checker);
  }
  const type = answer.headers['content-type'];
  const contentType = typeof type === 'string' ? type : undefined;
  (await checker)({ method, path, status: answer.statusCode, contentType, body });
}

async function description(origin: string): Promise<Description> {
  const answer = await request(new URL('/hub/api/openapi.json', origin));
  return JSON.parse(await answer.body.text());
}

/** R2, R3: what no operation is about. */
function requireUnknown(method: string, status: number, path: string): void {
  if (method === 'OPTIONS' || [400, 404, 405, 414].includes(status)) return;
  throw new Error(`${method} ${path} → ${status}: no such operation is documented`);
}

function patternOf(path: string): RegExp {
  const parts = path.split(/\{\w+\}/).map((part) => part.replaceAll(/[.*+?^$()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${parts.join('[^/]*')}$`);
}

/** One step of a JSON pointer in a URI fragment. */
function escaped(step: string): string {
  return encodeURIComponent(step.replaceAll('~', '~0').replaceAll('/', '~1'));
}
