import { ServiceError } from '../call.ts';

/** What the bucket service answers when it cannot do what was asked: AWS's code, and its HTTP status. */
export class BucketError extends ServiceError {
  constructor(code: string, message: string, status: number) {
    super(code, message, { status });
  }
}
