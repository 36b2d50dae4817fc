import type { Score } from '../detectors/detector.ts';
import type { Batch } from '../event/batch.ts';
import type { Entity, Family, Finding } from '../event/finding.ts';
import { FACETS, TRUST_OF_FACET } from '../event/schema.ts';
import { impactAt, type Sensitivity } from '../event/sensitivity.ts';
import { unseenWith } from './coverage.ts';
import { confidenceOf, riskOf } from './risk.ts';

/** Invocations after a deployment in which what is new may well be the deployment's doing. */
const DEPLOYMENT_COUNT = 30;
/** Share of confidence that remains then: a deployment is a known change, and a good moment to hide behind. */
const DEPLOYMENT_FACTOR = 0.6;

/** What is fixed about a detector. */
export interface DetectorFacts {
  readonly id: string;
  readonly family: Family;
  readonly title: string;
  readonly version: string;
}

/** Where the scores of one event come from. */
export interface Place {
  /** Undefined where a minute was judged, not a row. */
  readonly batch: Batch | undefined;
  readonly row: number;
  readonly ordinal: number;
  readonly eventMs: number;
  readonly traceId: string;
  readonly requestId: string;
  /** False when the row at hand only answered a question of an earlier one: its origin and principal are then not the finding's. */
  readonly own: boolean;
}

/** A score on its way to a finding. */
export interface Judged {
  readonly score: Score;
  /** Score after the tenant's experience was heard. */
  readonly adjusted: number;
  readonly rarity: number;
  /** Combined rarity of everything scored in the same event. */
  readonly fused: number;
  readonly knownElsewhere: boolean;
  /** Function of the same name whose experience stood in for its own, '' when none did. */
  readonly namesake: string;
  /** Invocations since the revision changed, Infinity when it never did. */
  readonly sinceDeployment: number;
  readonly function: string;
  readonly facets: number;
  readonly facetsEver: number;
  /** How much the function matters. */
  readonly sensitivity: Sensitivity;
}

/** A row of a batch whose first row has `ordinal`. Its texts are made when they are read: few scores are told. */
export class RowPlace implements Place {
  readonly batch: Batch;
  readonly row: number;
  readonly ordinal: number;
  readonly own = true;

  constructor(batch: Batch, row: number, ordinal: number) {
    this.batch = batch;
    this.row = row;
    this.ordinal = ordinal + row;
  }

  get eventMs(): number {
    return this.batch.columns.eventMs[this.row];
  }

  get traceId(): string {
    return this.batch.idText(this.row, 'traceId');
  }

  get requestId(): string {
    return this.batch.idText(this.row, 'requestId');
  }
}

/** Writes down a finding from its parts; `id` is computed by the caller from detector, entity and ordinal. */
export function draftFinding(
  place: Place,
  judged: Judged,
  as: { facts: DetectorFacts; entity: Entity; id: string; level: Finding['level'] },
): Finding {
  const { score } = judged;
  const facet = FACETS[31 - Math.clz32(judged.facets)];
  const rarity = Math.min(judged.rarity, judged.fused);
  const sure = confidenceOf({ rarity, maturity: score.maturity, trust: TRUST_OF_FACET[facet] });
  const confidence = judged.sinceDeployment < DEPLOYMENT_COUNT ? sure * DEPLOYMENT_FACTOR : sure;
  const impact = impactAt(score.impact, judged.sensitivity);
  return {
    id: as.id,
    level: as.level,
    detector: score.detector,
    detectorVersion: as.facts.version,
    family: as.facts.family,
    title: as.facts.title,
    sentence: score.sentence,
    entity: as.entity,
    function: judged.function,
    principal: place.own ? principalOf(place) : '',
    ordinal: place.ordinal,
    timeMs: place.eventMs,
    score: judged.adjusted,
    rarity: judged.rarity,
    maturity: score.maturity,
    confidence,
    impact,
    risk: riskOf(impact, confidence),
    evidence: score.evidence,
    quietIf: score.quietIf,
    unseen: unseenWith(judged.facetsEver),
    techniques: score.techniques,
    notes: notesOf(judged),
    facet,
    requestId: place.requestId,
    traceId: place.traceId,
    origin: originOf(place),
  };
}

/** Who caused what the row at hand shows, '' when nobody is named. */
export function principalOf(place: Place): string {
  return place.batch?.symbolText(place.row, 'principal') ?? '';
}

/** The entity a claim is about: the edge, the function of stage 1, else the principal that acts. */
export function entityOf(of: { function: string; principal: string; edge: string; stageOne: boolean }): Entity {
  if (of.edge !== '') return { kind: 'edge', key: of.edge };
  return of.stageOne ? { kind: 'function', key: of.function } : { kind: 'principal', key: of.principal };
}

function notesOf(judged: Judged): string[] {
  const notes: string[] = [];
  if (judged.sinceDeployment < DEPLOYMENT_COUNT) {
    const ago = judged.sinceDeployment === 0 ? 'The first invocation' : `${judged.sinceDeployment} invocations`;
    notes.push(`${ago} after a deployment: a new revision may be the reason, which lowers the confidence.`);
  }
  if (judged.knownElsewhere) notes.push('Other functions show this value, which halves the surprise.');
  if (judged.namesake !== '') notes.push(`Young: judged in part by ${judged.namesake}, which has the same name.`);
  if (judged.sensitivity !== 'normal')
    notes.push(`The function is rated ${judged.sensitivity}, which moves the impact.`);
  return notes;
}

function originOf(place: Place): Finding['origin'] {
  const columns = place.batch?.columns;
  const origin = columns?.origins[columns.origin[place.row]];
  if (!place.own || columns === undefined || origin === undefined) {
    return { name: '', line: 0, offset: 0, length: 0, sha256: '' };
  }
  return {
    name: origin.name,
    line: columns.originLine[place.row],
    offset: origin.from + columns.originOffset[place.row],
    length: columns.originLength[place.row],
    sha256: origin.sha256,
  };
}
