/**
 * Whether a text matches a pattern of IAM: `*` is any number of characters, `?` is one, all others are themselves. Takes
 * at most pattern times text steps, whatever the pattern: it is somebody else's.
 */
export function matchesPattern(pattern: string, text: string): boolean {
  let at = 0;
  let inPattern = 0;
  let afterStar = -1;
  let retryAt = 0;
  while (at < text.length) {
    const wanted = pattern[inPattern];
    if (wanted === '*') {
      afterStar = ++inPattern;
      retryAt = at;
    } else if (wanted !== undefined && (wanted === '?' || wanted === text[at])) {
      at++;
      inPattern++;
    } else if (afterStar >= 0) {
      inPattern = afterStar;
      at = ++retryAt;
    } else return false;
  }
  while (pattern[inPattern] === '*') inPattern++;
  return inPattern === pattern.length;
}

/** Parts of an ARN: `arn`, partition, service, region, account, and the rest, which may hold further colons. */
const ARN_PARTS = 6;

/** Whether an ARN matches a pattern part by part, as `ArnLike` does: a `*` never reaches over a colon but in the last part. */
export function matchesArn(pattern: string, arn: string): boolean {
  const wanted = arnParts(pattern);
  const parts = arnParts(arn);
  if (wanted.length !== ARN_PARTS || parts.length !== ARN_PARTS) return false;
  return wanted.every((part, at) => matchesPattern(part, parts[at] ?? ''));
}

function arnParts(arn: string): string[] {
  const parts = arn.split(':');
  return parts.length <= ARN_PARTS ? parts : [...parts.slice(0, ARN_PARTS - 1), parts.slice(ARN_PARTS - 1).join(':')];
}
