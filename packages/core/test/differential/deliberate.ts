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
];

const pythonText = /<class '|validation error|\b(None|True|False)\b|\[type=|typing\.|: \{'|got '/;

const typeText = /must be|must have|Unexpected field/;

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

/** R20: what is no text among names is a mistake of the caller. */
export const noText = mended('R20', 500, 400);

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
