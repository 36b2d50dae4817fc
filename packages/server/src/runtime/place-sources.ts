import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { PlaceSource } from '../ingest/places/places.ts';

/** File of a data folder that says by which databases the latest events were placed. */
const FILE = 'places.json';

/** Notes which databases place the events that come now; none is noted, too. */
export function writePlaceSources(folder: string, sources: readonly PlaceSource[]): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, FILE), `${JSON.stringify(sources)}\n`);
}

/** Databases by which the latest events of a data folder were placed; none where nothing is noted. */
export function readPlaceSources(folder: string | undefined): PlaceSource[] {
  try {
    const read: unknown = JSON.parse(readFileSync(join(folder ?? './gait-data', FILE), 'utf8'));
    return Array.isArray(read) ? read.flatMap(sourceOf) : [];
  } catch {
    return [];
  }
}

function sourceOf(value: unknown): PlaceSource[] {
  if (typeof value !== 'object' || value === null) return [];
  const what: unknown = Reflect.get(value, 'what');
  const name: unknown = Reflect.get(value, 'name');
  const built: unknown = Reflect.get(value, 'built');
  if ((what !== 'country' && what !== 'asn') || typeof name !== 'string' || typeof built !== 'string') return [];
  return [{ what, name, built }];
}
