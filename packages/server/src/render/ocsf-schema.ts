/**
 * The part of OCSF 1.8.0 that Gait writes: the Detection Finding class and the objects inside it, as tables. Taken from
 * the schema's published export; only attributes that Gait fills are listed, with their full enumerations, so what
 * passes the validator built on these tables is valid OCSF, but not the other way round.
 */

/** Version of the schema these tables were taken from. */
export const OCSF_VERSION = '1.8.0';

/** Numbers of an enumeration and the caption of each. */
export type Captions = Readonly<Record<number, string>>;

/** JSON types of OCSF. `integer` is a whole number, `timestamp` one that counts ms since 1970, `json` anything. */
export type OcsfType = 'string' | 'integer' | 'timestamp' | 'boolean' | 'json' | 'ip' | 'hostname';

/** One attribute of an object. */
export interface Attribute {
  readonly type: OcsfType | { readonly object: string };
  readonly list?: true;
  readonly required?: true;
  /** Allowed numbers. 99 (Other) needs the sibling to say what is meant. */
  readonly captions?: Captions;
  /** Attribute that repeats the caption in words. */
  readonly sibling?: string;
  /** Smallest and largest number. */
  readonly range?: readonly [number, number];
  /** Only allowed when `metadata.profiles` names it. */
  readonly profile?: string;
}

/** One object: its attributes, and those of which at least one must be there. */
export interface ObjectRule {
  readonly attributes: Readonly<Record<string, Attribute>>;
  readonly atLeastOne?: readonly string[];
}

/** Numbers of the class and its first activity. */
export const DETECTION_FINDING = { category_uid: 2, class_uid: 2004, create: 1 } as const;

/** Enumerations by attribute name. */
export const CAPTIONS = {
  activity_id: { 0: 'Unknown', 1: 'Create', 2: 'Update', 3: 'Close', 99: 'Other' },
  category_uid: { 2: 'Findings' },
  class_uid: { 2004: 'Detection Finding' },
  type_uid: {
    200400: 'Detection Finding: Unknown',
    200401: 'Detection Finding: Create',
    200402: 'Detection Finding: Update',
    200403: 'Detection Finding: Close',
    200499: 'Detection Finding: Other',
  },
  severity_id: {
    0: 'Unknown',
    1: 'Informational',
    2: 'Low',
    3: 'Medium',
    4: 'High',
    5: 'Critical',
    6: 'Fatal',
    99: 'Other',
  },
  status_id: {
    0: 'Unknown',
    1: 'New',
    2: 'In Progress',
    3: 'Suppressed',
    4: 'Resolved',
    5: 'Archived',
    6: 'Deleted',
    99: 'Other',
  },
  confidence_id: { 0: 'Unknown', 1: 'Low', 2: 'Medium', 3: 'High', 99: 'Other' },
  impact_id: { 0: 'Unknown', 1: 'Low', 2: 'Medium', 3: 'High', 4: 'Critical', 99: 'Other' },
  risk_level_id: { 0: 'Info', 1: 'Low', 2: 'Medium', 3: 'High', 4: 'Critical', 99: 'Other' },
  action_id: { 0: 'Unknown', 1: 'Allowed', 2: 'Denied', 3: 'Observed', 4: 'Modified', 99: 'Other' },
  disposition_id: {
    0: 'Unknown',
    1: 'Allowed',
    2: 'Blocked',
    3: 'Quarantined',
    4: 'Isolated',
    5: 'Deleted',
    6: 'Dropped',
    7: 'Custom Action',
    8: 'Approved',
    9: 'Restored',
    10: 'Exonerated',
    11: 'Corrected',
    12: 'Partially Corrected',
    13: 'Uncorrected',
    14: 'Delayed',
    15: 'Detected',
    16: 'No Action',
    17: 'Logged',
    18: 'Tagged',
    19: 'Alert',
    20: 'Count',
    21: 'Reset',
    22: 'Captcha',
    23: 'Challenge',
    24: 'Access Revoked',
    25: 'Rejected',
    26: 'Unauthorized',
    27: 'Error',
    99: 'Other',
  },
} as const satisfies Readonly<Record<string, Captions>>;

const ANALYTIC_TYPES: Captions = {
  0: 'Unknown',
  1: 'Rule',
  2: 'Behavioral',
  3: 'Statistical',
  4: 'Learning (ML/DL)',
  5: 'Fingerprinting',
  6: 'Tagging',
  7: 'Keyword Match',
  8: 'Regular Expressions',
  9: 'Exact Data Match',
  10: 'Partial Data Match',
  11: 'Indexed Data Match',
  99: 'Other',
};
const FILE_TYPES: Captions = {
  0: 'Unknown',
  1: 'Regular File',
  2: 'Folder',
  3: 'Character Device',
  4: 'Block Device',
  5: 'Local Socket',
  6: 'Named Pipe',
  7: 'Symbolic Link',
  8: 'Executable File',
  99: 'Other',
};

