/** The operations on queues. */
import type { AwsRequest } from '../../contract.ts';
import { ServiceError } from '../call.ts';
import type { JsonObject, JsonOperation } from '../json-protocol.ts';
import { isObject, textOr } from '../json-protocol.ts';
import type { MessageAttribute, MessageContent } from './message.ts';
import {
  attributesMd5,
  chosenAttributes,
  invalidParameter,
  MESSAGE_BYTES_MAX,
  missing,
  parseMessage,
} from './message.ts';
import type { Message, Queue } from './queue.ts';
import { RETENTION_MS } from './queue.ts';
import type { QueueAnswer, Queues } from './queues.ts';
import { queueOfUrl, senderIdOf } from './queues.ts';
import { systemAttributes } from './source.ts';

/** Entries of a batch and messages of one answer: the service's own limits. */
const BATCH_ENTRIES_MAX = 10;
const RECEIVE_MESSAGES_MAX = 10;
/** The service's own limits of times. */
const WAIT_SECONDS_MAX = 20;
const DELAY_SECONDS_MAX = 900;
const VISIBILITY_SECONDS_MAX = 43_200;
/** Queues in one answer of ListQueues: the service's own limit. */
const LIST_QUEUES_MAX = 1000;

/** All operations that are offered. */
export function operationsOn(queues: Queues): JsonOperation[] {
  const on = (
    name: string,
    run: (queue: Queue, input: JsonObject, request: AwsRequest) => QueueAnswer,
    more: Partial<JsonOperation> & { readonly action?: string } = {},
  ): JsonOperation => ({
    name,
    readOnly: false,
    isData: true,
    permissions: (input) => [{ action: `sqs:${more.action ?? name}`, arn: arnOf(queues, input) }],
    parameters,
    run: (input, request) => run(queues.of(input), input, request),
    ...more,
  });
  return [
    on('SendMessage', send),
    on('SendMessageBatch', sendBatch, { action: 'SendMessage' }),
    on('ReceiveMessage', receive, { readOnly: true }),
    on('DeleteMessage', remove),
    on('DeleteMessageBatch', removeBatch, { action: 'DeleteMessage' }),
    on('ChangeMessageVisibility', changeVisibility),
    on('ChangeMessageVisibilityBatch', changeVisibilityBatch, { action: 'ChangeMessageVisibility' }),
    on('GetQueueAttributes', (queue, input) => attributesOf(queues, queue, input), { readOnly: true }),
    on('PurgeQueue', purge, { isData: false }),
    {
      name: 'GetQueueUrl',
      readOnly: true,
      isData: true,
      permissions: (input) => {
        const accountId = textOr(input, 'QueueOwnerAWSAccountId') || queues.accountId;
        return [{ action: 'sqs:GetQueueUrl', arn: `${queues.arnPrefix}${accountId}:${textOr(input, 'QueueName')}` }];
      },
      parameters: (input) => ({ queueName: textOr(input, 'QueueName') }),
      run: (input, request) => queueUrl(queues, input, request),
    },
    {
      name: 'ListQueues',
      readOnly: true,
      isData: true,
      permissions: () => [{ action: 'sqs:ListQueues', arn: `${queues.arnPrefix}${queues.accountId}:*` }],
      parameters: (input) => ({ queueNamePrefix: textOr(input, 'QueueNamePrefix') }),
      run: (input, request) => listQueues(queues, input, request),
    },
  ];
}

/** ARN of the queue an input names, whether there is one or not. Takes any input. */
function arnOf(queues: Queues, input: JsonObject): string {
  const { accountId, name } = queueOfUrl(textOr(input, 'QueueUrl'));
  return `${queues.arnPrefix}${accountId}:${name}`;
}

