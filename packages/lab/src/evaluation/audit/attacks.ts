import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { ACCOUNT, type Actor, REGION, type TrailRecord } from './background.ts';

/** Names that are written into a table of labels for what is no attack. */
const BENIGN = new Set(['', '0', 'benign', 'normal', 'none', 'false']);

/** The records of one technique, as they were taken, in order. */
export interface Attack {
  readonly name: string;
  readonly records: readonly { readonly [key: string]: unknown }[];
}

/**
 * Attacks in a folder of trails: the records that a table `eventID,label` names, one attack a label and file; without such a
 * table each file is one attack.
 */
export function attacksIn(folder: string): { readonly attacks: readonly Attack[]; readonly labelled: boolean } {
  const labels = labelsIn(folder);
  const attacks: Attack[] = [];
  for (const file of readdirSync(folder).sort()) {
    if (!file.endsWith('.json')) continue;
    const records = recordsOf(JSON.parse(readFileSync(join(folder, file), 'utf8')));
    const byName = new Map<string, { readonly [key: string]: unknown }[]>();
    for (const record of records) {
      const label = labels === undefined ? '' : (labels.get(textOf(record, 'eventID')) ?? '');
      if (labels !== undefined && BENIGN.has(label.toLowerCase())) continue;
      const name = label === '' ? basename(file, '.json') : `${basename(file, '.json')}: ${label}`;
      byName.set(name, [...(byName.get(name) ?? []), record]);
    }
    for (const [name, own] of byName) {
      own.sort((a, b) => timeOf(a) - timeOf(b));
      attacks.push({ name, records: own });
    }
  }
  return { attacks, labelled: labels !== undefined };
}

/**
 * An attack as it looks in the account when somebody acts under the identity, from the address and with the software of `by`, from
 * `atMs` on. Account, region and names that would give it away are replaced; what was done, on how many things, how fast
 * and with which answer stays.
 */
export function masked(attack: Attack, by: Actor, atMs: number): TrailRecord[] {
  const firstMs = timeOf(attack.records[0]);
  return attack.records.map((original, at) => {
    const time = atMs + timeOf(original) - firstMs;
    const id = `attack-${at}`;
    const plain: unknown = JSON.parse(plainText(JSON.stringify(original), textOf(original, 'awsRegion')));
    const record = {
      ...(isRecord(plain) ? plain : {}),
      userIdentity: by.identity,
      sourceIPAddress: by.address,
      userAgent: by.agent,
      awsRegion: REGION,
      recipientAccountId: ACCOUNT,
      eventTime: new Date(time).toISOString(),
      eventID: id,
      requestID: id,
      tlsDetails: undefined,
      vpcEndpointId: undefined,
    };
    return { atMs: time, record };
  });
}

function plainText(text: string, region: string): string {
  const named = text
    .replaceAll(/stratus[-_ ]?red[-_ ]?team[-_]?/gi, 'app-')
    .replaceAll(/stratus/gi, 'app')
    .replaceAll(/christophe/gi, 'ana')
    .replaceAll(/\b\d{12}\b/g, ACCOUNT);
  return region === '' ? named : named.replaceAll(region, REGION);
}

function labelsIn(folder: string): ReadonlyMap<string, string> | undefined {
  const file = readdirSync(folder).find((name) => /^labels?\.csv$/.test(name));
  if (file === undefined || !existsSync(join(folder, file))) return undefined;
  const labels = new Map<string, string>();
  for (const line of readFileSync(join(folder, file), 'utf8').split(/\r?\n/)) {
    const [id, label = ''] = line.split(',').map((cell) => cell.trim().replace(/^"|"$/g, ''));
    if (id !== '' && id !== 'eventID') labels.set(id, label);
  }
  return labels;
}

function recordsOf(document: unknown): { readonly [key: string]: unknown }[] {
  const list = isRecord(document) && Array.isArray(document['Records']) ? document['Records'] : document;
  if (Array.isArray(list)) return list.filter(isRecord);
  return isRecord(document) ? [document] : [];
}

function timeOf(record: { readonly [key: string]: unknown }): number {
  const ms = Date.parse(textOf(record, 'eventTime'));
  return Number.isNaN(ms) ? 0 : ms;
}

function textOf(record: { readonly [key: string]: unknown }, field: string): string {
  const value = record[field];
  return typeof value === 'string' ? value : '';
}

function isRecord(value: unknown): value is { readonly [key: string]: unknown } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
