import { parseControl } from '@gait/engine/event/control';
import type { ResponseTransition } from '@gait/engine/event/record';
import { MemoryProvider } from './memory-cloud.contract.ts';
import type { ResponsePolicy } from './planner.ts';
import type { Provider } from './provider.ts';
import { Responder } from './responder.ts';
import { Responses } from './responses.ts';

/** A crash of the program: whatever was going on just ends. */
export class Killed extends Error {
  override readonly name = 'Killed';
}

/** Permits everything, inline policies too. */
export const PERMISSIVE: ResponsePolicy = { protectedFunctions: [], inlinePolicies: true };

/** A log in memory, a cloud in memory, and responders over both that can be killed and started again. */
export class Bench {
  readonly provider: MemoryProvider;
  readonly log: ResponseTransition[] = [];
  readonly waits: number[] = [];
  nowMs = 1_800_000_000_000;
  /** Counts down with every record; at 0 the program is killed, before or after writing it. */
  kill: { left: number; written: boolean } | undefined;
  /** Thrown instead of writing. */
  refuse: Error | undefined;
  /** What speaks against releases. */
  objection: string | undefined;
  #ids = 0;

  constructor(provider = new MemoryProvider()) {
    this.provider = provider;
  }

  /** A responder that knows what is in the log, as after a start of the program. */
  open(policy = PERMISSIVE, provider: Provider = this.provider): Responder {
    const responses = new Responses();
    for (const transition of this.log) responses.apply(transition);
    return new Responder({
      responses,
      policy,
      append: (control) => this.#append(control),
      providerFor: async () => provider,
      objection: async () => this.objection,
      now: () => this.nowMs,
      wait: async (ms) => {
        this.waits.push(ms);
      },
      newId: () => `r${(++this.#ids).toString(16).padStart(16, '0')}`,
    });
  }

  states(): string[] {
    return this.log.map(({ step, state }) => (step === '' ? state : `${step} ${state}`));
  }

  async #append(control: object): Promise<number> {
    if (this.refuse !== undefined) throw this.refuse;
    const dies = this.kill !== undefined && this.kill.left-- <= 0;
    if (dies && this.kill?.written === false) throw new Killed();
    if ('kind' in control && control.kind === 'response') this.log.push(checked(control));
    if (dies) throw new Killed();
    return this.log.length;
  }
}

/** As it would come out of the log again. */
function checked(control: object): ResponseTransition {
  const read = parseControl(JSON.parse(JSON.stringify(control)));
  if (read.kind !== 'response') throw new Error('only responses are written');
  return read;
}
