import { isDeepStrictEqual } from 'node:util';
import type { Answer } from './support/normalise.ts';

/**
 * Everything in which this hub differs from the original on purpose, each by the rule of the contract that says
 * so. What is not here has to be equal.
 */

type Pair = { readonly theirs: Answer; readonly ours: Answer };

/** A difference that may show in any answer: makes the two alike where the rule allows it, and only there. */
interface Anywhere {
  readonly rule: string;
  readonly alike: (pair: Pair, method: string) => Pair;
}

/** A difference of one request: what each of the two answers. */
export interface Deliberate {
  readonly rule: string;
  /** What is wrong with this pair of answers, if anything is. */
  readonly differs: (theirs: Answer, ours: Answer) => string | null;
}

export const everywhere: readonly Anywhere[] = [
  {
    // Where the original says nothing, this hub says the phrase, or more.
    rule: 'R19',
    alike: onMessages((theirs, ours) => theirs === null && typeof ours === 'string' && ours !== ''),
  },
  {
    // Texts about wrong types name Python's types: both must say something.
    rule: 'R20',
    alike: onMessages(
      (theirs, ours, status) =>
        status === 400 &&
        typeof theirs === 'string' &&
        typeof ours === 'string' &&
        ours !== '' &&
        (pythonText.test(theirs) || typeText.test(ours)),
    ),
  },
  {
    // Quotes around names come and go in the original.
    rule: 'R20',
    alike: onMessages((theirs, ours) => unquoted(theirs) === unquoted(ours)),
  },
  {
    // Pages are stored nowhere and say which scripts may run.
    rule: 'W108',
    alike: ({ theirs, ours }) => ({
      theirs: without(theirs, ours.headers['content-security-policy'] === '<page>' ? policy : []),
      ours: without(ours, [
        ...(ours.headers['cache-control'] === 'no-store' && !theirs.headers['cache-control'] ? cache : []),
        ...(ours.headers['content-security-policy'] === '<page>' ? policy : []),
      ]),
    }),
  },
  {
    // An empty answer has no type; which headers a refused method has is nobody's matter.
    rule: 'R3, R6',
    alike: (pair, method) =>
      method === 'OPTIONS' || pair.theirs.status === 405
        ? { theirs: bare(pair.theirs), ours: bare(pair.ours) }
        : pair,
  },
];

const pythonText = /<class '|validation error|\b(None|True|False)\b|\[type=|typing\.|: \{'|got '/;

const typeText = /must be|must have|must contain|Unexpected field/;

function bare(answer: Answer): Answer {
  const body = Array.isArray(answer.body) && answer.body.length === 0 ? '' : answer.body;
  return { ...without(answer, ['access-control-allow-origin', 'content-type']), body };
}

const cache = ['cache-control'];
const policy = ['content-security-policy'];

function without(answer: Answer, names: readonly string[]): Answer {
  const headers = Object.entries(answer.headers).filter(([name]) => !names.includes(name));
  return { ...answer, headers: Object.fromEntries(headers) };
}

function unquoted(message: unknown): string {
  return String(message).replaceAll("'", '');
}

/** Changes both messages to one where `same` says that they mean the same. */
function onMessages(same: (theirs: unknown, ours: unknown, status: number) => boolean): Anywhere['alike'] {
  return (pair) => {
    const [theirs, ours] = [messageOf(pair.theirs), messageOf(pair.ours)];
    if (theirs === undefined || ours === undefined || pair.theirs.status !== pair.ours.status) return pair;
    if (!same(theirs, ours, pair.theirs.status)) return pair;
    return { ...pair, theirs: { ...pair.theirs, body: pair.ours.body } };
  };
}

function messageOf({ body }: Answer): unknown {
  return typeof body === 'object' && body !== null && 'message' in body && 'status' in body
    ? body.message
    : undefined;
}

/** A defect of the original that is mended here: the status each of them answers. */
function mended(rule: string, theirs: number | readonly number[], ours: number): Deliberate {
  const expected = [theirs].flat();
  return {
    rule,
    differs: (found, own) => {
      if (!expected.includes(found.status)) return `the original should answer ${expected.join(' or ')}`;
      return own.status === ours ? null : `this hub should answer ${ours}`;
    },
  };
}

/** A difference in words only, which no client reads. */
function sameStatus(rule: string, ...statuses: number[]): Deliberate {
  return {
    rule,
    differs: (theirs, ours) =>
      theirs.status === ours.status && statuses.includes(ours.status) && messageOf(ours)
        ? null
        : `both should answer ${statuses.join(' or ')}, with a message`,
  };
}

/** R45, section 2.3: what a service leaves unset is as `GET /services` has it, not null. */
export const unsetOfService: Deliberate = {
  rule: 'R45',
  differs: ({ body: theirs }, { body: ours }) => {
    const nulls = { url: null, info: null, display: null };
    return isDeepStrictEqual({ ...(ours as object), ...nulls }, theirs) ? null : 'only these may differ';
  },
};

/** R59: the body is an object, or absent; the original takes any that is false to Python. */
export const emptyListIsNoBody = mended('R59', 201, 400);

/** R59: the refusal names the reason. */
export const refusedName = sameStatus('R59', 400);

/** R14: what is no JSON is refused, also where the original does not look at the body. */
export const brokenBody = mended('R14', [204, 404], 400);

/** R20: a value of a wrong type is a mistake of the caller. */
export const wrongType = mended('R20', [204, 500], 400);

/** R58: newly created users, so nobody twice. */
export const createdOnce: Deliberate = {
  rule: 'R58',
  differs: (theirs, ours) => (total(theirs) === 2 && total(ours) === 1 ? null : 'twice there, once here'),
};

