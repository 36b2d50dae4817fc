import type { Application, Platform } from '@gait/platform/contract';
import { shopApplication } from './application.ts';
import type { Attack, AttackRun, StepOutcome } from './attack.ts';
import { runAttack } from './attack.ts';
import { deployRelease } from './deployment.ts';
import type { DropHost } from './drop-host.ts';
import { DROP_ADDRESS, startDropHost } from './drop-host.ts';
import type { Operator } from './operator.ts';
import { createOperator } from './operator.ts';
import type { PartnerName, Partners } from './partners.ts';
import { PARTNER_ADDRESSES, startPartners } from './partners.ts';
import { stockShop } from './seed.ts';
import type { TrafficReport, TrafficRun } from './traffic.ts';
import { runTraffic } from './traffic.ts';
import type { TrafficPlan } from './traffic-plan.ts';

/**
 * Sandboxes a platform should allow for the shop. Ten functions need more than two each: with 20, the sale pushes out idle
 * sandboxes of one function for those of another, and on two processors the cold starts that follow never end.
 */
export const SHOP_SANDBOXES_MAX = 40;

/** What the shop needs of a platform. */
export type ShopPlatform = Pick<Platform, 'accountId' | 'region' | 'endpointUrl' | 'apiUrl' | 'user' | 'deploy'>;

/** How to open the shop. */
export interface ShopOptions {
  readonly seed: number;
  /** Changes the application before it is deployed: layers, environment, concurrency. */
  readonly change?: (application: Application) => Application;
  /** Where partners and the drop host listen; default: addresses of their own below 127. */
  readonly addresses?: { readonly partners: Readonly<Record<PartnerName, string>>; readonly drop: string };
}

/** The open shop, with all who have to do with it. */
export interface Shop {
  readonly partners: Partners;
  readonly drop: DropHost;
  readonly operator: Operator;
  /** Sends visitors; see `runTraffic`. */
  visit(plan: TrafficPlan, run?: Omit<TrafficRun, 'apiUrl'>): Promise<TrafficReport>;
  /** Attacks; see `runAttack`. */
  attack(attack: Attack, run?: Omit<AttackRun, 'apiUrl' | 'drop' | 'attack'>): Promise<readonly StepOutcome[]>;
  /** Deploys a function under another release number; see `deployRelease`. */
  release(functionName: string, release: number): Promise<string>;
  /** Ends partners and drop host, not the platform. May be called twice. */
  close(): Promise<void>;
}

/**
 * Opens the shop on a running platform: starts partners and drop host, deploys the functions, fills tables and bucket. Takes a
 * few seconds the first time. When it rejects, nothing is left running.
 */
export async function openShop(platform: ShopPlatform, options: ShopOptions): Promise<Shop> {
  const addresses = options.addresses ?? { partners: PARTNER_ADDRESSES, drop: DROP_ADDRESS };
  const partners = await startPartners(options.seed, addresses.partners);
  try {
    const application = await shopApplication(platform, partners.urls);
    await platform.deploy(options.change?.(application) ?? application);
    await stockShop(platform, options.seed);
    return together(platform, partners, {
      drop: await startDropHost(addresses.drop),
      operator: createOperator(platform, options.seed),
    });
  } catch (error) {
    await partners.close();
    throw error;
  }
}

function together(
  platform: ShopPlatform,
  partners: Partners,
  { drop, operator }: { readonly drop: DropHost; readonly operator: Operator },
): Shop {
  const { apiUrl } = platform;
  return {
    ...{ partners, drop, operator },
    visit: (plan, run) => runTraffic(plan, { ...run, apiUrl }),
    attack: (attack, run) => runAttack({ ...run, apiUrl, drop, attack }),
    release: (functionName, release) => deployRelease(platform, functionName, release),
    close: async () => {
      operator.close();
      await Promise.all([partners.close(), drop.close()]);
    },
  };
}
