import { join } from 'node:path';
import { INCIDENT_FINDINGS_MAX } from '@gait/engine/base/limits';
import { Command } from 'commander';
import { exportRecords } from '../forensics/export.ts';
import { verifyExport } from '../forensics/verify-export.ts';
import { incidentText } from '../render/text.ts';
import { grouped } from '../render/words.ts';
import { FOLDER } from '../runtime/folder.ts';
import { FOLDER_OPTION, incidentFor, withStore, word } from './folder.ts';
import { OcsfLines } from './ocsf-context.ts';
import { print } from './output.ts';

/** Columns of the text that goes with an export. */
const EXPORT_COLUMNS = 100;
/** `gait evidence`: hands over what an incident rests on, and checks such a hand-over. */
export function evidenceCommand(): Command {
  const command = new Command('evidence').description('Export what an incident rests on, or verify such an export.');
  command
    .command('export')
    .description('Write the records, proofs and findings of an incident to a folder.')
    .argument('<incident>', 'id of the incident, or its beginning')
    .option('--to <folder>', 'folder to write to, absent or empty (default: evidence-ID)')
    .option(...FOLDER_OPTION)
    .action(exportIncident);
  command
    .command('verify')
    .description('Verify an export by itself, without the log.')
    .argument('<folder>', 'folder of the export')
    .option('--key <name>', 'name of the key that must have signed it')
    .option('--json', 'the report as JSON')
    .action(async (folder: string, options: { key?: string; json?: true }) => {
      const report = await verifyExport(folder, options.key === undefined ? {} : { key: options.key });
      print(`${options.json === true ? JSON.stringify(report) : report.statement.join('\n')}\n`);
      if (!report.ok) process.exitCode = 1;
    });
  return command;
}

async function exportIncident(id: string, options: { to?: string; data?: string }): Promise<void> {
  await withStore(options.data, async ({ store, folder }) => {
    const incident = incidentFor(store, id);
    const findings = store.findings({ incident: incident.id, limit: INCIDENT_FINDINGS_MAX });
    const lines = OcsfLines.of(folder);
    const ocsf: string[] = [];
    for (const finding of findings) ocsf.push(await lines.line(finding));
    const to = options.to ?? `evidence-${incident.id}`;
    const { records, files } = await exportRecords({
      folder: join(folder, FOLDER.log),
      ordinals: findings.map((finding) => finding.ordinal),
      to,
      attachments: new Map([
        ['incident.json', `${JSON.stringify(incident, undefined, 2)}\n`],
        ['incident.txt', `${incidentText(incident, findings, { width: EXPORT_COLUMNS, colour: false })}\n`],
        ['findings.ndjson', ocsf.join('')],
      ]),
    });
    print(`Exported ${counted(records)} of ${incident.id} in ${files.length} files to ${to}.\n`);
    print(`Anyone can check it: gait evidence verify ${word(to)}\n`);
  });
}

function counted(records: number): string {
  return records === 1 ? '1 record' : `${grouped(records)} records`;
}
