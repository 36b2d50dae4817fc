import type { Evidence, Finding } from '@gait/engine/event/finding';
import { priorityOf } from '@gait/engine/scoring/risk';
import { ATTACK_VERSION, tacticName, techniqueOf } from './attack.ts';
import { defang } from './defang.ts';
import type { FunctionPlace } from './function-place.ts';
import { placeOfFunction, shortName } from './function-place.ts';
import type { OcsfEvidence, OcsfNamed } from './ocsf-evidence.ts';
import { evidenceArtifact } from './ocsf-evidence.ts';
import { CAPTIONS, DETECTION_FINDING, OCSF_VERSION } from './ocsf-schema.ts';
import { quietIfText } from './words.ts';

/** What a finding does not say about itself. */
export interface OcsfContext {
  /** Version of Gait. */
  readonly version: string;
  /** Where findings belong whose function doesn't say; provider '' when that is not known either. */
  readonly home: { readonly provider: string; readonly account: string; readonly region: string };
  /** What the event of such a finding acted on, as destination key: `lambda/<function key>`, `s3/<bucket>`. */
  readonly touched?: string;
}

/** A normal or an observed pattern of one parameter. */
export interface OcsfObserved {
  readonly observation_parameter: string;
  readonly observations: readonly { readonly value: string; readonly count: number }[];
  readonly observed_pattern?: string;
}

/** An ATT&CK technique; the tactic only where the technique serves one. */
export interface OcsfAttack {
  readonly version: string;
  readonly tactic?: OcsfNamed;
  readonly technique: OcsfNamed;
  readonly sub_technique?: OcsfNamed;
}

/** A Detection Finding (class 2004) of OCSF 1.8.0, in the order in which its keys are written. Described in docs/reference/ocsf.md. */
export interface OcsfDetectionFinding {
  readonly activity_id: number;
  readonly activity_name: string;
  readonly category_uid: number;
  readonly category_name: string;
  readonly class_uid: number;
  readonly class_name: string;
  readonly type_uid: number;
  readonly type_name: string;
  readonly time: number;
  readonly severity_id: number;
  readonly severity: string;
  readonly status_id: number;
  readonly status: string;
  readonly message: string;
  readonly is_alert: boolean;
  readonly confidence_id: number;
  readonly confidence: string;
  readonly confidence_score: number;
  readonly impact_id: number;
  readonly impact: string;
  readonly impact_score: number;
  readonly risk_level_id: number;
  readonly risk_level: string;
  readonly risk_score: number;
  readonly action_id: number;
  readonly action: string;
  readonly disposition_id: number;
  readonly disposition: string;
  readonly metadata: {
    readonly version: string;
    readonly product: OcsfNamed & { readonly vendor_name: string; readonly version: string };
    readonly profiles: readonly string[];
    readonly uid: string;
    readonly correlation_uid?: string;
  };
  readonly cloud?: { readonly provider: string; readonly region?: string; readonly account?: OcsfNamed };
  readonly finding_info: {
    readonly uid: string;
    readonly title: string;
    readonly desc: string;
    readonly types: readonly string[];
    readonly analytic: OcsfNamed & { readonly type_id: number; readonly type: string; readonly version: string };
    readonly attacks?: readonly OcsfAttack[];
    readonly first_seen_time: number;
  };
  readonly resources?: readonly (OcsfNamed & { readonly type: string; readonly region?: string })[];
  readonly anomaly_analyses?: readonly {
    readonly analysis_targets: readonly { readonly name: string; readonly type: string }[];
    readonly baselines: readonly OcsfObserved[];
    readonly anomalies: readonly OcsfObserved[];
  }[];
  readonly evidences?: readonly OcsfEvidence[];
  readonly unmapped: Readonly<Record<string, unknown>>;
}

/** Severity and level of risk by priority. */
const SEVERITY = { low: 2, medium: 3, high: 4, critical: 5 } as const;
const LEVEL = { low: 1, medium: 2, high: 3, critical: 4 } as const;
/** Confidence in thirds: the schema knows three levels. */
const CONFIDENCE_HIGH = 2 / 3;
const CONFIDENCE_MEDIUM = 1 / 3;
/** Observed: Gait saw it and did nothing yet. */
const OBSERVED = 3;
/** Detected: suspicious activity, without further action. */
const DETECTED = 15;
const NEW = 1;
const BEHAVIORAL = 2;
/** 9999-12-31, ms. */
const TIME_MS_MAX = 253_402_300_799_999;

