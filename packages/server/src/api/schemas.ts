import { FAMILIES, INCIDENT_STATES, PAGE_REASONS } from '@gait/engine/event/finding';
import { FACETS } from '@gait/engine/event/schema';
import { z } from 'zod';
import { ROLES } from '../access/access.ts';
import { API_CODES } from './codes.ts';
import { KEY_CHARS_MAX } from './limits.ts';

const share = z.number().min(0).max(1);
const count = z.number().min(0);
const timeMs = z.number().describe('ms since 1970');

/** Every error has this shape. */
export const ERROR = z
  .strictObject({ error: z.strictObject({ code: z.enum(codesOf()), message: z.string() }) })
  .meta({ id: 'Error', description: 'The code is one of a closed list; the message is for people and may change.' });

function codesOf(): [string, ...string[]] {
  const [first, ...rest] = Object.keys(API_CODES);
  return [first, ...rest];
}

const EVIDENCE = z.strictObject({
  parameter: z.string(),
  observed: z.string(),
  expected: z.string(),
  count: z.number(),
  // What JSON cannot hold, such as infinity, becomes null on the way.
  history: z.array(z.number().nullable()).optional(),
});

/** A finding as the engine tells it. */
export const FINDING = z
  .strictObject({
    id: z.string().regex(/^[0-9a-f]{16}$/),
    level: z.enum(['finding', 'watch']),
    detector: z.string(),
    detectorVersion: z.string(),
    family: z.enum(FAMILIES),
    title: z.string(),
    sentence: z.string(),
    entity: z.strictObject({ kind: z.enum(['function', 'principal', 'edge']), key: z.string() }),
    function: z.string().describe("key of the function it belongs to, '' if none"),
    principal: z.string().describe("token of who acted, '' if unknown"),
    ordinal: z.int().describe('ordinal in the log of the record it rests on'),
    timeMs,
    score: z.number().describe('raw strangeness, decades'),
    rarity: share.describe('how often normal behaviour looks at least this strange'),
    maturity: share.describe('0: judged by the experience of others, 1: by its own'),
    confidence: share,
    impact: share,
    risk: share.describe('impact x (0.5 + 0.5 x confidence)'),
    evidence: z.array(EVIDENCE),
    quietIf: z.string().describe('what would have made it stay quiet'),
    unseen: z.array(z.string()),
    techniques: z.array(z.string()).describe('ATT&CK techniques'),
    notes: z.array(z.string()),
    facet: z.enum(FACETS),
    requestId: z.string(),
    traceId: z.string(),
    origin: z.strictObject({
      name: z.string(),
      line: z.number(),
      offset: z.number(),
      length: z.number(),
      sha256: z.string(),
    }),
  })
  .meta({ id: 'Finding', description: "A detector's explained claim." });

/** An incident as it is now. */
export const INCIDENT = z
  .strictObject({
    id: z.string(),
    openedMs: timeMs,
    lastMs: timeMs,
    findings: z.array(z.string()).describe('ids of its findings; empty once it has become part of another incident'),
    entities: z.array(z.string()),
    state: z.enum(INCIDENT_STATES),
    risk: share,
    summary: z.string(),
    page: z
      .enum(PAGE_REASONS)
      .optional()
      .describe(
        'why people are paged for it: within the budget, grave and certain, or young; absent when they are not',
      ),
    mergedInto: z.string().optional(),
  })
  .meta({ id: 'Incident', description: 'Findings that belong together.' });

/** Where the next page begins; absent on the last one. */
export const NEXT = z.string().optional().describe('cursor of the next page; absent on the last one');

/** What is shown of a function in a list. */
export const FUNCTION_ROW = z
  .strictObject({
    key: z.string().describe('`provider:account:region:name`'),
    invocations: count,
    errors: count,
    cold: count,
    firstMs: timeMs,
    lastMs: timeMs,
    maturity: share,
    updatedMs: timeMs,
  })
  .meta({ id: 'FunctionRow' });

const VALUE = z.strictObject({ text: z.string(), count, share: z.number(), doubted: z.boolean() });
/** What is learned of a function. Profiles grow: a client must bear with keys it does not know. */
export const PROFILE = z
  .looseObject({
    key: z.string(),
    invocations: count,
    maturity: share,
    peers: z
      .looseObject({ label: z.int(), medoid: z.string(), members: count })
      .nullish()
      .describe('functions that behave alike, named by the one that stands for them'),
    metrics: z.array(z.looseObject({ metric: z.string(), cold: z.boolean(), count })),
    calls: z.array(VALUE),
    destinations: z.array(VALUE),
    triggers: z.array(VALUE),
    callers: z.array(VALUE),
    callees: z.array(VALUE),
    facets: z.array(z.enum(FACETS)),
    unseen: z.array(z.string()),
  })
  .meta({ id: 'Profile', description: 'What is normal for a function. Further keys may come.' });

