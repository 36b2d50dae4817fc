import { decide } from '../identity/decide.ts';
import type { Layer, Settings } from './functions.ts';
import {
  type JsonObject,
  optionalInteger,
  optionalObject,
  optionalText,
  optionalTextMap,
  optionalTexts,
  refuseUnsupported,
} from './input.ts';
import { invalid, LambdaError } from './lambda-error.ts';
import type { Call } from './operation.ts';

/** Characters of all variables of a function with their names, as Lambda limits them. */
const ENVIRONMENT_BYTES_MAX = 4_096;
/** Layers of one function, as Lambda limits them. */
const LAYERS_MAX = 5;
/** Names that the platform sets itself. */
const RESERVED =
  /^(_HANDLER|_X_AMZN_TRACE_ID|AWS_(DEFAULT_REGION|REGION|EXECUTION_ENV|LAMBDA_.*|ACCESS_KEY(_ID)?|SECRET_ACCESS_KEY|SESSION_TOKEN)|LAMBDA_(TASK_ROOT|RUNTIME_DIR))$/;

/** What functions at AWS have and these do not. */
const UNSUPPORTED = [
  'VpcConfig',
  'FileSystemConfigs',
  'ImageConfig',
  'SnapStart',
  'KMSKeyArn',
  'TracingConfig',
  'LoggingConfig',
  'TenancyConfig',
  'CapacityProviderConfig',
  'DurableConfig',
];

/** Settings that a call wants to change, checked; what the call does not speak of is absent. Throws `LambdaError`. */
export function settingsOf(call: Call): Settings {
  const { body } = call.input;
  refuseUnsupported(body, UNSUPPORTED);
  const handler = optionalText(body, 'Handler', /^\S{1,128}$/);
  const description = optionalText(body, 'Description', /^[\s\S]{0,256}$/);
  const runtime = optionalText(body, 'Runtime', /^[a-z0-9.]{1,40}$/);
  const timeout = optionalInteger(body, 'Timeout', { min: 1, max: 900 });
  const memorySizeMb = optionalInteger(body, 'MemorySize', { min: 128, max: 10_240 });
  const storage = optionalObject(body, 'EphemeralStorage');
  const tmpSizeMb = storage === undefined ? undefined : optionalInteger(storage, 'Size', { min: 512, max: 10_240 });
  const environment = environmentOf(body);
  const roleArn = roleOf(call);
  const layers = layersOf(call);
  return {
    ...(handler === undefined ? {} : { handler }),
    ...(description === undefined ? {} : { description }),
    ...(runtime === undefined ? {} : { runtime }),
    ...(timeout === undefined ? {} : { timeoutMs: timeout * 1000 }),
    ...(memorySizeMb === undefined ? {} : { memorySizeMb }),
    ...(tmpSizeMb === undefined ? {} : { tmpSizeMb }),
    ...(environment === undefined ? {} : { environment }),
    ...(roleArn === undefined ? {} : { roleArn }),
    ...(layers === undefined ? {} : { layers }),
    ...deadLetterOf(body),
  };
}

function environmentOf(body: JsonObject): Readonly<Record<string, string>> | undefined {
  const environment = optionalObject(body, 'Environment');
  if (environment === undefined) return undefined;
  const variables = optionalTextMap(environment, 'Variables') ?? {};
  const names = Object.keys(variables);
  const wrong = names.find((name) => !/^[A-Za-z][A-Za-z0-9_]+$/.test(name));
  if (wrong !== undefined) throw invalid("Value at 'environment.variables' failed to satisfy constraint on names.");
  const reserved = names.filter((name) => RESERVED.test(name));
  if (reserved.length > 0) {
    throw invalid(
      'Lambda was unable to configure your environment variables because the environment variables you have provided ' +
        `contains reserved keys that are currently not supported for modification. Reserved keys used in this request: ${reserved.join(', ')}`,
    );
  }
  if (Buffer.byteLength(JSON.stringify(variables)) > ENVIRONMENT_BYTES_MAX) {
    throw invalid('Lambda was unable to configure your environment variables: they exceed the 4KB limit.');
  }
  return variables;
}

/** A role must exist, trust Lambda, and be one that the caller may pass on. */
function roleOf(call: Call): string | undefined {
  const { site, request } = call;
  const arn = optionalText(call.input.body, 'Role');
  if (arn === undefined) return undefined;
  const passing = site.gate.permits(request, {
    action: 'iam:PassRole',
    resourceArn: arn,
    keys: { 'iam:PassedToService': 'lambda.amazonaws.com' },
  });
  if (!passing.allowed) throw new LambdaError('AccessDeniedException', passing.message);
  const role = site.directory.roleOfArn(arn);
  const question = {
    action: 'sts:AssumeRole',
    resource: arn,
    context: new Map(),
    asker: { accountId: site.table.accountId, arns: [], service: 'lambda.amazonaws.com' },
  };
  if (role === undefined || decide([role.trust.policy], question).kind !== 'allow') {
    throw invalid('The role defined for the function cannot be assumed by Lambda.');
  }
  return arn;
}

function layersOf(call: Call): readonly Layer[] | undefined {
  const arns = optionalTexts(call.input.body, 'Layers');
  if (arns === undefined) return undefined;
  if (arns.length > LAYERS_MAX) throw invalid(`A function can have up to ${LAYERS_MAX} layers.`);
  return arns.map((arn) => {
    const layer = call.site.layers.get(arn);
    if (layer === undefined) throw invalid(`Layer version ${arn} does not exist.`);
    return layer;
  });
}

function deadLetterOf(body: JsonObject): Pick<Settings, 'deadLetterArn'> {
  const config = optionalObject(body, 'DeadLetterConfig');
  const arn =
    config === undefined
      ? undefined
      : optionalText(config, 'TargetArn', /^(arn:aws:sqs:[a-z0-9-]+:\d{12}:[\w.-]{1,80})?$/);
  if (arn === undefined) return {};
  return { deadLetterArn: arn === '' ? undefined : arn };
}
