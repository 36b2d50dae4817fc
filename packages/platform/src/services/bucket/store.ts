/** Buckets and their objects in memory, within limits. */
import { createHash } from 'node:crypto';
import { BucketError } from './bucket-error.ts';

/** Size of one object: the body of a request has to fit into memory several times. */
export const OBJECT_BYTES_MAX = 64 * 1024 * 1024;
/** Objects of one bucket: a listing sorts their names. */
export const BUCKET_OBJECTS_MAX = 50_000;
/** Bytes of all objects of all buckets. */
export const STORE_BYTES_MAX = 512 * 1024 * 1024;
/** Buckets of an account: the service's own limit used to be this. */
export const BUCKETS_MAX = 100;
/** Length of a key: the service's own limit. */
export const KEY_BYTES_MAX = 1024;
/** Bytes of user metadata: the service's own limit. */
export const METADATA_BYTES_MAX = 2048;

/** Checksum that came with an object: name of the algorithm as in headers, and value in base64. */
export interface Checksum {
  readonly algorithm: string;
  readonly value: string;
}

/** One object. */
export interface StoredObject {
  readonly key: string;
  readonly bytes: Buffer;
  /** MD5 in hexadecimal; answers put quotes around it. */
  readonly etag: string;
  readonly modifiedMs: number;
  /** `content-type` and other headers that are given back with the object, lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly checksum: Checksum | undefined;
}

/** One bucket. */
export interface Bucket {
  readonly name: string;
  readonly createdMs: number;
  readonly objects: Map<string, StoredObject>;
  /** Keys in the order of a listing; undefined when it has to be made again. */
  sorted: readonly string[] | undefined;
}

const BUCKET_NAME = /^(?!\d+\.\d+\.\d+\.\d+$)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;

/** All buckets of an account. Errors are `BucketError`. */
export class BucketStore {
  readonly #buckets = new Map<string, Bucket>();
  readonly #now: () => number;
  #bytes = 0;

  constructor(now: () => number) {
    this.#now = now;
  }

  create(name: string): Bucket {
    if (!BUCKET_NAME.test(name) || name.includes('..')) {
      throw new BucketError('InvalidBucketName', 'The specified bucket is not valid.', 400);
    }
    if (this.#buckets.has(name)) {
      throw new BucketError(
        'BucketAlreadyOwnedByYou',
        'Your previous request to create the named bucket succeeded and you already own it.',
        409,
      );
    }
    if (this.#buckets.size >= BUCKETS_MAX) {
      throw new BucketError('TooManyBuckets', 'You have attempted to create more buckets than allowed', 400);
    }
    const bucket: Bucket = { name, createdMs: this.#now(), objects: new Map(), sorted: undefined };
    this.#buckets.set(name, bucket);
    return bucket;
  }

  has(name: string): boolean {
    return this.#buckets.has(name);
  }

  bucket(name: string): Bucket {
    const bucket = this.#buckets.get(name);
    if (bucket === undefined) throw new BucketError('NoSuchBucket', 'The specified bucket does not exist', 404);
    return bucket;
  }

  /** Buckets in the order of their names. */
  buckets(): Bucket[] {
    return [...this.#buckets.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  object(bucket: Bucket, key: string): StoredObject {
    const object = bucket.objects.get(key);
    if (object === undefined) throw new BucketError('NoSuchKey', 'The specified key does not exist.', 404);
    return object;
  }

  put(
    bucket: Bucket,
    made: { readonly key: string; readonly bytes: Buffer } & Pick<StoredObject, 'headers' | 'checksum'>,
  ): StoredObject {
    const old = bucket.objects.get(made.key);
    const { bytes, key } = made;
    if (bytes.length > OBJECT_BYTES_MAX) {
      throw new BucketError('EntityTooLarge', 'Your proposed upload exceeds the maximum allowed size', 400);
    }
    const more = bytes.length - (old?.bytes.length ?? 0);
    const isFull = old === undefined && bucket.objects.size >= BUCKET_OBJECTS_MAX;
    if (isFull || this.#bytes + more > STORE_BYTES_MAX) {
      throw new BucketError('SlowDown', 'The store has reached the limit of its objects or bytes.', 503);
    }
    const etag = createHash('md5').update(bytes).digest('hex');
    const object: StoredObject = { ...made, etag, modifiedMs: this.#now() };
    bucket.objects.set(key, object);
    if (old === undefined) bucket.sorted = undefined;
    this.#bytes += more;
    return object;
  }

  /** Removes an object if there is one. */
  remove(bucket: Bucket, key: string): void {
    const old = bucket.objects.get(key);
    if (old === undefined) return;
    bucket.objects.delete(key);
    bucket.sorted = undefined;
    this.#bytes -= old.bytes.length;
  }
}
