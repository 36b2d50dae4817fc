import { Session } from 'node:inspector/promises';
import { BUCKET_DETECTORS, FUNCTION_DETECTORS, TENANT_DETECTORS } from '@gait/engine/detectors/registry';

/** Microseconds between samples: fine enough for a share of 1 % within a second. */
const SAMPLE_US = 200;
/** Part of the engine that judges or learns for no family alone: finding the function, joining, calendars, ticks. */
const SHARED = 'shared';

interface ProfileNode {
  readonly id: number;
  readonly callFrame: { readonly functionName: string; readonly url: string };
  readonly hitCount?: number | undefined;
  readonly children?: readonly number[] | undefined;
}

/**
 * Shares of the engine's time by family while `work` runs, by V8's sampling profiler: a sample belongs to the detector file
 * nearest to its top, and that to the family of the detectors in it; what is under none is shared. Shares of what is not the engine are
 * left out. They add up to 1.
 */
export async function shareByFamily(work: () => void): Promise<Record<string, number>> {
  const session = new Session();
  session.connect();
  await session.post('Profiler.enable');
  await session.post('Profiler.setSamplingInterval', { interval: SAMPLE_US });
  await session.post('Profiler.start');
  work();
  const { profile } = await session.post('Profiler.stop');
  session.disconnect();
  return sharesOf(profile.nodes, familiesByFile(profile.nodes));
}

/** Shares by family of the samples of a profile; `families` are those of the files of detectors. */
export function sharesOf(nodes: readonly ProfileNode[], families: ReadonlyMap<string, string>): Record<string, number> {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const hits = new Map<string, number>();
  const [root] = nodes;
  const open: { node: ProfileNode; family: string | undefined }[] = [{ node: root, family: undefined }];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { url } = next.node.callFrame;
    const engine = url.includes('/engine/src/');
    const family = families.get(url) ?? next.family ?? (engine ? SHARED : undefined);
    if (family !== undefined) hits.set(family, (hits.get(family) ?? 0) + (next.node.hitCount ?? 0));
    for (const id of next.node.children ?? []) {
      const node = byId.get(id);
      if (node !== undefined) open.push({ node, family: family === SHARED ? undefined : family });
    }
  }
  const all = [...hits.values()].reduce((sum, one) => sum + one, 0);
  return Object.fromEntries([...hits].map(([family, count]) => [family, count / Math.max(1, all)]));
}

/** Family of each file of detectors in a profile, by the names of their ids: `egress.new-destination` is in `new-destination.ts`. */
function familiesByFile(nodes: readonly ProfileNode[]): Map<string, string> {
  const detectors = [...FUNCTION_DETECTORS, ...BUCKET_DETECTORS, ...TENANT_DETECTORS];
  const families = new Map<string, string>();
  for (const { callFrame } of nodes) {
    const [, name] = /\/engine\/src\/detectors\/([a-z-]+)\.ts$/.exec(callFrame.url) ?? [];
    if (name === undefined) continue;
    // `resource-tail.ts` holds `resource.tail` and `timing.tail`: the file name says the first.
    const one = detectors.find(({ id }) => id.replace('.', '-') === name || id.split('.')[1] === name);
    if (one !== undefined) families.set(callFrame.url, one.family);
  }
  return families;
}
