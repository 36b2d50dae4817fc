import type { FunctionBaselines } from '../baselines/function.ts';
import type { TenantBaselines } from '../baselines/tenant.ts';
import { batchSize } from './batch-size.ts';
import { bulkResponse } from './bulk-response.ts';
import { callOrder } from './call-order.ts';
import { callRepeats } from './call-repeats.ts';
import { callerConcentration } from './caller-concentration.ts';
import { egressDay, readDay } from './day-volume.ts';
import type { BucketDetector, Detector } from './detector.ts';
import { dnsLabels } from './dns-labels.ts';
import { dormantVersion } from './dormant-version.ts';
import { egressVolume } from './egress-volume.ts';
import { newError } from './example.ts';
import { extraBeat } from './extra-beat.ts';
import { fanOut } from './fan-out.ts';
import { firstUse } from './first-use.ts';
import { identityMismatch } from './identity-mismatch.ts';
import { impossibleTravel } from './impossible-travel.ts';
import { leftBehind } from './left-behind.ts';
import { missingCall } from './missing-call.ts';
import { movedSession } from './moved-session.ts';
import { newAccess } from './new-access.ts';
import { newAction } from './new-action.ts';
import { newCall } from './new-call.ts';
import { newCallerPrincipal } from './new-caller-principal.ts';
import { newClient } from './new-client.ts';
import { newCountry } from './new-country.ts';
import { newDestination } from './new-destination.ts';
import { newNetwork } from './new-network.ts';
import { newStructure } from './new-structure.ts';
import { newTrigger } from './new-trigger.ts';
import { outsideFunction } from './outside-function.ts';
import { rateDrift } from './rate-drift.ts';
import { rateExcess } from './rate-excess.ts';
import { readVolume } from './read-volume.ts';
import { refusedActions } from './refused-actions.ts';
import { resourceTail, timingTail } from './resource-tail.ts';
import { resourceDrift, timingDrift } from './slow-drift.ts';
import { egressDrip, readDrip } from './slow-drip.ts';
import { spend } from './spend.ts';
import { staging } from './staging.ts';
import { unheardAction } from './unheard-action.ts';
import { unusualChange } from './unusual-change.ts';
import { unusualHour } from './unusual-hour.ts';
import { unusualRate } from './unusual-rate.ts';

/** Detectors of stage 1, which judge one function's invocations, in the order they run. Calls are learned after destinations:
 * a call to a destination that was new is covered by it. Many new places at once are told before each of them. */
export const FUNCTION_DETECTORS: readonly Detector<FunctionBaselines>[] = [
  timingTail,
  resourceTail,
  fanOut,
  timingDrift,
  resourceDrift,
  newDestination,
  newCall,
  egressVolume,
  bulkResponse,
  dnsLabels,
  staging,
  readVolume,
  newAccess,
  newStructure,
  dormantVersion,
  batchSize,
  leftBehind,
  missingCall,
  callRepeats,
  callOrder,
  newTrigger,
  newCallerPrincipal,
  newError,
];

/** Detectors of stage 1 that judge the minutes of one function, in the order they run. */
export const BUCKET_DETECTORS: readonly BucketDetector[] = [
  rateExcess,
  rateDrift,
  extraBeat,
  callerConcentration,
  spend,
  egressDay,
  readDay,
  egressDrip,
  readDrip,
];

/** Detectors of stage 2, which judge principals and changes, in the order they run. `new-edge.ts` is called beside them. Those
 * that ask what a principal did before learn first; `unusual-rate.ts` counts the call and learns last of them. */
export const TENANT_DETECTORS: readonly Detector<TenantBaselines>[] = [
  firstUse,
  impossibleTravel,
  outsideFunction,
  movedSession,
  newNetwork,
  newCountry,
  newClient,
  unheardAction,
  newAction,
  refusedActions,
  unusualHour,
  unusualRate,
  unusualChange,
  identityMismatch,
];
