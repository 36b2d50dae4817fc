import { ATTACKS, attackAudit, withAttacks } from './attacks.ts';
import { benignAudit } from './audit.ts';
import { BURSTS, benignArrivals, DEPLOYMENTS } from './benign.ts';
import { BENIGN_UNTIL_MS, END_MS, START_MS } from './calendar.ts';
import { FUNCTION, FUNCTIONS, keyOf, NAMES } from './company.ts';
import { type NumberedEvent, numbered, trail } from './formats/cloudtrail.ts';
import { logDeliveries } from './formats/lambda-logs.ts';
import { exportRequests } from './formats/otlp.ts';
import { sensorLines } from './formats/sensor.ts';
import type { Invocation } from './invocation.ts';
import { Sandboxes } from './sandboxes.ts';

/** Seed of the recording in `fixtures/demo`. */
export const DEMO_SEED = 20_250_303;

/** Files of a recording by path, telemetry not yet compressed. */
export type Recording = ReadonlyMap<string, string>;

/** Folders of the recording: the two days in which nothing bad happens, and the six hours with the attacks. */
export const NORMAL = 'normal';
export const TODAY = 'today';

/**
 * The recording of the demonstration: two days of the invented company at work and six hours with five attacks, in the
 * formats its functions deliver, and `truth.json`, which says what is what and is read by tests only. Equal seeds give
 * equal texts. Takes about half a second.
 */
export function demoRecording(seed: number): Recording {
  const invocations = runAll(seed);
  const events = [...benignAudit(seed, invocations), ...attackAudit(seed)].filter(
    ({ atMs }) => atMs >= START_MS && atMs < END_MS,
  );
  const audit = numbered(
    events.sort((a, b) => a.atMs - b.atMs),
    seed,
  );
  const isNormal = (timeMs: number) => timeMs < BENIGN_UNTIL_MS;
  return new Map([
    ...telemetry(NORMAL, seed, {
      invocations: invocations.filter(({ startMs }) => isNormal(startMs)),
      audit: audit.filter(({ event }) => isNormal(event.atMs)),
    }),
    ...telemetry(TODAY, seed + 1, {
      invocations: invocations.filter(({ startMs }) => !isNormal(startMs)),
      audit: audit.filter(({ event }) => !isNormal(event.atMs)),
    }),
    ['truth.json', `${JSON.stringify(truth(seed, invocations, audit), null, 2)}\n`],
  ]);
}

/** What happened, before it is written in anybody's format. */
interface Happened {
  readonly invocations: readonly Invocation[];
  readonly audit: readonly NumberedEvent[];
}

function telemetry(folder: string, seed: number, { invocations, audit }: Happened): [path: string, text: string][] {
  const from = (source: 'sensor' | 'report' | 'otlp') => invocations.filter(({ spec }) => spec.source === source);
  return [
    [`${folder}/audit.json`, trail(audit, seed)],
    [`${folder}/platform.jsonl`, logDeliveries(from('report'), seed)],
    [`${folder}/sensor.ndjson`, sensorLines(from('sensor'))],
    [`${folder}/traces.jsonl`, exportRequests(from('otlp'), seed)],
  ];
}

/** Every invocation of the recording, in order of time. */
function runAll(seed: number): Invocation[] {
  const arrivals = withAttacks(benignArrivals(seed), seed).sort((a, b) => a.atMs - b.atMs);
  const sandboxes = new Map(FUNCTIONS.map((spec) => [spec.name, new Sandboxes(spec, seed)]));
  const invocations = arrivals.flatMap((arrival) => sandboxes.get(arrival.function)?.run(arrival) ?? []);
  return invocations.sort((a, b) => a.startMs - b.startMs);
}

function truth(seed: number, invocations: readonly Invocation[], audit: readonly NumberedEvent[]) {
  return {
    about: 'What is what in this recording. Read by tests only; Gait never sees it.',
    seed,
    fromMs: START_MS,
    benignUntilMs: BENIGN_UNTIL_MS,
    toMs: END_MS,
    counts: {
      invocations: invocations.length,
      auditEvents: audit.length,
      byFunction: Object.fromEntries(
        FUNCTIONS.map(({ name }) => [name, invocations.filter(({ spec }) => spec.name === name).length]),
      ),
    },
    attacks: ATTACKS.map((attack) => ({
      ...attack,
      functions: attack.functions.map(keyOf),
      requestIds: invocations.filter(({ arrival }) => arrival.attack === attack.id).map(({ requestId }) => requestId),
      eventIds: audit.filter(({ event }) => event.attack === attack.id).map(({ eventId }) => eventId),
    })),
    benign: [
      ...BURSTS.map(({ fromMs, toMs }) => {
        return { what: 'more customers after a newsletter', function: keyOf(FUNCTION.bookings), fromMs, toMs };
      }),
      ...DEPLOYMENTS.map(({ function: name, atMs, revision }) => {
        return {
          what: `revision ${revision} deployed by the pipeline`,
          function: keyOf(name),
          fromMs: atMs,
          toMs: atMs,
        };
      }),
    ],
    names: NAMES,
  };
}
