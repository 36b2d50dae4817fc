import { gunzipSync } from 'node:zlib';
import { functionOfArn, principalOf } from '../identity.ts';
import { isObject, own, ownArray, ownPath, ownText, parseJson, parseJsonText } from '../json-document.ts';
import {
  headersOf,
  momentOf,
  named,
  nameOf,
  newestOf,
  personOf,
  resourceOf,
  type Shape,
  type TellContext,
  type Told,
} from './told.ts';

/** Everything else that services of the cloud send to a function, one event at a time. */
export const SERVICE_SHAPES: readonly Shape[] = [
  {
    name: 'EventBridge',
    is: (event) => ownText(event, 'detail-type') !== '' && ownText(event, 'source') !== '',
    tell: eventBridge,
  },
  {
    name: 'CloudWatch alarm',
    is: (event) => ownText(event, 'alarmArn') !== '' && isObject(own(event, 'alarmData')),
    tell: alarm,
  },
  { name: 'log subscription', is: (event) => ownText(event, 'awslogs', 'data') !== '', tell: logs },
  {
    name: 'Cognito user pool',
    is: (event) => ownText(event, 'triggerSource') !== '' && ownText(event, 'userPoolId') !== '',
    tell: userPool,
  },
  {
    name: 'Cognito sync',
    is: (event) => ownText(event, 'identityPoolId') !== '' && ownText(event, 'datasetName') !== '',
    tell: cognitoSync,
  },
  { name: 'S3 object lambda', is: (event) => accessPointOf(event) !== '', tell: objectLambda },
  { name: 'Config rule', is: (event) => ownText(event, 'configRuleArn') !== '', tell: configRule },
  { name: 'CodePipeline job', is: (event) => isObject(own(event, 'CodePipeline.job')), tell: pipelineJob },
  {
    name: 'secret rotation',
    is: (event) => ownText(event, 'SecretId') !== '' && ownText(event, 'Step') !== '',
    tell: (event, { home }) => about('secretsmanager', ownText(event, 'SecretId'), home),
  },
  {
    name: 'custom resource',
    is: (event) => ownText(event, 'StackId') !== '' && ownText(event, 'RequestType') !== '',
    tell: customResource,
  },
  { name: 'Connect flow', is: (event) => isObject(ownPath(event, 'Details', 'ContactData')), tell: connectFlow },
  {
    name: 'Lex',
    is: (event) =>
      isObject(own(event, 'bot')) && (isObject(own(event, 'currentIntent')) || isObject(own(event, 'sessionState'))),
    tell: lex,
  },
  {
    name: 'Alexa skill',
    is: (event) => isObject(ownPath(event, 'context', 'System')) && ownText(event, 'request', 'type') !== '',
    tell: alexa,
  },
  {
    name: 'IoT provisioning',
    is: (event) => ownText(event, 'claimCertificateId') !== '' && ownText(event, 'templateArn') !== '',
    tell: (event, { home }) => about('iot', ownText(event, 'templateArn'), home),
  },
  {
    name: 'IoT authorizer',
    is: (event) => isObject(own(event, 'protocolData')) && isObject(own(event, 'connectionMetadata')),
    tell: () => ({ kind: 'other', source: 'AUTHORIZER iot' }),
  },
  {
    name: 'IoT button',
    is: (event) => ownText(event, 'serialNumber') !== '' && ownText(event, 'clickType') !== '',
    tell: () => ({ kind: 'other', source: 'iot-button' }),
  },
  {
    name: 'IoT 1-Click',
    is: (event) => isObject(own(event, 'deviceEvent')) && isObject(own(event, 'deviceInfo')),
    tell: iotClick,
  },
  {
    name: 'client VPN',
    is: (event) => ownText(event, 'endpoint-id') !== '' && ownText(event, 'connection-id') !== '',
    tell: clientVpn,
  },
];

/** Bytes that the records of a log subscription may have: CloudWatch delivers 1 MiB at most. */
const LOG_BYTES_MAX = 4 * 1024 * 1024;
/** How often they may be larger than their compressed form, so that a list of small bombs costs little. */
const LOG_RATIO_MAX = 100;
/** Words that a rule's owner or the sender of an event chose for its kind. */
const DETAIL_TYPE = /^[A-Za-z0-9][\w .():-]{0,127}$/;

/** An event that is about one resource of a service, and nothing more. */
function about(service: string, arn: string, home: string): Told {
  return { kind: 'other', source: resourceOf(service, arn, home) };
}

/** Schedules name their rule; other events say what they are about, and not which rule chose them. */
function eventBridge(event: unknown, { home }: TellContext): Told {
  const [resource] = ownArray(event, 'resources');
  const from = ownText(event, 'source');
  const type = ownText(event, 'detail-type');
  const isTimer = type === 'Scheduled Event' && /^aws\.(events|scheduler)$/.test(from);
  const arn = typeof resource === 'string' ? resource : '';
  return {
    kind: isTimer ? 'timer' : 'topic',
    source: isTimer
      ? resourceOf(from === 'aws.events' ? 'events' : 'scheduler', arn, home)
      : `${named('events', from)} ${DETAIL_TYPE.test(type) ? type : ''}`.trim(),
    timeMs: momentOf(own(event, 'time')),
    eventId: ownText(event, 'id'),
  };
}

function alarm(event: unknown, { home }: TellContext): Told {
  return { ...about('cloudwatch', ownText(event, 'alarmArn'), home), timeMs: momentOf(own(event, 'time')) };
}

/**
 * Of the log lines in it only their number, their newest time and the name of their group are taken. They are not read as
 * logs: what the platform writes is trusted, and anybody who may invoke a function can send it such an event.
 */
