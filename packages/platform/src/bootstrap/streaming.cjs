'use strict';
const STREAMING = Symbol.for('aws.lambda.runtime.handler.streaming');
const PRELUDE_TYPE = 'application/vnd.awslambda.http-integration-response';

/** Puts `awslambda` where functions expect it: `streamifyResponse` and `HttpResponseStream`. */
function installStreaming() {
  globalThis.awslambda = {
    streamifyResponse(handler, options) {
      handler[STREAMING] = options?.highWaterMark === undefined ? true : options;
      return handler;
    },
    HttpResponseStream: {
      /** Status and headers go before the body as JSON, and eight zero bytes after it. */
      from(stream, prelude) {
        stream.setContentType(PRELUDE_TYPE);
        stream.write(JSON.stringify(prelude));
        stream.write(new Uint8Array(8));
        return stream;
      },
    },
  };
}

function isStreaming(handler) {
  return handler[STREAMING] !== undefined;
}

module.exports = { installStreaming, isStreaming };
