import { ACCOUNT } from '../company.ts';
import type { Invocation } from '../invocation.ts';
import { Random } from '../random.ts';

/** Lines of one stream are delivered together when they come within this time. */
const DELIVERY_MS = 30_000;

/**
 * Invocations as the platform's log shows them, in the form a log subscription delivers: one JSON document a line, each
 * with the lines of one log stream that came within half a minute.
 */
export function logDeliveries(invocations: readonly Invocation[], seed: number): string {
  const random = new Random(seed, 'log deliveries');
  const open = new Map<string, Delivery>();
  const deliveries: Delivery[] = [];
  for (const invocation of invocations) {
    let delivery = open.get(invocation.instance);
    if (delivery === undefined || invocation.startMs - delivery.logEvents[0].timestamp > DELIVERY_MS) {
      delivery = newDelivery(invocation);
      open.set(invocation.instance, delivery);
      deliveries.push(delivery);
    }
    for (const [timestamp, message] of linesOf(invocation)) {
      delivery.logEvents.push({ id: eventId(timestamp, random), timestamp, message });
    }
  }
  return deliveries.map((delivery) => `${JSON.stringify(delivery)}\n`).join('');
}

interface Delivery {
  readonly messageType: 'DATA_MESSAGE';
  readonly owner: string;
  readonly logGroup: string;
  readonly logStream: string;
  readonly subscriptionFilters: readonly string[];
  readonly logEvents: { readonly id: string; readonly timestamp: number; readonly message: string }[];
}

function newDelivery({ spec, startMs, revision, instance }: Invocation): Delivery {
  const day = new Date(startMs).toISOString().slice(0, 10).replaceAll('-', '/');
  return {
    messageType: 'DATA_MESSAGE',
    owner: ACCOUNT,
    logGroup: `/aws/lambda/${spec.name}`,
    logStream: `${day}/[${revision}]${instance}`,
    subscriptionFilters: ['gait'],
    logEvents: [],
  };
}

function linesOf(invocation: Invocation): (readonly [timestamp: number, message: string])[] {
  const { requestId, durationMs, memoryMb, initMs, spec } = invocation;
  const startMs = Math.round(invocation.startMs);
  const endMs = Math.round(invocation.startMs + durationMs);
  const report = [
    `REPORT RequestId: ${requestId}`,
    `Duration: ${durationMs.toFixed(2)} ms`,
    `Billed Duration: ${Math.ceil(durationMs + initMs)} ms`,
    `Memory Size: ${spec.memorySizeMb} MB`,
    `Max Memory Used: ${Math.round(memoryMb)} MB`,
    ...(invocation.cold ? [`Init Duration: ${initMs.toFixed(2)} ms`] : []),
    '',
  ];
  return [
    [startMs, `START RequestId: ${requestId} Version: ${invocation.revision}\n`],
    [endMs, `END RequestId: ${requestId}\n`],
    [endMs, `${report.join('\t')}\n`],
  ];
}

/** Event ids are 56 digits that rise with time. */
function eventId(timestamp: number, random: Random): string {
  const tail = `${random.word()}${random.word()}${random.word()}`.padStart(30, '0').slice(0, 30);
  return `3883${String(timestamp).padStart(22, '0')}${tail}`;
}
