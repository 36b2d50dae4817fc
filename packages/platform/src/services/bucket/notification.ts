/** The event a function gets of an object that was made. */
import type { AwsRequest } from '../../contract.ts';
import { principalIdOf } from '../call.ts';
import type { StoredObject } from './store.ts';

/** An object that was made, and the request that made it. */
export interface ObjectCreated {
  readonly bucket: string;
  readonly bucketArn: string;
  readonly object: StoredObject;
  /** `Put` or `Copy`, after `ObjectCreated:`. */
  readonly how: 'Put' | 'Copy';
  readonly request: AwsRequest;
  /** Grows with every object that is made. */
  readonly sequence: number;
}

/** The document that S3 sends, with one record. `configurationId` names the rule that asked for it. */
export function createdEvent(created: ObjectCreated, configurationId: string): Readonly<Record<string, unknown>> {
  const { object, request } = created;
  return {
    Records: [
      {
        eventVersion: '2.1',
        eventSource: 'aws:s3',
        awsRegion: request.region,
        eventTime: new Date(object.modifiedMs).toISOString(),
        eventName: `ObjectCreated:${created.how}`,
        userIdentity: { principalId: `AWS:${principalIdOf(request.caller)}` },
        requestParameters: { sourceIPAddress: request.sourceIp },
        responseElements: { 'x-amz-request-id': request.requestId, 'x-amz-id-2': request.requestId },
        s3: {
          s3SchemaVersion: '1.0',
          configurationId,
          bucket: {
            name: created.bucket,
            ownerIdentity: { principalId: request.caller.accountId },
            arn: created.bucketArn,
          },
          object: {
            key: encodeKey(object.key),
            size: object.bytes.length,
            eTag: object.etag,
            sequencer: created.sequence.toString(16).toUpperCase().padStart(18, '0'),
          },
        },
      },
    ],
  };
}

/** Keys stand in events as in forms: blanks as plus, slashes as they are. */
export function encodeKey(key: string): string {
  return encodeURIComponent(key.toWellFormed())
    .replaceAll('%20', '+')
    .replaceAll('%2F', '/')
    .replace(/[!'()~]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
}
