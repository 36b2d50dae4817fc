import type { IAMClient } from '@aws-sdk/client-iam';
import type { LambdaClient } from '@aws-sdk/client-lambda';
import { CONNECT_MS_MAX, REQUEST_MS_MAX, TRIES_MAX } from '../limits.ts';
import { type Asked, failureOf } from './errors.ts';

/** How to reach AWS. Credentials are looked for as every AWS tool does unless they are given. */
export interface AwsOptions {
  readonly region: string;
  /** Another endpoint for all services, such as a local platform. */
  readonly endpoint?: string;
  readonly profile?: string;
  readonly credentials?: {
    readonly accessKeyId: string;
    readonly secretAccessKey: string;
    readonly sessionToken?: string;
  };
  /** Version of Gait, for the user agent `gait-responder/<version>` by which audit trails show our calls. */
  readonly version: string;
  /** Waits so many ms. */
  readonly wait: (ms: number) => Promise<void>;
  /** One request with its answer, ms; default `REQUEST_MS_MAX`. */
  readonly requestMsMax?: number;
}

/** The SDK's modules and clients for one region, loaded when they are first needed: they are large, and many never act. */
export interface Connection {
  readonly lambda: LambdaClient;
  readonly iam: IAMClient;
  readonly lambdaSdk: typeof import('@aws-sdk/client-lambda');
  readonly iamSdk: typeof import('@aws-sdk/client-iam');
  /** Sends a request within the time limits; expected failures are `ResponseError` with what the SDK threw as cause. */
  ask<Answer>(asked: Asked, send: (options: { abortSignal: AbortSignal }) => Promise<Answer>): Promise<Answer>;
  readonly wait: (ms: number) => Promise<void>;
}

/** Connects; no request is made yet. */
export async function connect(options: AwsOptions): Promise<Connection> {
  const [lambdaSdk, iamSdk] = await Promise.all([import('@aws-sdk/client-lambda'), import('@aws-sdk/client-iam')]);
  const { region, endpoint, profile, credentials, version } = options;
  const requestMsMax = options.requestMsMax ?? REQUEST_MS_MAX;
  const config = {
    region,
    maxAttempts: TRIES_MAX,
    requestHandler: { connectionTimeout: CONNECT_MS_MAX, requestTimeout: requestMsMax, throwOnRequestTimeout: true },
    customUserAgent: [['gait-responder', version] satisfies [string, string]],
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(profile === undefined ? {} : { profile }),
    ...(credentials === undefined ? {} : { credentials }),
  };
  const deadlineMs = requestMsMax * TRIES_MAX;
  return {
    lambda: new lambdaSdk.LambdaClient(config),
    iam: new iamSdk.IAMClient(config),
    lambdaSdk,
    iamSdk,
    wait: options.wait,
    async ask(asked, send) {
      try {
        return await send({ abortSignal: AbortSignal.timeout(deadlineMs) });
      } catch (error) {
        throw failureOf(error, asked);
      }
    },
  };
}
