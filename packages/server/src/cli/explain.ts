import { join } from 'node:path';
import { canonicalControl, canonicalRow } from '@gait/engine/event/canonical';
import type { Finding } from '@gait/engine/event/finding';
import { Command } from 'commander';
import { openSegmentReader } from '../log/segments/segment-reader.ts';
import { toOcsf } from '../render/ocsf.ts';
import { findingText, incidentText } from '../render/text.ts';
import { FOLDER } from '../runtime/workspace.ts';
import { existingFolder, FOLDER_OPTION, one, withStore } from './folder.ts';
import { outputStyle } from './output.ts';
import { ocsfContext } from './replay-text.ts';

/** `gait explain`: one finding or incident in full, with the record it rests on. */
export function explainCommand(): Command {
  return new Command('explain')
    .description('Explain one finding or incident in full.')
    .argument('<id>', 'id of a finding or incident, or its beginning')
    .option(...FOLDER_OPTION)
    .option('--json', 'the finding as OCSF, or the incident as JSON')
    .action(async (id: string, options: { data?: string; json?: true }) => {
      const folder = await existingFolder(options.data);
      await withStore(folder, async (store) => {
        if (id.startsWith('i')) {
          const incident = one(store.incident(id), 'incident', id);
          const findings = store.findings({ incident: incident.id });
          if (options.json === true) process.stdout.write(`${JSON.stringify({ ...incident, findings })}\n`);
          else process.stdout.write(`${incidentText(incident, findings, outputStyle(process.stdout))}\n`);
          return;
        }
        const finding = one(store.finding(id), 'finding', id);
        if (options.json === true) {
          process.stdout.write(`${JSON.stringify(toOcsf(finding, ocsfContext(finding)))}\n`);
          return;
        }
        process.stdout.write(`${findingText(finding, outputStyle(process.stdout))}\n`);
        process.stdout.write(
          `\nThe record it rests on, ordinal ${finding.ordinal}:\n${await recordOf(folder, finding)}\n`,
        );
      });
    });
}

/** Canonical text of a finding's record, as the log's proof covers it. */
async function recordOf(folder: string, finding: Finding): Promise<string> {
  const reader = await openSegmentReader(join(folder, FOLDER.log));
  if (finding.ordinal < reader.first) return '(removed by retention; its signed head remains)';
  for await (const { ordinal, record } of reader.read(finding.ordinal)) {
    if (record.type === 'observation') return canonicalRow(record.batch, finding.ordinal - ordinal, finding.ordinal);
    if (record.type === 'control') return canonicalControl(record.control, ordinal, record.receivedMs);
  }
  return '(not in the log)';
}