/** No rule speaks of NUL: PostgreSQL holds none, so no name has one and the request is refused as a whole. */
export const noNul = mended('R178', 404, 400);

/** R56, R102: a text is no list of names; the original takes its characters. */
export const textIsNoList = mended('R56', 201, 400);

/** R51: `%` and `_` are what they look like. */
export const wildcards: Deliberate = {
  rule: 'R51',
  differs: (theirs, ours) =>
    total(theirs) > 0 && total(ours) === 0 ? null : 'only the original finds users',
};

/** R59: a name that is not in its normalised form is refused, not created as it is spelt. */
export const createdAsSpelt = mended('R59', 201, 400);

function total({ body }: Answer): number {
  return Array.isArray(body) ? body.length : Number.NaN;
}

/** R172: keys of the hub's own are refused at any depth. */
export const reservedKeys = mended('R172', 201, 400);

/** R82: an unknown key is a mistake of the caller. */
export const unexpectedField = mended('R82', 500, 400);

/** R66: all servers of a user are stopped before they are deleted. */
export const namedServersStop = mended('R66', 500, 204);

/** R75: a list is no options, not even an empty one. */
export const emptyListIsNoOptions = mended('R75', 201, 400);

/** R79: a display name is looked at whenever one is given. */
export const badDisplayName = mended('R79', 200, 400);

/** R81: the reason of a failed start is told in words for people. */
export const failedStart = sameStatus('R81', 500);

/** R90, W33: the stream tells that the start failed, never the text of an exception. */
export const failedEvent: Deliberate = {
  rule: 'R90',
  differs: (theirs, ours) => {
    const events = [theirs, ours].map(({ status, body }) => {
      const [event, ...more] = Array.isArray(body) ? body : [];
      return { status, failed: event?.failed, progress: event?.progress, more: more.length };
    });
    return isDeepStrictEqual(events[0], events[1]) ? null : 'both should send one event that says so';
  },
};

/** R91: whether the original has a server in memory is nothing a client can know. */
export const nothingStarts: Deliberate = {
  rule: 'R91',
  differs: (theirs, ours) =>
    [400, 404].includes(theirs.status) && [400, 404].includes(ours.status)
      ? null
      : 'both should answer 400 or 404',
};

/** R132: a filter needs a value. */
export const emptyFilter = mended('R132', [201, 400, 500], 400);

/** R95: no date is that far away. */
export const farTooLong = mended('R95', 500, 400);

/** R37: `total` counts what the caller may see. */
export const filteredTotal: Deliberate = {
  rule: 'R37',
  differs: ({ body: theirs }, { body: ours }) => {
    const items = (body: unknown) => (body as { items: unknown[] }).items;
    const { total } = (ours as { _pagination: { total: number } })._pagination;
    const fits = total === items(ours).length && isDeepStrictEqual(items(theirs), items(ours));
    return fits ? null : 'the same items, and ours counts them';
  },
};

/** R20: why a wish is none, in other words. */
export const otherWords = sameStatus('R20', 400, 404);

/** R94: a note that is no text is stored as text, and shown so at once. */
export const noteAsText: Deliberate = {
  rule: 'R94',
  differs: ({ body: theirs }, { body: ours }) =>
    isDeepStrictEqual({ ...(theirs as object), note: '5' }, ours) ? null : 'only the note may differ',
};
export const noteOfAList = mended('R94', 500, 201);

/** R95: true is no number of seconds. */
export const noSeconds = mended('R95', 201, 400);

/** R114: a scope that does not exist is a mistake of the caller. */
export const noSuchScope = mended('R114', 500, 400);

/** R110: what is wrong with a service is a mistake of the caller. */
export const wrongService = mended('R110', 500, 400);

/** R121: an empty list is no body, as elsewhere. */
export const emptyListIsNoCode = mended('R121', 200, 400);

/** R3: a method nobody answers is told to everybody. */
export const methodFirst = mended('R3', 403, 405);

/** R4, R15: below `api/` metrics are refused as everything there is, and have the policy all of it has. */
export const metrics: Deliberate = {
  rule: 'R15',
  differs: (theirs, ours) => (theirs.status === ours.status ? null : 'both should answer the same status'),
};

/** R28: a stranger whose request was checked gets the cookie that would have been right. */
export const strangersCookie: Deliberate = {
  rule: 'R28',
  differs: (theirs, ours) => {
    const refused = theirs.status === 403 && ours.status === 403;
    return refused && ours.headers['set-cookie'] ? null : 'both should refuse, and ours set the cookie';
  },
};

/** W25: a form without a name is a wrong one. */
export const namelessForm = mended('W25', 500, 403);

/** W76: a query is a mistake of the client. */
export const queryAtTokenEndpoint = mended('W76', 500, 400);

/** W79: a wrong verifier spends the code, so that nobody can go on guessing. */
export const spentCode = mended('W79', 200, 400);

/** R30: a header that is there and does not say JSON does not say JSON, be it empty. */
export const emptyType = mended('R30', 201, 403);

/** R61: groups and roles are not changed here. */
export const notChangedHere = mended('R61', 500, 400);

/** R62: a user whose name stays keeps it. The original forgets it. */
export const sameUserName: Deliberate = {
  rule: 'R62',
  differs: ({ body: theirs }, { body: ours }) => {
    const names = [theirs, ours].map((body) => (body as { name: string | null }).name);
    return isDeepStrictEqual(names, [null, 'old3']) ? null : 'the name should stay here, and go there';
  },
};
