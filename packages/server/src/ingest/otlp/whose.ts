import type { SourceDefaults } from '../decoder.ts';
import { envelopeKey, functionKey, functionOfArn, type Place, sameFunction } from '../identity.ts';
import { SLOT } from './attribute-names.ts';
import type { Attributes } from './attributes.ts';
import { Remembered } from './remembered.ts';

/** What the resource of spans, points or records says about the process that sent them. */
export interface Sender {
  /** Key of the function it runs, '' when it is no function or does not say which. */
  readonly key: string;
  readonly place: Place;
  readonly name: string;
  readonly qualifier: string;
  readonly revision: string;
  readonly instance: string;
  /** NaN when unknown. */
  readonly memorySizeMb: number;
  /** True when the resource is a function, even if it does not say which. */
  readonly isFunction: boolean;
  /** Equal for entries of one process, so that spans split over several entries belong together; '' when unknown. */
  readonly process: string;
}

/** A function as one span, point or record names it. */
export interface Named {
  /** '' when it does not say. */
  readonly key: string;
  readonly qualifier: string;
}

interface Resource {
  readonly provider: string;
  readonly account: string;
  readonly region: string;
  readonly name: string;
  readonly qualifier: string;
}

const BYTES_PER_MB = 1_048_576;
/** Old emitters wrote the memory limit in MB; no function has a limit of less than 64 KiB. */
const LIMIT_BYTES_MIN = 65_536;
const NOTHING: Resource = { provider: '', account: '', region: '', name: '', qualifier: '' };
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
    const provider = attributes.text(SLOT.cloudProvider) || platform || resource.provider || defaults.provider;
    const place = {
      provider,
      account: attributes.text(SLOT.cloudAccount) || resource.account || defaults.account,
      region: attributes.text(SLOT.cloudRegion) || resource.region || defaults.region,
    };
    const service = attributes.text(SLOT.serviceName);
    const faasName = attributes.text(SLOT.faasName);
    const name = fullName(provider, resource.name, faasName) || (isFunction ? service : '');
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
    const faasName = attributes.text(SLOT.faasName);
    if (own.name === '' && faasName === '') {
      return sender.qualifier === '' && own.qualifier === ''
        ? sender
        : { key: sender.key, qualifier: sender.qualifier };
    }
    const provider = own.provider || attributes.text(SLOT.cloudProvider) || sender.place.provider;
    const place = {
      provider,
      account: own.account || attributes.text(SLOT.cloudAccount) || sender.place.account,
      region: own.region || attributes.text(SLOT.cloudRegion) || sender.place.region,
    };
    const name = fullName(provider, own.name || sender.name, faasName);
    return { key: functionKey(place, name), qualifier: own.qualifier || sender.qualifier };
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

/**
 * One application of Azure hosts many functions, so that a function is `<application>/<function>`; elsewhere the
 * function's own name is enough.
 */
function fullName(provider: string, resourceName: string, faasName: string): string {
  if (provider !== 'azure') return resourceName || faasName;
  const application = resourceName.split('/', 1)[0];
  if (faasName === '' || faasName === resourceName) return resourceName;
  if (faasName.includes('/') || application === '') return faasName;
  return faasName === application ? resourceName : `${application}/${faasName}`;
}

function memoryMb(limit: number): number {
  return limit < LIMIT_BYTES_MIN ? limit : limit / BYTES_PER_MB;
}

/** `$LATEST` is whatever was uploaded last, and so no revision. */
function revisionOf(version: string): string {
  return version === '$LATEST' ? '' : version;
}

/** Takes a provider's resource id apart; `NOTHING` when it names no function. */
function resourceOf(id: string): Resource {
  const lambda = functionOfArn(id);
  if (lambda !== undefined) return { provider: 'aws', ...lambda };
  const azure =
    /^\/subscriptions\/([^/]+)\/resourcegroups\/[^/]+\/providers\/microsoft\.web\/sites\/([^/]+)(?:\/functions\/([^/]+))?$/i.exec(
      id,
    );
  if (azure !== null) {
    const name = azure[3] === undefined ? azure[2] : `${azure[2]}/${azure[3]}`;
    return { provider: 'azure', account: azure[1], region: '', name, qualifier: '' };
  }
  const google =
    /^(?:\/\/(?:run|cloudfunctions)\.googleapis\.com\/)?projects\/([^/]+)\/locations\/([^/]+)\/(?:functions|services)\/([^/]+)$/.exec(
      id,
    );
  if (google === null) return NOTHING;
  return { provider: 'gcp', account: google[1], region: google[2], name: google[3], qualifier: '' };
}
