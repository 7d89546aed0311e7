import type { Contender } from './contender.ts';

/** One row of the table. */
export interface Measure {
  readonly title: string;
  readonly unit: 's' | 'ms' | 'MB' | '/s' | 'cores' | '%' | '';
  /** A size that was given: nothing is better. */
  readonly isSize?: boolean;
  /** Lower is better, unless told. */
  readonly higherIsBetter?: boolean;
}

/** The rows of one part, by key. */
export type Measures = Readonly<Record<string, Measure>>;

/** What one hub showed in one part. What it does not have is missing. */
export type Figures<M extends Measures> = Readonly<Partial<Record<keyof M & string, number>>>;

/** A part that was measured on both. */
export interface PartResult {
  readonly title: string;
  readonly measures: Measures;
  readonly figures: Readonly<Record<Contender['name'], Readonly<Partial<Record<string, number>>>>>;
}

/** How many times better this hub is: below 1 it is worse. `null` where one of them has no such figure. */
export function ratioOf({ measures, figures }: PartResult, key: string): number | null {
  if (measures[key]?.isSize) return null;
  const theirs = figures.jupyterhub[key];
  const ours = figures.hub[key];
  if (theirs === undefined || ours === undefined || theirs === 0 || ours === 0) return null;
  return measures[key]?.higherIsBetter ? ours / theirs : theirs / ours;
}
