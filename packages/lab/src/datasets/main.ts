/** Makes the recording of the demonstration, `fixtures/demo/`, again. A file whose content is the same is left alone. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { DEMO_SEED, demoRecording } from './demo.ts';

const FOLDER = resolve(import.meta.dirname, '../../../../fixtures/demo');

for (const [name, text] of demoRecording(DEMO_SEED)) {
  const packed = name !== 'truth.json';
  const path = join(FOLDER, packed ? `${name}.gz` : name);
  // Compressors differ between machines, so what counts is the content.
  if (existsSync(path) && contentOf(path, packed) === text) {
    console.log(`${path}: unchanged`);
    continue;
  }
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, packed ? gzipSync(text, { level: 9 }) : text);
  console.log(`${path}: written`);
}

function contentOf(path: string, packed: boolean): string {
  const bytes = readFileSync(path);
  return (packed ? gunzipSync(bytes) : bytes).toString('utf8');
}