/** How many functions a capability sees. */
export const COVERAGE_ROW = z
  .looseObject({ capability: z.string(), full: count, partial: count, dark: count })
  .meta({ id: 'CoverageRow', description: 'Of how many functions a capability can be seen, in part, or not.' });

/** How the promises stand. */
export const STANDING = z
  .strictObject({
    budget: z.strictObject({
      perWeek: count.describe('pages a week that were asked for'),
      lastWeek: z
        .strictObject({ budget: count, impact: count, young: count })
        .describe('pages of seven model days by reason; only `budget` counts against the promise'),
      threshold: z.number().describe('risk an incident needs now'),
      paged: count,
      confirmedTrue: count,
      confirmedFalse: count,
      unreviewed: count,
    }),
    calibration: z
      .array(z.strictObject({ detector: z.string(), level: z.number(), expected: z.number(), observed: z.number() }))
      .describe('how often a rarity at or below `level` was claimed, and should have been'),
    ledgers: count.describe('entities with weak signals held against them'),
    ledgersEvicted: count,
    suppressed: count.describe('findings kept silent because the same was told before'),
  })
  .meta({ id: 'Standing', description: 'How the promises to people stand.' });

/** How the service is. */
export const HEALTH = z
  .strictObject({
    version: z.string(),
    startedMs: timeMs,
    state: z.enum(['catching-up', 'running', 'closing', 'failed']),
    failure: z.string().optional(),
    appended: count.describe('next ordinal of the log'),
    consumed: count.describe('next ordinal of the engine'),
    lagMs: count.describe('how long the oldest record that is not consumed has been waiting'),
    steppedMs: timeMs.describe('when the engine last did something'),
    diskFreeBytes: count,
    logBytes: count,
    headFailure: z.string().optional().describe('why heads of the log are not signed'),
    functions: count,
    findings: count,
    incidents: count,
    engineBytes: count,
    engineRestarts: count.describe('times the engine died and was started again'),
    checkpointOrdinal: count,
    checkpointMs: timeMs,
    seriesDropped: z.record(z.string(), count),
  })
  .meta({ id: 'Health' });

/** A token, never the token itself. */
export const TOKEN = z
  .strictObject({
    id: z.string(),
    name: z.string(),
    role: z.enum(ROLES),
    functions: z.array(z.string()).describe('patterns of functions an `ingest` token may speak for'),
    recordsPerSecond: z.number(),
    createdMs: timeMs,
    expiresMs: timeMs.optional(),
    revokedMs: timeMs.optional(),
  })
  .meta({ id: 'Token' });

/** A decision that is in the log. */
export const RECORDED = z
  .strictObject({ ordinal: z.int().describe('ordinal of the decision in the log') })
  .meta({ id: 'Recorded', description: 'The decision is durable; the engine takes it in order.' });

/** A function in a path. */
export const BY_KEY = z.strictObject({
  id: z.string().min(1).max(KEY_CHARS_MAX).describe('key of the function, `aws:account:region:name`, URL-encoded'),
});

/** A time in a query: ISO 8601 (UTC unless it says otherwise) or ms since 1970. Gives ms. */
export const TIME = z
  .string()
  .max(40)
  .describe('ISO 8601, UTC unless it says otherwise, or ms since 1970')
  .transform((text, context) => {
    const ms = timeOf(text);
    if (ms === undefined) context.addIssue('must be a time: 2027-03-01T12:00:00Z or ms since 1970');
    return ms ?? z.NEVER;
  });

/** A day or a moment. */
const ISO = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})?)?$/;
/** Milliseconds up to the year 9999. */
const MS = /^\d{1,15}$/;
const TIME_MS_MAX = 253_402_300_799_999;

function timeOf(text: string): number | undefined {
  const local = text.includes('T') && !/(Z|[+-]\d{2}:\d{2})$/.test(text);
  const ms = MS.test(text) ? Number(text) : ISO.test(text) ? Date.parse(local ? `${text}Z` : text) : Number.NaN;
  return ms >= 0 && ms <= TIME_MS_MAX ? ms : undefined;
}

/** A whole number in a query. */
export function wholeNumber(min: number, max: number) {
  return z
    .string()
    .regex(/^\d{1,15}$/, 'must be a whole number')
    .transform(Number)
    .pipe(z.int().min(min).max(max));
}
