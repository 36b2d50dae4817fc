import type { LoopbackServer } from './loopback-server.ts';
import { readBody, startLoopbackServer } from './loopback-server.ts';

/** An address that no function of the shop has a reason to know. */
export const DROP_ADDRESS = '127.0.6.6';

/** Deliveries kept; the attack makes far fewer. */
const DELIVERIES_MAX = 1_000;

/** Something that arrived. What it was is not kept, only how much. */
export interface Delivery {
  /** Path without the slash: which step of the attack it comes from. */
  readonly step: string;
  readonly atMs: number;
  readonly bytes: number;
}

/** Where the attack sends what it takes. */
export interface DropHost extends LoopbackServer {
  readonly deliveries: readonly Delivery[];
  /** Deliveries that were not kept because there were too many. */
  readonly dropped: number;
  /** The first delivery of a step from now on, or undefined when none came within `waitMs`. */
  next(step: string, waitMs: number): Promise<Delivery | undefined>;
}

/** Starts the host that receives what the attack takes. It answers everything with 204 and forgets contents at once. */
export async function startDropHost(address = DROP_ADDRESS): Promise<DropHost> {
  const deliveries: Delivery[] = [];
  const waiting = new Set<(delivery: Delivery) => void>();
  let dropped = 0;
  const server = await startLoopbackServer(address, (request, response) => {
    readBody(request).then(
      (body) => {
        const delivery = { step: (request.url ?? '/').slice(1, 65), atMs: Date.now(), bytes: body.length };
        if (deliveries.length < DELIVERIES_MAX) deliveries.push(delivery);
        else dropped += 1;
        for (const tell of waiting) tell(delivery);
        response.writeHead(204).end();
      },
      () => response.destroy(),
    );
  });
  return {
    ...server,
    deliveries,
    get dropped() {
      return dropped;
    },
    next(step, waitMs) {
      return new Promise((resolve) => {
        const settle = (delivery: Delivery | undefined) => {
          clearTimeout(timer);
          waiting.delete(tell);
          resolve(delivery);
        };
        const tell = (delivery: Delivery) => {
          if (delivery.step === step) settle(delivery);
        };
        const timer = setTimeout(settle, waitMs, undefined);
        waiting.add(tell);
      });
    },
  };
}
