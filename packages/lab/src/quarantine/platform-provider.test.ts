import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { providerContract } from '@gait/server/response/provider.contract';
import { openPrintShop, SECRET, withoutPermission } from './print-shop.contract.ts';
import { RESPONDER_STATEMENTS } from './responder-statements.ts';

const IDLE = 'exports.handler = async () => {};';

providerContract('the local platform through the SDK', async (test) => {
  const shop = await openPrintShop(test, { pay: IDLE, mail: IDLE });
  return {
    provider: await shop.provider(),
    function: shop.pay,
    secret: SECRET,
    without: (permission) => shop.provider(withoutPermission(permission)),
    wait: (ms) => pause(ms),
  };
});

// The tests and the demonstration act with these rights and no others, so that the list is known to be enough.
test('the rights a responder is given are those that the documentation lists', () => {
  const page = readFileSync(resolve(import.meta.dirname, '../../../../docs/reference/response.md'), 'utf8');
  const listed =
    /## Permissions on AWS\n([\s\S]+?)\nNever needed/.exec(page)?.[1].match(/(lambda|iam):[A-Z]\w+/g) ?? [];
  const given = RESPONDER_STATEMENTS.flatMap(({ Action = [] }) => Action);
  const condition = 'iam:PolicyARN';
  assert.deepEqual(given.toSorted(), listed.filter((one) => one !== condition).toSorted());
});
