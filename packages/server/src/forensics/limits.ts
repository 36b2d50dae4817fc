/** Bounds of exports, with the unit in the name and why they have that value. */

/** Records in one export: evidence of an incident is some hundreds; a person reads it. */
export const EXPORT_RECORDS_MAX = 100_000;
/** Bytes of one file of an export, so that a hostile export cannot exhaust memory when it is verified. */
export const EXPORT_FILE_BYTES_MAX = 256 * 1024 * 1024;
/** Attachments (incident, findings, report) of one export. */
export const EXPORT_ATTACHMENTS_MAX = 64;
