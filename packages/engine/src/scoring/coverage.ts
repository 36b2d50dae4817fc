import { FACET, type FacetKind } from '../event/schema.ts';

/** A capability and the facet kinds that light it, fully or in part. Source: the coverage matrix in docs/reference/coverage.md. */
export interface Capability {
  readonly name: string;
  readonly full: readonly FacetKind[];
  readonly partial: readonly FacetKind[];
}

/** Every capability, in the order of the matrix. */
export const CAPABILITIES: readonly Capability[] = [
  { name: 'duration and cold starts', full: ['platform', 'insights', 'sensor'], partial: ['xray', 'otel', 'metric'] },
  { name: 'memory', full: ['sensor', 'insights'], partial: ['platform'] },
  { name: 'CPU and /tmp', full: ['sensor', 'insights'], partial: [] },
  { name: 'bytes sent and received', full: ['sensor'], partial: ['insights', 'edge', 'flow'] },
  { name: 'destinations', full: ['sensor'], partial: ['xray', 'otel', 'flow'] },
  { name: 'trigger source and caller', full: ['sensor', 'otel'], partial: ['xray', 'edge', 'audit', 'trigger'] },
  { name: 'shape of the event', full: ['sensor'], partial: ['edge'] },
  { name: 'API actions of its role', full: ['audit'], partial: ['sensor', 'xray', 'otel'] },
  { name: 'order of calls, missing calls', full: ['sensor'], partial: ['xray', 'otel'] },
  { name: 'function-to-function calls', full: ['sensor', 'otel'], partial: ['xray', 'audit'] },
  { name: 'child processes and files', full: ['sensor'], partial: [] },
  { name: 'code and permission changes', full: ['change', 'audit'], partial: ['inventory'] },
];

/** How well a capability is lit by a set of facet bits. */
export function litBy(capability: Capability, facets: number): 'full' | 'partial' | 'dark' {
  if (capability.full.some((kind) => (facets & (1 << FACET[kind])) !== 0)) return 'full';
  if (capability.partial.some((kind) => (facets & (1 << FACET[kind])) !== 0)) return 'partial';
  return 'dark';
}

/** What cannot be seen for an entity that delivered these facets: names of the dark capabilities. */
export function unseenWith(facets: number): string[] {
  return CAPABILITIES.filter((capability) => litBy(capability, facets) === 'dark').map((capability) => capability.name);
}
