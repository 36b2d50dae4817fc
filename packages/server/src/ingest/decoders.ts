import { cloudtrailDecoder } from './cloudtrail.ts';
import type { Decoder } from './decoder.ts';
import { gaitDecoder } from './gait.ts';
import { lambdaLogsDecoder } from './lambda-logs.ts';
import { otlpJsonDecoder } from './otlp/otlp-json.ts';
import { otlpProtobufDecoder } from './otlp/otlp-protobuf.ts';
import { triggerEventDecoder } from './trigger-event.ts';
import { xrayDecoder } from './xray.ts';

/** A decoder for each format, in the order in which they are asked. One set serves one reading. */
export function allDecoders(): readonly Decoder[] {
  return [
    gaitDecoder(),
    xrayDecoder,
    cloudtrailDecoder,
    otlpJsonDecoder(),
    otlpProtobufDecoder(),
    lambdaLogsDecoder(gaitDecoder(), triggerEventDecoder, cloudtrailDecoder),
    triggerEventDecoder,
  ];
}

/** The decoders of formats that are text, for where the input cannot be anything else. */
export function textDecoders(): readonly Decoder[] {
  return allDecoders().filter(({ format }) => format !== 'otlp-protobuf');
}