/** Bodies and attributes of messages are not shown. */
function parameters(input: JsonObject): JsonObject {
  const shown: Record<string, unknown> = { queueUrl: textOr(input, 'QueueUrl') };
  for (const name of ['MaxNumberOfMessages', 'VisibilityTimeout', 'WaitTimeSeconds', 'DelaySeconds']) {
    if (typeof input[name] === 'number') shown[`${name[0].toLowerCase()}${name.slice(1)}`] = input[name];
  }
  if (Array.isArray(input['Entries'])) shown['entries'] = input['Entries'].length;
  return shown;
}

function send(queue: Queue, input: JsonObject, request: AwsRequest): QueueAnswer {
  const content = parseMessage(input);
  const message = queue.send(content, { id: senderIdOf(request), delayMs: delayOf(input) });
  return { answer: sentAnswer(message), responseElements: { messageId: message.id } };
}

function sendBatch(queue: Queue, input: JsonObject, request: AwsRequest): QueueAnswer {
  const entries = entriesOf(input);
  const contents = new Map<string, MessageContent>();
  const answer = eachEntry(entries, (entry) => {
    const content = parseMessage(entry);
    delayOf(entry);
    contents.set(textOr(entry, 'Id'), content);
    return {};
  });
  const bytes = [...contents.values()].reduce((sum, content) => sum + content.bytes, 0);
  if (bytes > MESSAGE_BYTES_MAX) {
    throw new ServiceError(
      'BatchRequestTooLong',
      `Batch requests cannot be longer than ${MESSAGE_BYTES_MAX} bytes. You have sent ${bytes} bytes.`,
    );
  }
  const sent = eachEntry(
    entries.filter((entry) => contents.has(textOr(entry, 'Id'))),
    (entry) => {
      const content = contents.get(textOr(entry, 'Id')) ?? parseMessage(entry);
      return sentAnswer(queue.send(content, { id: senderIdOf(request), delayMs: delayOf(entry) }));
    },
  );
  return { answer: { Successful: sent.Successful, Failed: [...answer.Failed, ...sent.Failed] } };
}

function sentAnswer({ id, content }: Message): JsonObject {
  return {
    MessageId: id,
    MD5OfMessageBody: content.bodyMd5,
    ...(content.attributesMd5 === undefined ? {} : { MD5OfMessageAttributes: content.attributesMd5 }),
  };
}

async function receive(queue: Queue, input: JsonObject): Promise<{ answer: JsonObject }> {
  const max = numberOf(input, 'MaxNumberOfMessages', { min: 1, max: RECEIVE_MESSAGES_MAX }) ?? 1;
  const waitSeconds = numberOf(input, 'WaitTimeSeconds', { min: 0, max: WAIT_SECONDS_MAX }) ?? 0;
  const visibility = numberOf(input, 'VisibilityTimeout', { min: 0, max: VISIBILITY_SECONDS_MAX });
  const system = new Set([...textsOf(input, 'AttributeNames'), ...textsOf(input, 'MessageSystemAttributeNames')]);
  const names = textsOf(input, 'MessageAttributeNames');
  const messages = await queue.receive(
    max,
    waitSeconds * 1000,
    visibility === undefined ? undefined : visibility * 1000,
  );
  if (messages.length === 0) return { answer: {} };
  return { answer: { Messages: messages.map((message) => receivedAnswer(message, { system, names })) } };
}

function receivedAnswer(
  message: Message,
  wanted: { readonly system: ReadonlySet<string>; readonly names: readonly string[] },
): JsonObject {
  const { content } = message;
  const system = Object.entries(systemAttributes(message)).filter(
    ([name]) => wanted.system.has('All') || wanted.system.has(name),
  );
  const chosen = chosenAttributes(content.attributes, wanted.names);
  return {
    MessageId: message.id,
    ReceiptHandle: message.handle,
    MD5OfBody: content.bodyMd5,
    Body: content.body,
    ...(system.length === 0 ? {} : { Attributes: Object.fromEntries(system) }),
    ...(chosen.size === 0
      ? {}
      : {
          MessageAttributes: Object.fromEntries([...chosen].map(([name, one]) => [name, attributeAnswer(one)])),
          MD5OfMessageAttributes: attributesMd5(chosen),
        }),
  };
}