const PROVIDER_NAMES: ReadonlyMap<string, string> = new Map([
  ['aws', 'AWS'],
  ['azure', 'Azure'],
  ['gcp', 'GCP'],
]);

/**
 * A finding as OCSF, activity Create. The same finding gives the same JSON text, key for key. Texts for people are
 * defanged; values for machines (host names, resources) are as observed. Valid by `validateOcsf` for every finding.
 */
export function toOcsf(finding: Finding, context: OcsfContext): OcsfDetectionFinding {
  const place = placeOfFunction(finding.function);
  const provider = place?.provider || context.home.provider;
  const timeMs = Math.min(Math.max(Math.floor(finding.timeMs), 0), TIME_MS_MAX);
  return {
    ...classification(),
    time: timeMs,
    ...judgement(finding),
    metadata: {
      version: OCSF_VERSION,
      product: { name: 'Gait', vendor_name: 'Gait', version: context.version },
      profiles: provider === '' ? ['security_control'] : ['cloud', 'security_control'],
      uid: finding.id,
      ...(finding.traceId === '' ? {} : { correlation_uid: finding.traceId }),
    },
    ...(provider === '' ? {} : { cloud: cloudOf(provider, place ?? context.home) }),
    finding_info: {
      uid: finding.id,
      title: finding.title,
      desc: defang(finding.sentence),
      types: [finding.family],
      analytic: {
        uid: finding.detector,
        name: finding.title,
        type_id: BEHAVIORAL,
        type: 'Behavioral',
        version: finding.detectorVersion,
      },
      ...unlessEmpty('attacks', finding.techniques.flatMap(attackOf)),
      first_seen_time: timeMs,
    },
    ...unlessEmpty('resources', resourcesOf(place, context.touched ?? '', provider !== '')),
    ...unlessEmpty('anomaly_analyses', finding.evidence.length === 0 ? [] : [analysisOf(finding)]),
    ...unlessEmpty('evidences', evidencesOf(finding)),
    unmapped: unmappedOf(finding),
  };
}

function classification() {
  const activity = DETECTION_FINDING.create;
  return {
    activity_id: activity,
    activity_name: CAPTIONS.activity_id[activity],
    category_uid: DETECTION_FINDING.category_uid,
    category_name: CAPTIONS.category_uid[2],
    class_uid: DETECTION_FINDING.class_uid,
    class_name: CAPTIONS.class_uid[2004],
    type_uid: DETECTION_FINDING.class_uid * 100 + activity,
    type_name: CAPTIONS.type_uid[200401],
  };
}

function judgement(finding: Finding) {
  const severity = SEVERITY[priorityOf(finding.risk)];
  const riskLevel = LEVEL[priorityOf(finding.risk)];
  const impact = LEVEL[priorityOf(finding.impact)];
  const confidence = confidenceLevel(finding.confidence);
  return {
    severity_id: severity,
    severity: CAPTIONS.severity_id[severity],
    status_id: NEW,
    status: CAPTIONS.status_id[NEW],
    message: defang(finding.sentence),
    is_alert: finding.level === 'finding',
    confidence_id: confidence,
    confidence: CAPTIONS.confidence_id[confidence],
    confidence_score: percent(finding.confidence),
    impact_id: impact,
    impact: CAPTIONS.impact_id[impact],
    impact_score: percent(finding.impact),
    risk_level_id: riskLevel,
    risk_level: CAPTIONS.risk_level_id[riskLevel],
    risk_score: percent(finding.risk),
    action_id: OBSERVED,
    action: CAPTIONS.action_id[OBSERVED],
    disposition_id: DETECTED,
    disposition: CAPTIONS.disposition_id[DETECTED],
  };
}

function confidenceLevel(confidence: number): 1 | 2 | 3 {
  if (confidence >= CONFIDENCE_HIGH) return 3;
  return confidence >= CONFIDENCE_MEDIUM ? 2 : 1;
}

function percent(share: number): number {
  return Math.round(100 * Math.min(Math.max(share, 0), 1));
}

