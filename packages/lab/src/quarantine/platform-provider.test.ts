import { setTimeout as pause } from 'node:timers/promises';
import { providerContract } from '@gait/server/response/provider.contract';
import { openPrintShop, SECRET, withoutPermission } from './print-shop.contract.ts';

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
