import type { Score } from '../detectors/detector.ts';

/** A score with where it happened, as stage 2 reads it. */
export interface ScoredRow {
  readonly score: Score;
  readonly row: number;
  readonly function: string;
  readonly functionHi: number;
  readonly functionLo: number;
  readonly facets: number;
  /** Facet bits this function has ever delivered: decides what could not be seen. */
  readonly facetsEver: number;
  /** Group of calibration: what triggers the function, or what sort of principal acts. */
  readonly group: number;
  /** Function of the same name it was judged by for want of own experience, '' when it has that. */
  readonly namesake: string;
  /** Invocations since the revision changed, Infinity when it never did. */
  readonly sinceDeployment: number;
  /** The learn gate: an incident about this family is open. */
  readonly held: boolean;
}