function cloudOf(provider: string, place: { readonly account: string; readonly region: string }) {
  return {
    provider: PROVIDER_NAMES.get(provider) ?? provider,
    ...(place.region === '' ? {} : { region: place.region }),
    ...(place.account === '' ? {} : { account: { uid: place.account } }),
  };
}

/** The function; where there is none, what was acted on. A service alone is no resource. */
function resourcesOf(place: FunctionPlace | undefined, touched: string, cloudKnown: boolean) {
  if (place !== undefined) return [resourceOf(place, cloudKnown)];
  const at = touched.indexOf('/');
  if (at < 0) return [];
  const [service, rest] = [touched.slice(0, at), touched.slice(at + 1)];
  const changed = service === 'lambda' ? placeOfFunction(rest) : undefined;
  if (changed !== undefined) return [resourceOf(changed, cloudKnown)];
  const name = rest.replace(OWNER, '');
  return name === '' ? [] : [{ name, type: service }];
}

/** Account behind the name of a resource that is not the caller's. */
const OWNER = /@\d{12}$/;

/** The schema lets a resource name its region only where the cloud is known. */
function resourceOf(place: FunctionPlace, cloudKnown: boolean) {
  return {
    ...(place.arn === '' ? {} : { uid: place.arn }),
    name: place.name,
    type: place.provider === 'aws' ? 'AwsLambdaFunction' : 'Function',
    ...(cloudKnown && place.region !== '' ? { region: place.region } : {}),
  };
}

function attackOf(id: string): readonly OcsfAttack[] {
  const technique = techniqueOf(id);
  if (technique === undefined) return [];
  const [tactic] = technique.tactics;
  const name = technique.tactics.length === 1 ? tacticName(tactic) : undefined;
  const { parent } = technique;
  return [
    {
      version: ATTACK_VERSION,
      ...(name === undefined ? {} : { tactic: { uid: tactic, name } }),
      technique: parent === undefined ? named(technique) : named(parent),
      ...(parent === undefined ? {} : { sub_technique: named(technique) }),
    },
  ];
}

function named(of: { readonly id: string; readonly name: string }): OcsfNamed {
  return { uid: of.id, name: of.name };
}

function analysisOf(finding: Finding) {
  const { kind, key } = finding.entity;
  return {
    analysis_targets: [{ name: shortName(key), type: kind }],
    baselines: finding.evidence.map((one) => ({
      observation_parameter: one.parameter,
      observations: [{ value: one.expected, count: whole(one.count) }],
    })),
    anomalies: finding.evidence.map((one) => ({
      observation_parameter: one.parameter,
      observations: [{ value: one.observed, count: 1 }],
      ...patternOf(one),
    })),
  };
}

function patternOf({ history }: Evidence) {
  if (history === undefined || history.length === 0) return {};
  return { observed_pattern: `recent values, oldest first: ${history.join(', ')}` };
}

function whole(count: number): number {
  return Math.min(Math.max(Math.round(count) || 0, 0), Number.MAX_SAFE_INTEGER);
}

function evidencesOf(finding: Finding): readonly OcsfEvidence[] {
  const found = finding.evidence.map((one) => evidenceArtifact(one, finding.requestId));
  const actor = finding.principal === '' ? [] : [{ actor: { user: { uid: finding.principal } } }];
  return [...actor, ...found.filter((one) => one !== undefined)];
}

/** What the schema has no place for, in the words of Gait. */
function unmappedOf(finding: Finding): Readonly<Record<string, unknown>> {
  const unknown = finding.techniques.filter((id) => techniqueOf(id) === undefined);
  return {
    level: finding.level,
    family: finding.family,
    entity: { kind: finding.entity.kind, key: finding.entity.key },
    score: finding.score,
    rarity: finding.rarity,
    maturity: finding.maturity,
    quiet_if: quietIfText(finding.quietIf),
    unseen: finding.unseen,
    notes: finding.notes,
    ...unlessEmpty('unknown_techniques', unknown),
    facet: finding.facet,
    ordinal: finding.ordinal,
    request_id: finding.requestId,
    origin: { ...finding.origin },
  };
}

/** The schema has no empty lists: a list without members is left out. */
function unlessEmpty<K extends string, T>(name: K, list: readonly T[]): { readonly [key in K]?: readonly T[] } {
  const object: { [key in K]?: readonly T[] } = {};
  if (list.length > 0) object[name] = list;
  return object;
}