function attributeAnswer({ dataType, stringValue, binaryValue }: MessageAttribute): JsonObject {
  return {
    DataType: dataType,
    ...(stringValue === undefined ? {} : { StringValue: stringValue }),
    ...(binaryValue === undefined ? {} : { BinaryValue: binaryValue }),
  };
}

function remove(queue: Queue, input: JsonObject): QueueAnswer {
  queue.remove(handleOf(queue, input));
  return { answer: {} };
}

function removeBatch(queue: Queue, input: JsonObject): QueueAnswer {
  const removeOne = (entry: JsonObject): JsonObject => {
    queue.remove(handleOf(queue, entry));
    return {};
  };
  return { answer: eachEntry(entriesOf(input), removeOne) };
}

function changeVisibility(queue: Queue, input: JsonObject): QueueAnswer {
  changeOne(queue, input);
  return { answer: {} };
}

function changeVisibilityBatch(queue: Queue, input: JsonObject): QueueAnswer {
  const change = (entry: JsonObject): JsonObject => {
    changeOne(queue, entry);
    return {};
  };
  return { answer: eachEntry(entriesOf(input), change) };
}

function changeOne(queue: Queue, input: JsonObject): void {
  const seconds = numberOf(input, 'VisibilityTimeout', { min: 0, max: VISIBILITY_SECONDS_MAX });
  if (seconds === undefined) throw missing('VisibilityTimeout');
  if (queue.changeVisibility(handleOf(queue, input), seconds * 1000)) return;
  throw new ServiceError('MessageNotInflight', 'The specified message is not in flight.');
}

function purge(queue: Queue): QueueAnswer {
  queue.purge();
  return { answer: {} };
}

function queueUrl(queues: Queues, input: JsonObject, request: AwsRequest): QueueAnswer {
  const owner = textOr(input, 'QueueOwnerAWSAccountId') || queues.accountId;
  const queue = owner === queues.accountId ? queues.find(textOr(input, 'QueueName')) : undefined;
  if (queue === undefined) throw new ServiceError('QueueDoesNotExist', 'The specified queue does not exist.');
  return { answer: { QueueUrl: urlOf(queues, queue.definition.name, request) } };
}

function listQueues(queues: Queues, input: JsonObject, request: AwsRequest): QueueAnswer {
  const max = numberOf(input, 'MaxResults', { min: 1, max: LIST_QUEUES_MAX });
  const after = Buffer.from(textOr(input, 'NextToken'), 'base64').toString('utf8');
  const prefix = textOr(input, 'QueueNamePrefix');
  const names = queues.names().filter((name) => name.startsWith(prefix) && name > after);
  const page = names.slice(0, max ?? LIST_QUEUES_MAX);
  const isCut = names.length > page.length;
  return {
    answer: {
      ...(page.length === 0 ? {} : { QueueUrls: page.map((name) => urlOf(queues, name, request)) }),
      ...(isCut ? { NextToken: Buffer.from(page[page.length - 1]).toString('base64') } : {}),
    },
  };
}

/** Queues are reached where the caller reached the service. */
function urlOf(queues: Queues, name: string, request: AwsRequest): string {
  return `http://${request.headers['host'] ?? 'localhost'}/${queues.accountId}/${name}`;
}

