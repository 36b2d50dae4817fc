import { gzipSync } from 'node:zlib';
import { AT, AT_MS, arn, type NamedSample } from './sample.ts';

const LOGS = {
  messageType: 'DATA_MESSAGE',
  owner: '123456789012',
  logGroup: '/aws/lambda/other',
  logStream: 'x',
  logEvents: [
    { id: 'line-1', timestamp: AT_MS - 9, message: 'REPORT RequestId: 8f507cfc-1234-4697 Duration: 1 ms' },
    { id: 'line-2', timestamp: AT_MS, message: 'secret' },
  ],
};
const BUS = {
  id: 'event-1',
  account: '123456789012',
  region: 'eu-west-1',
  time: AT,
  resources: [] as string[],
  detail: {},
};
const OBJECT_LAMBDA = {
  xAmzRequestId: 'object-1',
  getObjectContext: { inputS3Url: 'https://secret' },
  configuration: { accessPointArn: arn('s3-object-lambda', 'accesspoint/resized') },
  userRequest: { url: 'https://secret', headers: { 'User-Agent': 'aws-cli/2' } },
  userIdentity: { type: 'IAMUser', userName: 'alice', arn: 'arn:aws:iam::123456789012:user/alice' },
};

/** An event of each other service. */
export const SERVICE_SAMPLES: readonly NamedSample[] = [
  [
    'schedule',
    {
      event: {
        ...BUS,
        source: 'aws.events',
        'detail-type': 'Scheduled Event',
        resources: [arn('events', 'rule/nightly')],
      },
      says: { eventMs: AT_MS, triggerKind: 'timer', triggerSource: 'events/nightly', eventId: 'event-1' },
    },
  ],
  [
    'EventBridge',
    {
      event: { ...BUS, source: 'shop.orders', 'detail-type': 'Order placed', detail: { customer: 'alice' } },
      says: {
        eventMs: AT_MS,
        triggerKind: 'topic',
        triggerSource: 'events/shop.orders Order placed',
        eventId: 'event-1',
      },
    },
  ],
  [
    'CloudWatch alarm',
    {
      event: { source: 'aws.cloudwatch', alarmArn: arn('cloudwatch', 'alarm:errors'), alarmData: {}, time: AT },
      says: { eventMs: AT_MS, triggerKind: 'other', triggerSource: 'cloudwatch/alarm/errors' },
    },
  ],
  [
    'log subscription',
    {
      event: { awslogs: { data: gzipSync(JSON.stringify(LOGS)).toString('base64') } },
      says: {
        eventMs: AT_MS,
        batchSize: 2,
        triggerKind: 'other',
        triggerSource: 'logs//aws/lambda/other',
        eventId: 'line-1',
      },
    },
  ],
  [
    'Cognito user pool',
    {
      event: {
        version: '1',
        triggerSource: 'PreSignUp_SignUp',
        region: 'eu-west-1',
        userPoolId: 'eu-west-1_abc',
        userName: 'Alice',
        callerContext: { awsSdkVersion: 'aws-sdk-js-3', clientId: 'x' },
        request: { userAttributes: { email: 'alice@example.com' } },
        response: {},
      },
      says: {
        triggerKind: 'other',
        triggerSource: 'cognito-idp/eu-west-1_abc PreSignUp_SignUp',
        principal: 'person<alice>',
        principalKind: 'person',
        client: 'sdk',
      },
    },
  ],
  [
    'Cognito sync',
    {
      event: {
        version: 2,
        eventType: 'SyncTrigger',
        region: 'eu-west-1',
        identityPoolId: 'pool-1',
        identityId: 'I',
        datasetName: 'd',
      },
      says: {
        triggerKind: 'other',
        triggerSource: 'cognito-sync/pool-1',
        principal: 'person<i>',
        principalKind: 'person',
      },
    },
  ],
  [
    'S3 object lambda',
    {
      event: OBJECT_LAMBDA,
      says: {
        triggerKind: 'object',
        triggerSource: 's3-object-lambda/accesspoint/resized',
        principal: 'person<arn:aws:iam::123456789012:user/alice>',
        principalKind: 'person',
        client: 'cli',
        eventId: 'object-1',
      },
    },
  ],
  [
    'Config rule',
    {
      event: {
        configRuleArn: arn('config', 'config-rule/config-rule-1'),
        accountId: '123456789012',
        invokingEvent: JSON.stringify({ notificationCreationTime: AT, configurationItem: 'secret' }),
      },
      says: { eventMs: AT_MS, triggerKind: 'other', triggerSource: 'config/config-rule/config-rule-1' },
    },
  ],
  [
    'CodePipeline job',
    {
      event: {
        'CodePipeline.job': {
          id: 'job-1',
          accountId: '123456789012',
          data: {
            artifactCredentials: { secretAccessKey: 'secret' },
            actionConfiguration: { configuration: { FunctionName: 'x' } },
          },
        },
      },
      says: { triggerKind: 'other', triggerSource: 'codepipeline', eventId: 'job-1' },
    },
  ],
  [
    'secret rotation',
    {
      event: {
        Step: 'createSecret',
        SecretId: arn('secretsmanager', 'secret:db-AbCdEf'),
        ClientRequestToken: 'secret',
      },
      says: { triggerKind: 'other', triggerSource: 'secretsmanager/db' },
    },
  ],
  [
    'custom resource',
    {
      event: {
        RequestType: 'Create',
        ServiceToken: arn('lambda', 'function:pay'),
        ResponseURL: 'https://secret',
        StackId: arn('cloudformation', 'stack/shop/11111111-2222-3333-4444-555555555555'),
        RequestId: 'stack-1',
      },
      says: { triggerKind: 'other', triggerSource: 'cloudformation/stack/shop', eventId: 'stack-1' },
    },
  ],
  [
    'Connect flow',
    {
      event: {
        Name: 'ContactFlowEvent',
        Details: {
          ContactData: {
            ContactId: 'contact-1',
            InstanceARN: arn('connect', 'instance/i1'),
            CustomerEndpoint: { Address: '+15550100', Type: 'TELEPHONE_NUMBER' },
          },
        },
      },
      says: {
        triggerKind: 'other',
        triggerSource: 'connect/instance/i1',
        principal: 'person<+15550100>',
        principalKind: 'person',
        eventId: 'contact-1',
      },
    },
  ],
  [
    'Lex',
    {
      event: {
        bot: { name: 'Shop' },
        userId: 'Alice',
        currentIntent: { name: 'Order', slots: { a: 'secret' } },
        inputTranscript: 'secret',
      },
      says: {
        triggerKind: 'other',
        triggerSource: 'lex/Shop Order',
        principal: 'person<alice>',
        principalKind: 'person',
      },
    },
  ],
  [
    'Alexa skill',
    {
      event: {
        version: '1.0',
        context: { System: { user: { userId: 'u-1' } } },
        request: { type: 'LaunchRequest', requestId: 'alexa-1', timestamp: AT },
      },
      says: {
        eventMs: AT_MS,
        triggerKind: 'other',
        triggerSource: 'alexa LaunchRequest',
        principal: 'person<u-1>',
        principalKind: 'person',
        eventId: 'alexa-1',
      },
    },
  ],
  [
    'IoT provisioning',
    {
      event: {
        claimCertificateId: 'c',
        certificateId: 'd',
        templateArn: arn('iot', 'provisioningtemplate/lamps'),
        parameters: {},
      },
      says: { triggerKind: 'other', triggerSource: 'iot/provisioningtemplate/lamps' },
    },
  ],
  [
    'IoT authorizer',
    {
      event: { token: 'secret', protocolData: { mqtt: { password: 'secret' } }, connectionMetadata: { id: '1' } },
      says: { triggerKind: 'other', triggerSource: 'AUTHORIZER iot' },
    },
  ],
  [
    'IoT button',
    {
      event: { serialNumber: 'S1', clickType: 'SINGLE', batteryVoltage: '2000 mV' },
      says: { triggerKind: 'other', triggerSource: 'iot-button' },
    },
  ],
  [
    'IoT 1-Click',
    {
      event: {
        deviceEvent: { buttonClicked: { clickType: 'SINGLE', reportedTime: AT } },
        deviceInfo: { deviceId: 'D1' },
        placementInfo: { projectName: 'doors' },
      },
      says: { eventMs: AT_MS, triggerKind: 'other', triggerSource: 'iot1click/doors' },
    },
  ],
  [
    'client VPN',
    {
      event: {
        'connection-id': 'c-1',
        'endpoint-id': 'cvpn-endpoint-1',
        username: 'Alice',
        'public-ip': '198.51.100.7',
      },
      says: {
        triggerKind: 'other',
        triggerSource: 'clientvpn/cvpn-endpoint-1',
        principal: 'person<alice>',
        principalKind: 'person',
        network: 'net<198.51.100.7>',
        eventId: 'c-1',
      },
    },
  ],
];