const text: Attribute = { type: 'string' };
const texts: Attribute = { type: 'string', list: true };
const time: Attribute = { type: 'timestamp' };
const count: Attribute = { type: 'integer', range: [0, Number.MAX_SAFE_INTEGER] };
const percent: Attribute = { type: 'integer', range: [0, 100] };
const an = (object: string): Attribute => ({ type: { object } });
const listOf = (object: string): Attribute => ({ type: { object }, list: true });
const required = (attribute: Attribute): Attribute => ({ ...attribute, required: true });
const oneOf = (captions: Captions, sibling: string): Attribute => ({ type: 'integer', captions, sibling });
const inProfile = (profile: string, attribute: Attribute): Attribute => ({ ...attribute, profile });
const named: ObjectRule = { attributes: { uid: text, name: text }, atLeastOne: ['uid', 'name'] };

/** Every object that occurs in a finding; `detection_finding` is the root. */
export const OCSF_OBJECTS: Readonly<Record<string, ObjectRule>> = {
  detection_finding: {
    attributes: {
      activity_id: required(oneOf(CAPTIONS.activity_id, 'activity_name')),
      activity_name: text,
      category_uid: required(oneOf(CAPTIONS.category_uid, 'category_name')),
      category_name: text,
      class_uid: required(oneOf(CAPTIONS.class_uid, 'class_name')),
      class_name: text,
      type_uid: required(oneOf(CAPTIONS.type_uid, 'type_name')),
      type_name: text,
      time: required(time),
      start_time: time,
      end_time: time,
      severity_id: required(oneOf(CAPTIONS.severity_id, 'severity')),
      severity: text,
      status_id: oneOf(CAPTIONS.status_id, 'status'),
      status: text,
      message: text,
      is_alert: { type: 'boolean' },
      confidence_id: oneOf(CAPTIONS.confidence_id, 'confidence'),
      confidence: text,
      confidence_score: percent,
      impact_id: oneOf(CAPTIONS.impact_id, 'impact'),
      impact: text,
      impact_score: percent,
      risk_level_id: oneOf(CAPTIONS.risk_level_id, 'risk_level'),
      risk_level: text,
      risk_score: percent,
      action_id: inProfile('security_control', oneOf(CAPTIONS.action_id, 'action')),
      action: inProfile('security_control', text),
      disposition_id: inProfile('security_control', oneOf(CAPTIONS.disposition_id, 'disposition')),
      disposition: inProfile('security_control', text),
      metadata: required(an('metadata')),
      cloud: inProfile('cloud', required(an('cloud'))),
      finding_info: required(an('finding_info')),
      resources: listOf('resource_details'),
      anomaly_analyses: listOf('anomaly_analysis'),
      evidences: listOf('evidences'),
      unmapped: { type: 'json' },
    },
  },
  metadata: {
    attributes: {
      version: required(text),
      product: required(an('product')),
      profiles: texts,
      uid: text,
      correlation_uid: text,
    },
  },
  product: {
    attributes: { name: text, uid: text, vendor_name: text, version: text },
    atLeastOne: ['name', 'uid'],
  },
  cloud: { attributes: { provider: required(text), region: text, account: an('account') } },
  account: named,
  finding_info: {
    attributes: {
      uid: required(text),
      title: text,
      desc: text,
      types: texts,
      analytic: an('analytic'),
      attacks: listOf('attack'),
      created_time: time,
      first_seen_time: time,
      last_seen_time: time,
    },
  },
  analytic: {
    attributes: { uid: text, name: text, type_id: required(oneOf(ANALYTIC_TYPES, 'type')), type: text, version: text },
    atLeastOne: ['uid', 'name'],
  },
  attack: {
    attributes: { version: text, tactic: an('tactic'), technique: an('technique'), sub_technique: an('sub_technique') },
    atLeastOne: ['tactic', 'technique', 'sub_technique'],
  },
  tactic: named,
  technique: named,
  sub_technique: named,
  resource_details: {
    attributes: { uid: text, type: text, name: text, region: inProfile('cloud', text), version: text },
    atLeastOne: ['uid', 'name'],
  },
  anomaly_analysis: {
    attributes: {
      analysis_targets: required(listOf('analysis_target')),
      baselines: listOf('observed'),
      anomalies: required(listOf('observed')),
    },
  },
  analysis_target: { attributes: { name: required(text), type: text } },
  /** The schema's `baseline` and `anomaly`, which have the same attributes. */
  observed: {
    attributes: {
      observation_parameter: required(text),
      observation_type: text,
      observations: required(listOf('observation')),
      observed_pattern: text,
    },
  },
  observation: { attributes: { value: required(text), count } },
  evidences: {
    attributes: {
      name: text,
      actor: an('actor'),
      api: an('api'),
      dst_endpoint: an('network_endpoint'),
      src_endpoint: an('network_endpoint'),
      file: an('file'),
      data: { type: 'json' },
    },
    atLeastOne: ['actor', 'api', 'data', 'dst_endpoint', 'file', 'src_endpoint'],
  },
  actor: {
    attributes: { user: an('user'), app_name: text, app_uid: text },
    atLeastOne: ['user', 'app_name', 'app_uid'],
  },
  user: named,
  api: { attributes: { operation: required(text), service: an('service'), request: an('request') } },
  service: named,
  request: { attributes: { uid: required(text) } },
  network_endpoint: {
    attributes: {
      ip: { type: 'ip' },
      hostname: { type: 'hostname' },
      name: text,
      uid: text,
      port: { type: 'integer', range: [0, 65_535] },
    },
    atLeastOne: ['ip', 'hostname', 'name', 'uid'],
  },
  file: {
    attributes: { name: required(text), path: text, type_id: required(oneOf(FILE_TYPES, 'type')), type: text },
  },
};
