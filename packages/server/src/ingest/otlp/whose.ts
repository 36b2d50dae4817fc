import type { SourceDefaults } from '../decoder.ts';
import { envelopeKey, functionKey, functionOfArn, type Place, sameFunction } from '../identity.ts';
import { SLOT } from './attribute-names.ts';
import type { Attributes } from './attributes.ts';
import { Remembered } from './remembered.ts';

/** A function as a span, point or record names it. */
export interface Named {
  /** '' when it does not say. */
  readonly key: string;
  readonly qualifier: string;
  /** Where it lives, as far as known. */
  readonly place: Place;
}

/** What the resource of spans, points or records says about the process that sent them. */
export interface Sender extends Named {
  readonly name: string;
  readonly revision: string;
  readonly instance: string;
  /** NaN when unknown. */
  readonly memorySizeMb: number;
  /** True when the resource is a function, even if it does not say which. */
  readonly isFunction: boolean;
  /** Equal for entries of one process, so that spans split over several entries belong together; '' when unknown. */
  readonly process: string;
}

/** A function named by a provider's resource id. Parts the id does not carry are '', and then so is the key. */
interface Resource extends Named {
  readonly name: string;
}

const BYTES_PER_MB = 1_048_576;
/** Old emitters wrote the memory limit in MB; no function has a limit of less than 64 KiB. */
const LIMIT_BYTES_MIN = 65_536;
const NOTHING: Resource = { key: '', name: '', qualifier: '', place: { provider: '', account: '', region: '' } };
const PLATFORMS: ReadonlyMap<string, string> = new Map([
  ['aws_lambda', 'aws'],
  ['azure.functions', 'azure'],
  ['azure_functions', 'azure'],
  ['gcp_cloud_functions', 'gcp'],
  ['gcp_cloud_run', 'gcp'],
]);

/**
 * Says which function a record is about. Names in a record are claims: `allowedKey` compares them with the envelope.
 */
export class Whose {
  readonly #resources = new Remembered<Resource>();

  /** Reads a resource. Costs about 1 µs. */
  sender(attributes: Attributes, defaults: SourceDefaults): Sender {
    const resource = this.#resource(attributes.text(SLOT.cloudResource));
    const platform = PLATFORMS.get(attributes.text(SLOT.cloudPlatform));
    const isFunction =
      platform !== undefined || attributes.has(SLOT.faasName) || resource.name !== '' || envelopeKey(defaults) !== '';
    const place = {
      provider: resource.place.provider || providerOf(attributes) || platform || defaults.provider,
      account: resource.place.account || attributes.text(SLOT.cloudAccount) || defaults.account,
      region: resource.place.region || attributes.text(SLOT.cloudRegion) || defaults.region,
    };
    const service = attributes.text(SLOT.serviceName);
    const faasName = attributes.text(SLOT.faasName);
    const name = fullName(place.provider, resource.name, faasName) || (isFunction ? service : '');
    const key = isFunction && name !== '' ? functionKey(place, name) : '';
    const instance = attributes.text(SLOT.faasInstance) || attributes.text(SLOT.serviceInstance);
    return {
      key,
      place,
      name,
      qualifier: resource.qualifier,
      revision: revisionOf(attributes.text(SLOT.faasVersion)),
      instance,
      memorySizeMb: memoryMb(attributes.amount(SLOT.faasMaxMemory)),
      isFunction,
      process: key + service + instance === '' ? '' : `${key}|${service}|${instance}`,
    };
  }

  /**
   * The function of an invocation, data point or record: what its own attributes name, else its sender's. Not for spans
   * of outbound calls, whose attributes name the other side.
   */
  named(attributes: Attributes, sender: Sender): Named {
    const arn = attributes.text(SLOT.invokedArn) || attributes.text(SLOT.cloudResource);
    const own = this.#resource(arn);
    if (own.key !== '') return own;
    const faasName = attributes.text(SLOT.faasName);
    if (own.name === '' && faasName === '') return sender;
    const place = {
      provider: own.place.provider || providerOf(attributes) || sender.place.provider,
      account: own.place.account || attributes.text(SLOT.cloudAccount) || sender.place.account,
      region: own.place.region || attributes.text(SLOT.cloudRegion) || sender.place.region,
    };
    const isAzure = place.provider === 'azure';
    const name = isAzure ? azureName(own.name || sender.name, faasName) : own.name || faasName;
    return { key: functionKey(place, name), qualifier: sender.qualifier, place };
  }

  #resource(id: string): Resource {
    return id === '' ? NOTHING : this.#resources.get(id, resourceOf);
  }
}

/**
 * The key under which a record about `key` is kept: what the envelope says, completed by the record where the envelope
 * leaves parts open. '' when neither knows; undefined when the record contradicts its envelope.
 */
export function allowedKey(key: string, envelope: string): string | undefined {
  if (envelope === '' || key === envelope) return key;
  if (key === '') return envelope;
  if (!sameFunction(key, envelope)) return undefined;
  return envelope.includes('?') ? key : envelope;
}

/** Name of a function: its resource id's, else its own. */
function fullName(provider: string, resourceName: string, faasName: string): string {
  return provider === 'azure' ? azureName(resourceName, faasName) : resourceName || faasName;
}

/** One application of Azure hosts many functions, so that a function is `<application>/<function>`. */
function azureName(resourceName: string, faasName: string): string {
  const application = resourceName.split('/', 1)[0];
  if (faasName === '' || faasName === application) return resourceName;
  return faasName.includes('/') || application === '' ? faasName : `${application}/${faasName}`;
}

/** The provider as its convention writes it, '' when it is something else. */
function providerOf(attributes: Attributes): string {
  const provider = attributes.text(SLOT.cloudProvider);
  return /^[a-z_]{2,32}$/.test(provider) ? provider : '';
}

function memoryMb(limit: number): number {
  return limit < LIMIT_BYTES_MIN ? limit : limit / BYTES_PER_MB;
}

/** `$LATEST` is whatever was uploaded last, and so no revision; nor is what no version looks like. */
function revisionOf(version: string): string {
  return version !== '$LATEST' && /^[\w.+$-]{1,128}$/.test(version) ? version : '';
}

/** Takes a provider's resource id apart; `NOTHING` when it names no function. */
function resourceOf(id: string): Resource {
  return lambdaOf(id) ?? azureOf(id) ?? googleOf(id) ?? NOTHING;
}

function lambdaOf(id: string): Resource | undefined {
  const named = functionOfArn(id);
  if (named === undefined) return undefined;
  const { key, account, region, name, qualifier } = named;
  return { key, name, qualifier, place: { provider: 'aws', account, region } };
}

function azureOf(id: string): Resource | undefined {
  const match =
    /^\/subscriptions\/([^/]+)\/resourcegroups\/[^/]+\/providers\/microsoft\.web\/sites\/([^/]+)(?:\/functions\/([^/]+))?$/i.exec(
      id,
    );
  if (match === null) return undefined;
  const [, account, application, name] = match;
  const place = { provider: 'azure', account, region: '' };
  return { key: '', name: name === undefined ? application : `${application}/${name}`, qualifier: '', place };
}

function googleOf(id: string): Resource | undefined {
  const match =
    /^(?:\/\/(?:run|cloudfunctions)\.googleapis\.com\/)?projects\/([^/]+)\/locations\/([^/]+)\/(?:functions|services)\/([^/]+)$/.exec(
      id,
    );
  if (match === null) return undefined;
  const [, account, region, name] = match;
  const place = { provider: 'gcp', account, region };
  return { key: functionKey(place, name), name, qualifier: '', place };
}
