import type { FacetKind } from './schema.ts';

/** Kinds of behaviour a baseline describes. */
export const FAMILIES = [
  'resource',
  'timing',
  'rate',
  'trigger',
  'access',
  'egress',
  'flow',
  'process',
  'shape',
  'data',
  'cost',
  'change',
  'health',
  'pattern',
] as const;
export type Family = (typeof FAMILIES)[number];

/** What has a baseline. */
export interface Entity {
  readonly kind: 'function' | 'principal' | 'edge';
  /** Function key, principal token, or `caller -> callee`. */
  readonly key: string;
}

/** One measured or symbolic observation against what was expected. */
export interface Evidence {
  /** `duration_ms`, `destination`, `call`, ... */
  readonly parameter: string;
  readonly observed: string;
  /** What is normal, in words or as a band. */
  readonly expected: string;
  /** Number of own observations the expectation rests on. */
  readonly count: number;
  /** Recent values, oldest first, where there are any. */
  readonly history?: readonly number[];
}

/** A detector's explained claim. `level` watch is kept for correlation and never shown as a finding. */
export interface Finding {
  /** 16 hexadecimal digits: hash of detector, entity and first ordinal. */
  readonly id: string;
  readonly level: 'finding' | 'watch';
  readonly detector: string;
  readonly detectorVersion: string;
  readonly family: Family;
  readonly title: string;
  /** One sentence a person can read. */
  readonly sentence: string;
  readonly entity: Entity;
  /** Function the behaviour belongs to, '' if none. */
  readonly function: string;
  readonly principal: string;
  readonly ordinal: number;
  readonly timeMs: number;
  /** Raw strangeness, decades. */
  readonly score: number;
  /** How often normal behaviour of this entity looks at least this strange, 0..1. */
  readonly rarity: number;
  /** 0: judged by others' experience, 1: by its own. */
  readonly maturity: number;
  /** 0..1: rarity x maturity x trust x coverage. */
  readonly confidence: number;
  /** 0..1: what it would mean if true. */
  readonly impact: number;
  /** impact x (0.5 + 0.5 x confidence), 0..1. */
  readonly risk: number;
  readonly evidence: readonly Evidence[];
  /** What would have made it stay quiet. */
  readonly quietIf: string;
  /** What Gait cannot see for this function. */
  readonly unseen: readonly string[];
  /** ATT&CK technique ids that the evidence supports. */
  readonly techniques: readonly string[];
  /** Notes such as "after deployment of revision 7 by deploy-role". */
  readonly notes: readonly string[];
  readonly facet: FacetKind;
  readonly requestId: string;
  readonly traceId: string;
  /** Where the original record stands. */
  readonly origin: {
    readonly name: string;
    readonly line: number;
    readonly offset: number;
    readonly length: number;
    readonly sha256: string;
  };
}

/** States of an incident that a person may set. */
export const SET_STATES = ['acknowledged', 'contained', 'closed-true', 'closed-false', 'closed-expected'] as const;
/** States an incident can be in, in the order people move through them; saved states hold their places in this list. */
export const INCIDENT_STATES = ['new', ...SET_STATES] as const;

/**
 * Why people are paged for an incident: it is within the alert budget; it is grave and certain, whatever the budget; it rests on
 * others' experience, for which there is a small budget apart.
 */
export const PAGE_REASONS = ['budget', 'impact', 'young'] as const;
export type PageReason = (typeof PAGE_REASONS)[number];

/** Findings that share an entity, trace, principal or edge within a window. */
export interface Incident {
  readonly id: string;
  readonly openedMs: number;
  readonly lastMs: number;
  readonly findings: readonly string[];
  readonly entities: readonly string[];
  readonly state: (typeof INCIDENT_STATES)[number];
  readonly risk: number;
  readonly summary: string;
  /** Why people are paged for it; absent while they are not. */
  readonly page?: PageReason;
  /** Set when this incident turned out to be part of another; it has no findings of its own then. */
  readonly mergedInto?: string;
}
