import { type Actor, type AuditEvent, CLIENTS } from '../audit.ts';
import { ACCOUNT, DEPLOY_ROLE, FUNCTION, REGION, roleOf } from '../company.ts';
import { Random } from '../random.ts';

/** An audited call with the id its record has in the trail. */
export interface NumberedEvent {
  readonly event: AuditEvent;
  readonly eventId: string;
}

const SSO_ROLE = 'AWSReservedSSO_Engineer_6d2f0a91c4be8357';
const PRINCIPAL_IDS = new Random(1, 'ids of roles');
/** Ids of roles do not change; each is drawn once, in a fixed order. */
const ROLE_IDS = new Map(
  [...Object.values(FUNCTION).map(roleOf), DEPLOY_ROLE, SSO_ROLE].map((role) => [
    role,
    `AROA${PRINCIPAL_IDS.hex(16).toUpperCase()}`,
  ]),
);

/** Gives every event the id of its record. */
export function numbered(events: readonly AuditEvent[], seed: number): NumberedEvent[] {
  const random = new Random(seed, 'ids of the trail');
  return events.map((event) => ({ event, eventId: random.uuid() }));
}

/** The trail as it is delivered: one document with all records, one a line, in order of time. */
export function trail(events: readonly NumberedEvent[], seed: number): string {
  const random = new Random(seed, 'trail');
  const records = events.map(({ event, eventId }) => JSON.stringify(recordOf(event, eventId, random)));
  return `{"Records":[\n${records.join(',\n')}\n]}\n`;
}

function recordOf(event: AuditEvent, eventID: string, random: Random): Record<string, unknown> {
  const signIn = event.service === 'signin';
  return {
    eventVersion: '1.11',
    userIdentity: identityOf(event.actor, event.atMs),
    eventTime: seconds(event.atMs),
    eventSource: `${event.service}.amazonaws.com`,
    eventName: event.name,
    awsRegion: REGION,
    sourceIPAddress: event.address,
    userAgent: CLIENTS[event.client],
    ...(event.error === undefined ? {} : { errorCode: event.error, errorMessage: 'The call is not allowed.' }),
    requestParameters: event.request,
    responseElements: signIn ? { ConsoleLogin: 'Success' } : null,
    ...(signIn ? { additionalEventData: { MFAUsed: 'Yes' } } : {}),
    requestID: random.uuid(),
    eventID,
    readOnly: event.readOnly,
    eventType: signIn ? 'AwsConsoleSignIn' : 'AwsApiCall',
    managementEvent: true,
    recipientAccountId: ACCOUNT,
    eventCategory: 'Management',
  };
}

function identityOf(actor: Actor, atMs: number): Record<string, unknown> {
  const role = roleOfActor(actor);
  const session = sessionOf(actor);
  const person = actor.kind === 'person';
  const path = person ? '/aws-reserved/sso.amazonaws.com/' : '/';
  return {
    type: 'AssumedRole',
    principalId: `${ROLE_IDS.get(role)}:${session}`,
    arn: `arn:aws:sts::${ACCOUNT}:assumed-role/${role}/${session}`,
    accountId: ACCOUNT,
    sessionContext: {
      sessionIssuer: {
        type: 'Role',
        principalId: ROLE_IDS.get(role),
        arn: `arn:aws:iam::${ACCOUNT}:role${path}${role}`,
        accountId: ACCOUNT,
        userName: role,
      },
      attributes: { creationDate: seconds(atMs - 40_000), mfaAuthenticated: 'false' },
    },
    ...(actor.kind === 'function' ? { inScopeOf: scopeOf(actor.name) } : {}),
  };
}

/** What the trail adds to calls with the credentials of a function, whoever holds them. */
function scopeOf(name: string): Record<string, string> {
  return {
    issuerType: 'AWS::Lambda::Function',
    credentialsIssuedTo: `arn:aws:lambda:${REGION}:${ACCOUNT}:function:${name}`,
  };
}

function roleOfActor(actor: Actor): string {
  if (actor.kind === 'function') return roleOf(actor.name);
  return actor.kind === 'pipeline' ? DEPLOY_ROLE : SSO_ROLE;
}

function sessionOf(actor: Actor): string {
  if (actor.kind === 'function') return actor.name;
  return actor.kind === 'pipeline' ? actor.run : actor.email;
}

function seconds(timeMs: number): string {
  return `${new Date(timeMs).toISOString().slice(0, 19)}Z`;
}
