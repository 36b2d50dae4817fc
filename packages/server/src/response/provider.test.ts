import { functionRef } from './function-ref.ts';
import { MemoryProvider, PAY, SECRET } from './memory-cloud.contract.ts';
import { providerContract } from './provider.contract.ts';

providerContract('the cloud in memory', async () => {
  const provider = new MemoryProvider();
  return {
    provider,
    function: functionRef(PAY),
    secret: SECRET,
    without: async (permission) => {
      provider.cloud.denied.add(permission);
      return provider;
    },
    wait: async () => undefined,
  };
});