function logs(event: unknown): Told {
  const record = inflated(ownText(event, 'awslogs', 'data'));
  const lines = ownArray(record, 'logEvents');
  const group = ownText(record, 'logGroup');
  return {
    kind: 'other',
    source: /^[\w./#-]{1,512}$/.test(group) ? `logs/${group}` : 'logs',
    ...(record === undefined ? { unread: 'log-data-unread' } : {}),
    ...(lines.length === 0 ? {} : { batchSize: lines.length, timeMs: newestOf(lines, 'timestamp') }),
    eventId: ownText(lines[0], 'id'),
  };
}

/** The subscription record, undefined when it is damaged or too large. */
function inflated(data: string): unknown {
  const packed = Buffer.from(data, 'base64');
  const maxOutputLength = Math.min(LOG_BYTES_MAX, 4096 + LOG_RATIO_MAX * packed.length);
  try {
    const bytes = gunzipSync(packed, { maxOutputLength });
    const document = parseJson(bytes, 0, bytes.length);
    return 'value' in document ? document.value : undefined;
  } catch {
    return undefined;
  }
}

function userPool(event: unknown, context: TellContext): Told {
  const pool = named('cognito-idp', ownText(event, 'userPoolId'));
  const attributes = ownPath(event, 'request', 'userAttributes');
  return {
    kind: 'other',
    source: `${pool} ${nameOf(ownText(event, 'triggerSource'))}`.trim(),
    principal: personOf(ownText(attributes, 'sub') || ownText(event, 'userName'), context),
    userAgent: ownText(event, 'callerContext', 'awsSdkVersion'),
  };
}

function cognitoSync(event: unknown, context: TellContext): Told {
  return {
    kind: 'other',
    source: named('cognito-sync', ownText(event, 'identityPoolId')),
    principal: personOf(ownText(event, 'identityId'), context),
  };
}

function accessPointOf(event: unknown): string {
  return ownText(event, 'xAmzRequestId') === '' ? '' : ownText(event, 'configuration', 'accessPointArn');
}

function objectLambda(event: unknown, context: TellContext): Told {
  const arn = accessPointOf(event);
  const userAgent = headersOf(own(event, 'userRequest')).get('user-agent') ?? '';
  const place = { provider: 'aws', account: context.home, region: '' };
  return {
    kind: 'object',
    source: resourceOf('s3-object-lambda', arn, context.home),
    principal: principalOf(own(event, 'userIdentity'), { tokens: context.tokens, place, userAgent }),
    userAgent,
    eventId: ownText(event, 'xAmzRequestId'),
  };
}

function configRule(event: unknown, { home }: TellContext): Told {
  const told = about('config', ownText(event, 'configRuleArn'), home);
  const document = parseJsonText(ownText(event, 'invokingEvent'));
  const made = 'value' in document ? ownText(document.value, 'notificationCreationTime') : '';
  return { ...told, timeMs: momentOf(made) };
}

function pipelineJob(event: unknown): Told {
  const job = own(event, 'CodePipeline.job');
  return {
    kind: 'other',
    source: 'codepipeline',
    eventId: ownText(job, 'id'),
  };
}

/** The stack without the id that each of its copies gets. A token that is a function is the one that receives this. */
function customResource(event: unknown, { home }: TellContext): Told {
  const arn = ownText(event, 'StackId');
  const token = ownText(event, 'ServiceToken');
  return {
    kind: 'other',
    source: resourceOf('cloudformation', arn, home).replace(/\/[0-9a-f-]{36}(?=@|$)/, ''),
    receiver: functionOfArn(token) === undefined ? '' : token,
    eventId: ownText(event, 'RequestId'),
  };
}

function connectFlow(event: unknown, context: TellContext): Told {
  const contact = ownPath(event, 'Details', 'ContactData');
  return {
    ...about('connect', ownText(contact, 'InstanceARN'), context.home),
    principal: personOf(ownText(contact, 'CustomerEndpoint', 'Address'), context),
    eventId: ownText(contact, 'ContactId'),
  };
}

function lex(event: unknown, context: TellContext): Told {
  const intent = ownText(event, 'currentIntent', 'name') || ownText(event, 'sessionState', 'intent', 'name');
  return {
    kind: 'other',
    source: `${named('lex', ownText(event, 'bot', 'name'))} ${nameOf(intent)}`.trim(),
    principal: personOf(ownText(event, 'userId') || ownText(event, 'sessionId'), context),
  };
}

function alexa(event: unknown, context: TellContext): Told {
  return {
    kind: 'other',
    source: `alexa ${nameOf(ownText(event, 'request', 'type'))}`.trim(),
    principal: personOf(ownText(event, 'context', 'System', 'user', 'userId'), context),
    timeMs: momentOf(own(ownPath(event, 'request'), 'timestamp')),
    eventId: ownText(event, 'request', 'requestId'),
  };
}

function iotClick(event: unknown): Told {
  return {
    kind: 'other',
    source: named('iot1click', ownText(event, 'placementInfo', 'projectName')),
    timeMs: momentOf(ownText(event, 'deviceEvent', 'buttonClicked', 'reportedTime')),
  };
}

function clientVpn(event: unknown, context: TellContext): Told {
  return {
    kind: 'other',
    source: named('clientvpn', ownText(event, 'endpoint-id')),
    principal: personOf(ownText(event, 'username') || ownText(event, 'common-name'), context),
    address: ownText(event, 'public-ip'),
    eventId: ownText(event, 'connection-id'),
  };
}
