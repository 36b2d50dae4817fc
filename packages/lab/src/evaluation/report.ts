import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { svgOf } from './charts.ts';
import type { Section, SuiteReport, TableSection } from './suite.ts';

/** A report of one suite as Markdown; pictures are links to files beside it. */
export function markdownOf(title: string, report: SuiteReport): string {
  return `## ${title}\n\n${report.sections.map(sectionText).join('\n\n')}\n`;
}

/** What is printed: the same without pictures. */
export function printedOf(title: string, report: SuiteReport): string {
  return markdownOf(title, { ...report, sections: report.sections.filter((section) => !('chart' in section)) });
}

/** Writes `<out>/<name>.md` and the pictures it shows. */
export function writeReport(out: string, name: string, parts: readonly { title: string; report: SuiteReport }[]): void {
  mkdirSync(out, { recursive: true });
  for (const { report } of parts) {
    for (const section of report.sections) {
      if ('chart' in section) writeFileSync(join(out, `${section.name}.svg`), svgOf(section.chart));
    }
  }
  writeFileSync(join(out, `${name}.md`), parts.map(({ title, report }) => markdownOf(title, report)).join('\n'));
}

function sectionText(section: Section): string {
  if ('text' in section) return section.text.trim();
  if ('table' in section) return tableText(section);
  return `![${section.chart.title}](${section.name}.svg)`;
}

function tableText({ table: { head, rows } }: TableSection): string {
  const line = (cells: readonly (string | number)[]) => `| ${cells.map(cellText).join(' | ')} |`;
  return [line(head), `|${'---|'.repeat(head.length)}`, ...rows.map(line)].join('\n');
}

function cellText(cell: string | number): string {
  if (typeof cell === 'string') return cell.replaceAll('|', '\\|').replaceAll('\n', ' ');
  return Number.isInteger(cell) ? String(cell) : String(Number(cell.toPrecision(4)));
}
