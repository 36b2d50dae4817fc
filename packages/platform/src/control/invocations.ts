import { randomUUID } from 'node:crypto';
import type { ApiCall, FunctionHost, InvokeOutcome, InvokeRequest, Invoker } from '../contract.ts';
import type { ConditionContext } from '../identity/conditions.ts';
import { type Asker, decide } from '../identity/decide.ts';
import { parsePolicy } from '../identity/policy.ts';
import type { Trail } from '../trail/trail.ts';
import { type AsyncCounts, AsyncQueue, type DeadLetter } from './async-queue.ts';
import { policyText } from './describe.ts';
import type { FunctionTable, LambdaFunction, Target } from './functions.ts';
import { LambdaError } from './lambda-error.ts';
import type { MappingTable } from './mapping-table.ts';

/** What invocations need. */
export interface InvocationsOptions {
  readonly table: FunctionTable;
  readonly mappings: MappingTable;
  readonly host: FunctionHost;
  readonly trail: Trail;
  /** Puts an event that failed into a queue. Rejects when it cannot. */
  readonly deadLetter: (letter: DeadLetter) => Promise<void>;
  /** Waits before the first and the second retry of an asynchronous event; AWS waits one and two minutes. */
  readonly retryDelaysMs?: readonly number[];
  readonly now?: () => number;
}

/** Principal by which the front door calls a function for its own URL without authorisation. */
export const PUBLIC = '*';
const RETRY_DELAYS_MS = [60_000, 120_000];

type ServiceRequest = Parameters<Invoker['invoke']>[1];

/**
 * Runs functions for the API and for the services of the platform. Services are let in by the policy of the function
 * (`AddPermission`), by an enabled event source mapping, or, for `PUBLIC`, by the function's URL and its policy.
 */
export class Invocations implements Invoker {
  /** Calls of services that were refused, and recycling that failed. */
  readonly counts = { refused: 0, recycleFailed: 0 };
  readonly #options: InvocationsOptions;
  readonly #queue: AsyncQueue;

  constructor(options: InvocationsOptions) {
    this.#options = options;
    this.#queue = new AsyncQueue({
      resolve: (event) => this.#resolve(event.functionName, event.qualifier),
      run: (target, request) => this.run(target, request),
      deadLetter: options.deadLetter,
      retryDelaysMs: options.retryDelaysMs ?? RETRY_DELAYS_MS,
      now: options.now ?? Date.now,
    });
  }

  /** What became of asynchronous events. */
  get asyncCounts(): Readonly<AsyncCounts> {
    return this.#queue.counts;
  }

  /** Runs a revision and waits. Concurrency is the host's; nothing else is checked. */
  run(target: Target, request: InvokeRequest): Promise<InvokeOutcome> {
    const { qualifier } = target;
    const full = qualifier === undefined ? request : { ...request, qualifier };
    return this.#options.host.invoke(target.configuration.revision, full);
  }

  /** Puts an event into the queue; false when it is full. */
  queue(target: Target, request: InvokeRequest & { readonly requestId: string }): boolean {
    const queuedMs = (this.#options.now ?? Date.now)();
    const { fn, qualifier } = target;
    return this.#queue.push({ functionName: fn.name, qualifier, request, queuedMs, failures: 0, throttles: 0 });
  }

  /** For services that wait. Rejects with a `LambdaError`: no such function, or not allowed. */
  async invoke(functionName: string, request: ServiceRequest): Promise<InvokeOutcome> {
    const target = this.#admitted(functionName, request);
    const outcome = await this.run(target, invokeRequest(request));
    const requestId = outcome.kind === 'returned' ? outcome.requestId : (request.requestId ?? randomUUID());
    this.#record(target, { request, requestId, error: throttling(outcome) });
    return outcome;
  }

  /** For services that do not wait. What is refused or does not fit into the queue is counted. */
  enqueue(functionName: string, request: ServiceRequest): void {
    try {
      const target = this.#admitted(functionName, request);
      const requestId = request.requestId ?? randomUUID();
      this.queue(target, { ...invokeRequest(request), requestId });
      this.#record(target, { request, requestId });
    } catch (error) {
      if (!(error instanceof LambdaError)) throw error;
    }
  }

  /** Has sandboxes of a function ended because it changed. */
  recycle(functionName: string): void {
    this.#options.host.recycle(functionName).catch(() => {
      this.counts.recycleFailed++;
    });
  }

  /** What waits is dropped and counted. */
  close(): void {
    this.#queue.close();
  }

  #resolve(functionName: string, qualifier: string | undefined): Target | undefined {
    try {
      return this.#options.table.resolve(functionName, qualifier);
    } catch {
      return undefined;
    }
  }

  #admitted(functionName: string, request: ServiceRequest): Target {
    const { table, mappings } = this.#options;
    try {
      const target = table.resolve(functionName, request.qualifier);
      const isFed = mappings.feeds(request.sourceArn, target.fn.name);
      if (isFed || (request.principal === PUBLIC ? isPublic(target) : isAllowed(target, request, table.accountId))) {
        return target;
      }
      const message = `${request.principal} is not authorized to perform: lambda:InvokeFunction on resource: ${target.fn.arn}`;
      const error = { code: 'AccessDenied', message };
      this.#record(target, { request, requestId: request.requestId ?? randomUUID(), error });
      throw new LambdaError('AccessDeniedException', message);
    } catch (error) {
      this.counts.refused++;
      throw error;
    }
  }

  #record(
    target: Target,
    what: {
      readonly request: ServiceRequest;
      readonly requestId: string;
      readonly error?: { readonly code: string; readonly message: string } | undefined;
    },
  ): void {
    const { principal } = what.request;
    const by = principal === PUBLIC ? 'lambda.amazonaws.com' : principal;
    this.#options.trail.recordService(
      { principal: by, requestId: what.requestId, eventSource: 'lambda.amazonaws.com' },
      invokeCall(target),
      {
        ...(what.error === undefined ? {} : { error: what.error }),
        additionalEventData: { functionVersion: `${target.fn.arn}:${target.configuration.revision.version}` },
      },
    );
  }
}

