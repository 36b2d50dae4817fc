import { join } from 'node:path';
import { INCIDENT_FINDINGS_MAX } from '@gait/engine/base/limits';
import { canonicalControl, canonicalRow } from '@gait/engine/event/canonical';
import type { Finding, Incident } from '@gait/engine/event/finding';
import { Command } from 'commander';
import { openSegmentReader } from '../log/segments/segment-reader.ts';
import { printable } from '../render/printable.ts';
import { findingText, incidentText } from '../render/text.ts';
import { FOLDER } from '../runtime/folder.ts';
import { UsageError } from './failure.ts';
import { FOLDER_OPTION, incidentFor, type OpenStore, one, withStore } from './folder.ts';
import { OcsfLines } from './ocsf-context.ts';
import { outputStyle, print } from './output.ts';

/** Ids of findings are 16 hexadecimal digits; those of incidents have an `i` in front. */
const ID = /^i?[0-9a-f]{0,16}$/;

interface Options {
  readonly data?: string;
  readonly json?: true;
}

/** `gait explain`: one finding or incident in full, with the record it rests on. */
export function explainCommand(): Command {
  return new Command('explain')
    .description('Explain one finding, weak signal or incident in full.')
    .argument('<id>', 'id of a finding or incident, or its beginning')
    .option(...FOLDER_OPTION)
    .option('--json', 'a finding as OCSF Detection Finding, an incident as JSON with its findings as OCSF')
    .action((id: string, options: Options) => withStore(options.data, (open) => explain(open, id, options)));
}

async function explain(open: OpenStore, asked: string, { json }: Options): Promise<void> {
  const id = asked.trim().toLowerCase();
  if (id === '' || !ID.test(id)) {
    throw new UsageError(`${printable(asked)} is no id. Ids are hexadecimal, those of incidents begin with i.`);
  }
  if (!id.startsWith('i')) {
    const finding = one(open.store.finding(id), 'finding', id);
    print(json ? await OcsfLines.of(open.folder).line(finding) : await findingPage(open, finding));
    return;
  }
  const incident = incidentFor(open.store, id);
  const findings = open.store.findings({ incident: incident.id, limit: INCIDENT_FINDINGS_MAX }).toReversed();
  if (json) print(await incidentLine(open, incident, findings));
  else print(`${incidentText(incident, findings, outputStyle(process.stdout))}\n`);
}

async function findingPage({ folder }: OpenStore, finding: Finding): Promise<string> {
  const text = findingText(finding, outputStyle(process.stdout));
  const record = printable(await recordOf(folder, finding));
  return `${text}\n\nThe record it rests on, ordinal ${finding.ordinal}:\n${record}\n`;
}

/** Canonical text of a finding's record, as the log's proof covers it. */
async function recordOf(folder: string, { ordinal: wanted }: Finding): Promise<string> {
  const reader = await openSegmentReader(join(folder, FOLDER.log));
  if (wanted < reader.first) return '(removed by retention; its signed head remains)';
  for await (const { ordinal, record } of reader.read(wanted)) {
    if (record.type === 'observation') return canonicalRow(record.batch, wanted - ordinal, wanted);
    if (record.type === 'control') return canonicalControl(record.control, ordinal, record.receivedMs);
  }
  return '(not in the log)';
}

async function incidentLine(open: OpenStore, incident: Incident, findings: readonly Finding[]): Promise<string> {
  const { findings: _, ...facts } = incident;
  const lines = OcsfLines.of(open.folder);
  const objects: unknown[] = [];
  for (const finding of findings) objects.push(await lines.object(finding));
  return `${JSON.stringify({ ...facts, findings: objects })}\n`;
}