function attributesOf(queues: Queues, queue: Queue, input: JsonObject): QueueAnswer {
  const { definition } = queue;
  const { visible, inFlight, delayed } = queue.sizes();
  const created = String(Math.floor(queue.createdMs / 1000));
  const { deadLetter } = definition;
  const all: Record<string, string> = {
    QueueArn: queue.arn,
    ApproximateNumberOfMessages: String(visible),
    ApproximateNumberOfMessagesNotVisible: String(inFlight),
    ApproximateNumberOfMessagesDelayed: String(delayed),
    CreatedTimestamp: created,
    LastModifiedTimestamp: created,
    VisibilityTimeout: String(Math.round(definition.visibilityMs / 1000)),
    MaximumMessageSize: String(MESSAGE_BYTES_MAX),
    MessageRetentionPeriod: String(RETENTION_MS / 1000),
    DelaySeconds: String(Math.round((definition.delayMs ?? 0) / 1000)),
    ReceiveMessageWaitTimeSeconds: '0',
    ...(deadLetter === undefined
      ? {}
      : {
          RedrivePolicy: JSON.stringify({
            deadLetterTargetArn: `${queues.arnPrefix}${queues.accountId}:${deadLetter.queue}`,
            maxReceiveCount: deadLetter.receives,
          }),
        }),
  };
  const names = textsOf(input, 'AttributeNames');
  const chosen = Object.entries(all).filter(([name]) => names.includes('All') || names.includes(name));
  return { answer: chosen.length === 0 ? {} : { Attributes: Object.fromEntries(chosen) } };
}

/** Does something for each entry of a batch; what fails does not keep the others from being done. */
function eachEntry(
  entries: readonly JsonObject[],
  act: (entry: JsonObject) => JsonObject,
): { Successful: JsonObject[]; Failed: JsonObject[] } {
  const answer: { Successful: JsonObject[]; Failed: JsonObject[] } = { Successful: [], Failed: [] };
  for (const entry of entries) {
    const id = textOr(entry, 'Id');
    try {
      answer.Successful.push({ Id: id, ...act(entry) });
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error;
      answer.Failed.push({ Id: id, SenderFault: true, Code: error.code, Message: error.message });
    }
  }
  return answer;
}

function entriesOf(input: JsonObject): readonly JsonObject[] {
  const entries: unknown = input['Entries'];
  if (!Array.isArray(entries) || entries.length === 0) {
    throw new ServiceError('EmptyBatchRequest', "There should be at least one entry in the request's batch.");
  }
  if (entries.length > BATCH_ENTRIES_MAX) {
    throw new ServiceError(
      'TooManyEntriesInBatchRequest',
      `Maximum number of entries per request are ${BATCH_ENTRIES_MAX}. You have sent ${entries.length}.`,
    );
  }
  const checked = entries.filter(isObject);
  const ids = checked.map((entry) => textOr(entry, 'Id'));
  if (ids.length < entries.length || ids.some((id) => !/^[A-Za-z0-9_-]{1,80}$/.test(id))) {
    throw new ServiceError(
      'InvalidBatchEntryId',
      'A batch entry id can only contain alphanumeric characters, hyphens and underscores.',
    );
  }
  if (new Set(ids).size < ids.length)
    throw new ServiceError('BatchEntryIdsNotDistinct', 'Two entries have the same id.');
  return checked;
}

function handleOf(queue: Queue, input: JsonObject): string {
  const handle = textOr(input, 'ReceiptHandle');
  if (handle === '') throw missing('ReceiptHandle');
  if (queue.isHandle(handle)) return handle;
  throw new ServiceError('ReceiptHandleIsInvalid', 'The input receipt handle is invalid.');
}

function delayOf(input: JsonObject): number | undefined {
  const seconds = numberOf(input, 'DelaySeconds', { min: 0, max: DELAY_SECONDS_MAX });
  return seconds === undefined ? undefined : seconds * 1000;
}

function numberOf(input: JsonObject, name: string, range: { min: number; max: number }): number | undefined {
  const value = input[name];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'number' || !Number.isInteger(value) || value < range.min || value > range.max) {
    throw invalidParameter(
      `Value ${JSON.stringify(value)} for parameter ${name} is invalid. Reason: Must be between ${range.min} and ${range.max}.`,
    );
  }
  return value;
}

function textsOf(input: JsonObject, name: string): string[] {
  const value: unknown = input[name];
  return Array.isArray(value) ? value.filter((one) => typeof one === 'string') : [];
}
