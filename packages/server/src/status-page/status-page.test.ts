import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { z } from 'zod';
import { openApiDocument } from '../api/openapi.ts';
import { routeTable } from '../api/table.ts';

const PAGE = join(import.meta.dirname, 'status.js');

/** Where the rows of each drawing come from, by the name of their schema in the document of the API. */
const ROWS = {
  drawIncidents: 'Incident',
  incident: 'Incident',
  drawFunctions: 'FunctionRow',
  drawResponses: 'Response',
  drawCoverage: 'CoverageRow',
} as const;

describe('the status page', () => {
  it('reads only fields that the API answers', async () => {
    const script = await readFile(PAGE, 'utf8');
    const schema = z.object({ components: z.object({ schemas: z.record(z.string(), z.looseObject({})) }) });
    const { components } = schema.parse(openApiDocument(routeTable(), '0'));
    for (const [name, row] of Object.entries(ROWS)) {
      const [, body = ''] = new RegExp(`async function ${name}\\(.*?\\{\\n(.*?)\\n\\}\\n`, 's').exec(script) ?? [];
      const fields = new Set([...body.matchAll(/\bone\.(\w+)/g)].map(([, field]) => field));
      assert.ok(fields.size > 0, name);
      const known = Object.keys(Object(components.schemas[row]?.['properties']));
      assert.deepEqual(
        [...fields].filter((field) => !known.includes(field)),
        [],
        `${name} reads ${row}`,
      );
    }
  });
});
