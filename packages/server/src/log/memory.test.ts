import { logContract } from './log.contract.ts';
import { openMemoryLog } from './memory.ts';

logContract('memory', async () => ({ open: async () => openMemoryLog(), clean: async () => {} }));
