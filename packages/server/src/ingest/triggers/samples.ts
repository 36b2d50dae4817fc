import { AT, arn, batch, type SampleEvent, TRACE } from './sample.ts';
import { HTTP_SAMPLES } from './sample-http.ts';
import { RECORD_SAMPLES, S3, SNS, SQS } from './sample-records.ts';
import { SERVICE_SAMPLES } from './sample-services.ts';

/** An event of each kind, by its name. */
export const SAMPLE_EVENTS: ReadonlyMap<string, SampleEvent> = new Map([
  ...HTTP_SAMPLES,
  ...RECORD_SAMPLES,
  ...SERVICE_SAMPLES,
]);

/** What Lambda sends to a destination after an asynchronous invocation of `pay` has failed. */
export const SAMPLE_OUTCOME = {
  version: '1.0',
  timestamp: AT,
  requestContext: {
    requestId: '11111111-2222-3333-4444-555555555555',
    functionArn: `${arn('lambda', 'function:pay')}:$LATEST`,
    condition: 'RetriesExhausted',
    approximateInvokeCount: 3,
  },
  requestPayload: batch(S3),
  responseContext: { statusCode: 200, executedVersion: '7', functionError: 'Unhandled' },
  responsePayload: { errorType: 'NoSuchKey', errorMessage: 'secret' },
};

/** A line in which a function logs the event it was invoked with. */
export const SAMPLE_LINE = {
  level: 'INFO',
  message: 'Lambda invocation event',
  timestamp: '2026-01-31T12:00:01.000Z',
  service: 'shop',
  function_name: 'pay',
  function_arn: arn('lambda', 'function:pay'),
  function_request_id: '22222222-2222-3333-4444-555555555555',
  xray_trace_id: TRACE,
  event: batch(SQS),
};

/** A message of a dead-letter queue, as `receive-message` prints it. */
export const SAMPLE_MESSAGES = {
  Messages: [
    {
      MessageId: 'message-7',
      ReceiptHandle: 'secret',
      Body: JSON.stringify(batch(SNS)),
      MessageAttributes: {
        RequestID: { StringValue: '33333333-2222-3333-4444-555555555555', DataType: 'String' },
        ErrorMessage: { StringValue: 'secret', DataType: 'String' },
      },
    },
  ],
};
