import type { Dirent, Stats } from 'node:fs';
import { readdir, realpath, stat } from 'node:fs/promises';
import { join, normalize } from 'node:path';
import { FILES_MAX, FOLDERS_DEEP_MAX } from './limits.ts';
import type { ReportWriter } from './report.ts';

/** What a folder holds in which Gait keeps what it knows: its own state and keys, and no telemetry. */
const OWN_LOG = join('log', 'segments');

/** A file to be read. */
export interface FileEntry {
  readonly path: string;
  /** Bytes on disk; 0 for files that do not say. */
  readonly bytes: number;
}

/**
 * All regular files at and below the given paths, in the order of their paths, whatever the order of the arguments.
 * Links are followed; a file or folder that is reached twice counts once, under its first path, so that loops end.
 * Names that begin with a dot are left out unless given themselves, and so are data folders of Gait, which may lie beside
 * the telemetry. What cannot be read is named in the report.
 */
export async function listFiles(paths: readonly string[], report: ReportWriter): Promise<readonly FileEntry[]> {
  const walk = new Walk(report);
  for (const path of [...new Set(paths.map((given) => normalize(given)))].sort(byCodeUnits)) await walk.visit(path, 0);
  return walk.files.sort((a, b) => byCodeUnits(a.path, b.path));
}

class Walk {
  readonly files: FileEntry[] = [];
  readonly #report: ReportWriter;
  /** Real paths of what was visited. */
  readonly #visited = new Set<string>();

  constructor(report: ReportWriter) {
    this.#report = report;
  }

  async visit(path: string, depth: number): Promise<void> {
    try {
      const found = await stat(path);
      const real = await realpath(path);
      if (this.#visited.has(real)) return this.#report.note('same-file');
      this.#visited.add(real);
      if (found.isDirectory()) await this.#folder(path, depth);
      else this.#file(path, found);
    } catch (error) {
      this.#report.problem(path, whyUnreadable(error));
    }
  }

  #file(path: string, found: Stats): void {
    if (!found.isFile()) this.#report.problem(path, 'It is not a regular file.');
    else if (this.files.length >= FILES_MAX) this.#report.problem(path, `There are more than ${FILES_MAX} files.`);
    else this.files.push({ path, bytes: found.size });
  }

  async #folder(path: string, depth: number): Promise<void> {
    if (depth >= FOLDERS_DEEP_MAX) {
      this.#report.problem(path, `It lies more than ${FOLDERS_DEEP_MAX} folders deep.`);
      return;
    }
    if (await holdsOwnLog(path)) {
      if (depth > 0) this.#report.note('data-folder');
      else this.#report.problem(path, 'It is a data folder of Gait, which holds no telemetry to read.');
      return;
    }
    const entries: Dirent[] = await readdir(path, { withFileTypes: true });
    for (const { name } of entries.sort((a, b) => byCodeUnits(a.name, b.name))) {
      if (name.startsWith('.')) this.#report.note('hidden-file');
      else await this.visit(join(path, name), depth + 1);
    }
  }
}

async function holdsOwnLog(folder: string): Promise<boolean> {
  const found = await stat(join(folder, OWN_LOG)).catch(() => undefined);
  return found?.isDirectory() === true;
}

/** What an error of the file system means for the reader of the report. */
export function whyUnreadable(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  switch (code) {
    case 'ENOENT':
      return 'It does not exist, or is a link to something that does not.';
    case 'EACCES':
    case 'EPERM':
      return 'Permission denied.';
    case 'ELOOP':
      return 'It is a link that leads back to itself.';
    case 'ENOTDIR':
      return 'A part of its path is a file, not a folder.';
    default:
      return `It could not be read (${code === '' ? String(error) : code}).`;
  }
}

/** The same order everywhere: by UTF-16 code units, not by locale. */
function byCodeUnits(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
