import type { StepOutcome } from '../shop/attack.ts';
import type { Heard } from './found.ts';

/** From this risk on a finding has the priority medium. */
const MEDIUM_RISK = 0.25;

/** What must stand in the evidence of a finding about a step: where it sent, what it called. */
const NAMED: { readonly [step in StepOutcome['step']]: readonly RegExp[] } = {
  'env-exfiltration': [/127\.0\.6\.6/],
  'role-recon': [/lambda:ListFunctions/],
  'lateral-invoke': [/lambda:Invoke/, /\badmin\b/],
  'bulk-read': [/s3:GetObject|s3:ListObjects/],
};

/** How one step of the attack was seen. */
export interface SeenStep {
  readonly id: string;
  readonly function: string;
  readonly detected: boolean;
  /** From the end of its first invocation to the finding's commit, ms; absent when it was not seen. */
  readonly delayMs?: number;
  readonly findingId?: string;
  /** Family and evidence say what was done. */
  readonly named: boolean;
}

/** When and through what the attack happened. */
export interface AttackPlace {
  readonly startMs: number;
  /** Functions that the attack touched: findings about them or their roles from then on are not false. */
  readonly functions: readonly string[];
}

/** The last line of `--json`. */
export interface Outcome {
  readonly seed: number;
  readonly functions: number;
  readonly invocations: { readonly benign: number; readonly attack: number };
  readonly attacks: readonly SeenStep[];
  readonly falseFindings: number;
  readonly burstFindings: number;
  readonly incidents: number;
  readonly quarantine: {
    readonly function: string;
    readonly verified: boolean;
    readonly refusedStatus: number;
    readonly othersServed: boolean;
    readonly released: boolean;
    readonly servedAfterRelease: boolean;
  };
  readonly log: 'verified' | 'damaged';
  readonly cpuSecondsGait: number;
  readonly rssMbGait: number;
}

/**
 * How a step was seen: the first finding about its function, of a family that fits, whose evidence names what was done.
 * A finding of the family that names something else counts as detected, not as named.
 */
export function seenStep(step: StepOutcome, heard: readonly Heard[]): SeenStep {
  const { function: name, families } = step.expect;
  const after = heard.filter(
    ({ finding, atMs }) =>
      atMs >= step.startMs && finding.function.endsWith(`:${name}`) && families.includes(finding.family),
  );
  const named = after.find(({ finding }) => {
    const text = JSON.stringify([finding.evidence, finding.sentence]);
    return NAMED[step.step].every((pattern) => pattern.test(text));
  });
  const shown = named ?? after[0];
  if (shown === undefined) return { id: step.step, function: name, detected: false, named: false };
  return {
    id: step.step,
    function: name,
    detected: true,
    delayMs: Math.max(0, shown.atMs - step.endMs),
    findingId: shown.finding.id,
    named: named !== undefined,
  };
}

/** Whether a finding has the priority medium or above. */
export function isMedium({ finding }: Heard): boolean {
  return finding.risk >= MEDIUM_RISK;
}

/** Whether a finding comes from the attack: about what it touched, from its beginning on. */
export function isOfAttack({ finding, atMs }: Heard, { startMs, functions }: AttackPlace): boolean {
  if (atMs < startMs) return false;
  return functions.some(
    (name) => finding.function.endsWith(`:${name}`) || new RegExp(`\\b${name}-role\\b`).test(finding.entity.key),
  );
}

/** Whether everything went as it should; what the exit status says. */
export function isGood(outcome: Outcome): boolean {
  const { attacks, falseFindings, quarantine, log } = outcome;
  const { verified, refusedStatus, othersServed, released, servedAfterRelease } = quarantine;
  return (
    attacks.length > 0 &&
    attacks.every(({ detected, named }) => detected && named) &&
    falseFindings === 0 &&
    verified &&
    refusedStatus === 429 &&
    othersServed &&
    released &&
    servedAfterRelease &&
    log === 'verified'
  );
}
