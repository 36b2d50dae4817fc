import type { FunctionBaselines } from '../baselines/function.ts';
import type { TenantBaselines } from '../baselines/tenant.ts';
import { callOrder } from './call-order.ts';
import { callerConcentration } from './caller-concentration.ts';
import type { BucketDetector, Detector } from './detector.ts';
import { newError } from './example.ts';
import { identityMismatch } from './identity-mismatch.ts';
import { missingCall } from './missing-call.ts';
import { newAction } from './new-action.ts';
import { newCall } from './new-call.ts';
import { newCallerPrincipal } from './new-caller-principal.ts';
import { newDestination } from './new-destination.ts';
import { newNetwork } from './new-network.ts';
import { newTrigger } from './new-trigger.ts';
import { resourceTail, timingTail } from './resource-tail.ts';
import { resourceDrift, timingDrift } from './slow-drift.ts';
import { spend } from './spend.ts';
import { unusualChange } from './unusual-change.ts';

/** Detectors of stage 1, which judge one function's invocations, in the order they run. Calls are learned after destinations:
 * a call to a destination that was new is covered by it. */
export const FUNCTION_DETECTORS: readonly Detector<FunctionBaselines>[] = [
  timingTail,
  resourceTail,
  timingDrift,
  resourceDrift,
  newDestination,
  newCall,
  missingCall,
  callOrder,
  newTrigger,
  newCallerPrincipal,
  newError,
];

/** Detectors of stage 1 that judge the minutes of one function, in the order they run. */
export const BUCKET_DETECTORS: readonly BucketDetector[] = [callerConcentration, spend];

/** Detectors of stage 2, which judge principals and changes, in the order they run. `new-edge.ts` is called beside them. */
export const TENANT_DETECTORS: readonly Detector<TenantBaselines>[] = [
  newNetwork,
  newAction,
  unusualChange,
  identityMismatch,
];
