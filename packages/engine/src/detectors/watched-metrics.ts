import type { MetricField } from '../baselines/metric-block.ts';

/** What is particular about a metric. */
export interface WatchedMetric {
  readonly field: MetricField;
  /** Name in evidence. */
  readonly parameter: string;
  /** `<function> ran 41.2 s; in 602 warm runs it took 61 ms to 212 ms`: the two verbs, and what follows the quantity. */
  readonly did: string;
  readonly does: string;
  readonly of: string;
  /**
   * Least excess over the largest value seen for one run to be a finding, and over the centre for a shift, in the unit of
   * the metric. Below them nothing harmful fits, or harmless causes abound.
   */
  readonly valueEffect: number;
  readonly levelEffect: number;
  /** 0..1: what it would mean if it were an attack. */
  readonly impact: number;
  readonly techniques: readonly string[];
  /** True when larger input means more of it. */
  readonly follows: boolean;
}

const KIB = 1024;
const MIB = 1024 * KIB;
const HIJACKING = ['T1496.001'];

/** What `timing.tail` judges. */
export const TIMING_METRICS: readonly WatchedMetric[] = [
  {
    field: 'durationMs',
    parameter: 'duration_ms',
    did: 'ran',
    does: 'it took',
    of: '',
    // One slow run below 5 s is the network's: SYN retries at 1 s and 3 s, a resolver's time-out at 5 s.
    valueEffect: 5000,
    levelEffect: 250,
    impact: 0.4,
    techniques: HIJACKING,
    follows: true,
  },
  {
    field: 'initMs',
    parameter: 'init_ms',
    did: 'took',
    does: 'it took',
    of: ' to start',
    // One slow start says nothing: finding a host and fetching the image take seconds now and then.
    valueEffect: Number.POSITIVE_INFINITY,
    levelEffect: 500,
    impact: 0.3,
    techniques: [],
    follows: false,
  },
];

/** What `resource.tail` judges. */
export const RESOURCE_METRICS: readonly WatchedMetric[] = [
  {
    field: 'memoryMb',
    parameter: 'memory_mb',
    did: 'used',
    does: 'it used',
    of: ' of memory',
    valueEffect: 64,
    levelEffect: 64,
    impact: 0.3,
    techniques: [],
    follows: true,
  },
  {
    field: 'cpuMs',
    parameter: 'cpu_ms',
    did: 'used',
    does: 'it used',
    of: ' of CPU time',
    // Waiting costs no CPU, so the bound is far below that of the duration; garbage collection stays below it.
    valueEffect: 500,
    levelEffect: 250,
    impact: 0.6,
    techniques: HIJACKING,
    follows: true,
  },
  {
    field: 'childCpuMs',
    parameter: 'child_cpu_ms',
    did: 'used',
    does: 'it used',
    of: ' of CPU time in child processes',
    valueEffect: 250,
    levelEffect: 100,
    impact: 0.7,
    techniques: HIJACKING,
    follows: true,
  },
  {
    field: 'tmpBytes',
    parameter: 'tmp_bytes',
    did: 'kept',
    does: 'it kept',
    of: ' in /tmp',
    valueEffect: 8 * MIB,
    levelEffect: 4 * MIB,
    impact: 0.4,
    techniques: ['T1074.001'],
    follows: true,
  },
  {
    field: 'bytesOut',
    parameter: 'bytes_out',
    did: 'sent',
    does: 'it sent',
    of: '',
    // Renewed credentials and retried requests stay below 64 KiB; so does nothing worth stealing in one go.
    valueEffect: 64 * KIB,
    levelEffect: 16 * KIB,
    impact: 0.7,
    techniques: ['T1041'],
    follows: false,
  },
  {
    field: 'bytesIn',
    parameter: 'bytes_in',
    did: 'received',
    does: 'it received',
    of: '',
    valueEffect: MIB,
    levelEffect: 256 * KIB,
    impact: 0.4,
    techniques: [],
    follows: false,
  },
  {
    field: 'requestBytes',
    parameter: 'request_bytes',
    did: 'was called with',
    does: 'it was called with',
    of: '',
    valueEffect: 64 * KIB,
    levelEffect: 16 * KIB,
    impact: 0.2,
    techniques: [],
    follows: false,
  },
  {
    field: 'responseBytes',
    parameter: 'response_bytes',
    did: 'answered with',
    does: 'it answered with',
    of: '',
    valueEffect: 64 * KIB,
    levelEffect: 16 * KIB,
    impact: 0.5,
    techniques: [],
    follows: false,
  },
];
