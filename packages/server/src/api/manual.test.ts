import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { API_CODES } from './codes.ts';
import {
  BODY_BYTES_MAX,
  CLIENT_BUFFER_BYTES_MAX,
  CLIENTS_MAX,
  READY_LAG_MS_MAX,
  RESUMED_FINDINGS_MAX,
} from './limits.ts';
import { openApiDocument } from './openapi.ts';
import { API_PREFIX, routeTable } from './table.ts';

const MANUAL = join(import.meta.dirname, '../../../../docs/reference/api.md');

describe('the manual of the API', () => {
  it('lists every route with its role, and no other', async () => {
    const manual = await readFile(MANUAL, 'utf8');
    const rows = [...manual.matchAll(/^\| `(GET|POST|DELETE) (\S+)` \| (\w+) \|/gm)];
    const listed = new Map(rows.map(([, method, path, role]) => [`${method} ${path}`, role]));
    for (const { method, path, role } of routeTable()) {
      const key = `${method} ${API_PREFIX}${path}`;
      assert.equal(listed.get(key), role, key);
    }
    const { paths } = openApiDocument(routeTable(), '0');
    const documented = Object.entries(Object(paths)).flatMap(([path, item]) =>
      Object.keys(Object(item)).map((method) => `${method.toUpperCase()} ${path}`),
    );
    assert.deepEqual([...listed.keys()].sort(), documented.sort());
  });

  it('explains every code with its status, and no other', async () => {
    const manual = await readFile(MANUAL, 'utf8');
    const rows = [...manual.matchAll(/^\| `([\w-]+)` \| (\d{3}) \| \S/gm)].map(([, code, status]) => [
      code,
      Number(status),
    ]);
    assert.deepEqual(Object.fromEntries(rows), API_CODES);
  });

  it('gives the limits that are in force', async () => {
    const manual = (await readFile(MANUAL, 'utf8')).replaceAll(/\s+/g, ' ');
    for (const text of [
      `larger than ${BODY_BYTES_MAX / 1024} KiB`,
      `up to ${RESUMED_FINDINGS_MAX} of each`,
      `${CLIENTS_MAX} clients are taken`,
      `more than ${CLIENT_BUFFER_BYTES_MAX / 1024 / 1024} MiB unread`,
      `lags less than ${READY_LAG_MS_MAX / 1000} s`,
    ]) {
      assert.ok(manual.includes(text), text);
    }
  });
});