/** Policy of a function, or of the qualifier it is called by, as JSON; undefined when there is none. */
export function policyFor(fn: LambdaFunction, qualifier: string | undefined): string | undefined {
  const policy = fn.policies.get(qualifier ?? '');
  return policy === undefined ? undefined : policyText(policy);
}

function isAllowed(target: Target, request: ServiceRequest, accountId: string): boolean {
  const context = new Map([
    ['aws:sourcearn', [request.sourceArn]],
    ['aws:sourceaccount', [request.sourceArn.split(':')[4] || accountId]],
  ]);
  return says(target, 'lambda:InvokeFunction', { context, asker: { accountId, arns: [], service: request.principal } });
}

/** A URL without authorisation needs both permissions for everybody. */
function isPublic(target: Target): boolean {
  if (target.fn.url?.authType !== 'NONE') return false;
  const asker = { accountId: '', arns: [] };
  const context = new Map([
    ['lambda:functionurlauthtype', ['NONE']],
    ['lambda:invokedviafunctionurl', ['true']],
  ]);
  const actions = ['lambda:InvokeFunctionUrl', 'lambda:InvokeFunction'];
  return actions.every((action) => says(target, action, { context, asker }));
}

function says(
  target: Target,
  action: string,
  question: { readonly context: ConditionContext; readonly asker: Asker },
): boolean {
  const text = policyFor(target.fn, target.qualifier);
  if (text === undefined) return false;
  return (
    decide([parsePolicy(text, 'resource')], { action, resource: qualifiedArn(target), ...question }).kind === 'allow'
  );
}

function qualifiedArn({ fn, qualifier }: Target): string {
  return qualifier === undefined ? fn.arn : `${fn.arn}:${qualifier}`;
}

function invokeCall(target: Target): ApiCall {
  return {
    action: 'lambda:InvokeFunction',
    resourceArn: target.fn.arn,
    eventName: 'Invoke',
    readOnly: false,
    isData: true,
    requestParameters: { functionName: qualifiedArn(target) },
  };
}

function invokeRequest(request: ServiceRequest): InvokeRequest {
  const { principal: _principal, sourceArn: _sourceArn, ...rest } = request;
  return rest;
}

function throttling(outcome: InvokeOutcome): { readonly code: string; readonly message: string } | undefined {
  return outcome.kind === 'throttled' ? { code: 'TooManyRequestsException', message: 'Rate Exceeded.' } : undefined;
}
