import type { Finding } from '@gait/engine/event/finding';
import type { Attack, StepOutcome } from '../shop/attack.ts';
import type { Heard } from './found.ts';

/** From this risk on a finding has the priority medium. */
const MEDIUM_RISK = 0.25;
/** The trail tells times in whole seconds, ms: what it says began up to so much later. */
const TRAIL_STEP_MS = 1_000;
/** Findings about a step may speak of a time so much after its end, ms: of counts of the seconds in which it happened. */
const AFTER_MS = 5_000;

/** What must stand in the evidence of a finding about a step: where it sent, what it called, what it read. */
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
  readonly endMs: number;
  /** Functions that the attack used. */
  readonly functions: readonly string[];
}

/** The last line of `--json`. */
export interface Outcome {
  readonly seed: number;
  /** That Gait knows. */
  readonly functions: number;
  readonly invocations: { readonly benign: number; readonly attack: number };
  readonly attacks: readonly SeenStep[];
  /** Of priority medium or above and not about the attack, from the first visitor to the end. */
  readonly falseFindings: number;
  /** Of any priority, of the time of the sale. */
  readonly burstFindings: number;
  readonly incidents: number;
  readonly quarantine: {
    readonly function: string;
    /** Every step was done and read back. */
    readonly verified: boolean;
    readonly refusedStatus: number;
    readonly othersServed: boolean;
    readonly released: boolean;
    readonly servedAfterRelease: boolean;
  };
  readonly log: 'verified' | 'damaged';
  /** Of the server; what the sensor takes inside the functions is not in it. */
  readonly cpuSecondsGait: number;
  readonly rssMbGait: number;
  /** Events of logs and trail that did not reach Gait, so that nothing could be seen in them. */
  readonly undelivered: number;
}

/**
 * How each step was seen: by the first finding of its time about its function, of a family that fits, whose evidence names
 * what was done. A finding that names something else counts as detected, not as named; one that names what another step
 * did, or that speaks of the time of another step, is none of this one.
 */
export function seenSteps(steps: readonly StepOutcome[], heard: readonly Heard[]): SeenStep[] {
  return steps.map((step, at) => {
    const { function: name, families } = step.expect;
    const until = steps[at + 1]?.startMs ?? Number.POSITIVE_INFINITY;
    const fitting = heard.filter(
      ({ finding, atMs }) =>
        atMs >= step.startMs &&
        finding.timeMs >= step.startMs - TRAIL_STEP_MS &&
        finding.timeMs < until &&
        isAbout(finding, name) &&
        families.includes(finding.family),
    );
    const named = fitting.find(({ finding }) => names(finding, step.step));
    const ofOthers = ({ finding }: Heard) => steps.some((one) => one !== step && names(finding, one.step));
    const shown = named ?? fitting.find((one) => !ofOthers(one));
    if (shown === undefined) return { id: step.step, function: name, detected: false, named: false };
    return {
      id: step.step,
      function: name,
      detected: true,
      delayMs: Math.max(0, shown.atMs - step.firstEndMs),
      findingId: shown.finding.id,
      named: named !== undefined,
    };
  });
}

/** Where an attack took place: the function it came in by, and the one it called from there. */
export function placeOf(steps: readonly StepOutcome[]): AttackPlace {
  const functions = new Set(steps.map(({ expect }) => expect.function));
  if (steps.some(({ step }) => step === 'lateral-invoke')) functions.add('admin');
  return {
    startMs: Math.min(...steps.map(({ startMs }) => startMs)),
    endMs: Math.max(...steps.map(({ endMs }) => endMs)),
    functions: [...functions],
  };
}

/** Invocations an attack caused: the log-in, what it asked for at the front door, and what that set off. */
export function attackInvocations(attack: Attack, steps: readonly StepOutcome[]): number {
  // A picture is taken by one function and converted by another.
  const each = attack === 'picture' ? 2 : 1;
  const inside = steps.filter(({ step, outcome }) => step === 'lateral-invoke' && outcome === 'done').length;
  return steps.reduce((sum, { requests }) => sum + requests * each, 1 + inside);
}

/** Whether a finding has the priority medium or above. */
export function isMedium({ finding }: Heard): boolean {
  return finding.risk >= MEDIUM_RISK;
}

/**
 * Whether a finding comes from the attack: it is about what the attack used, and about the time in which it did. What is
 * found of these functions later, such as of the quarantine, is not.
 */
export function isOfAttack({ finding, atMs }: Heard, { startMs, endMs, functions }: AttackPlace): boolean {
  if (atMs < startMs || finding.timeMs < startMs - TRAIL_STEP_MS || finding.timeMs > endMs + AFTER_MS) return false;
  return functions.some((name) => isAbout(finding, name) || isOfRole(finding, name));
}

/** Whether everything went as it should; what the exit status says. */
export function isGood(outcome: Outcome): boolean {
  const { attacks, falseFindings, quarantine, log, undelivered } = outcome;
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
    log === 'verified' &&
    undelivered === 0
  );
}

function isAbout(finding: Finding, name: string): boolean {
  return finding.function.endsWith(`:${name}`);
}

function isOfRole({ entity }: Finding, name: string): boolean {
  return new RegExp(`(^|[/:])${name}-role($|[/:])`).test(entity.key);
}

function names({ evidence, sentence }: Finding, step: StepOutcome['step']): boolean {
  const text = JSON.stringify([evidence, sentence]);
  return NAMED[step].every((pattern) => pattern.test(text));
}
