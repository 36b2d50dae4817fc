import process from 'node:process';
import { S3Client } from '@aws-sdk/client-s3';

/** Client for buckets. The endpoint of a test platform has no names for single buckets. */
export const buckets = new S3Client({ forcePathStyle: process.env.AWS_ENDPOINT_URL !== undefined });
