import { parse } from 'tldts';

/** Dots that browsers and chat programs read as the dot of a host name. */
const OTHER_DOTS = /[\u3002\uff0e\uff61]/g;
const SCHEME = /(https?|hxxps?)?:\/\//gi;
/** Starts only where a name starts, so that a long run of letters is looked at once. */
const DOTTED = /(?<![\p{L}\p{N}_-])[\p{L}\p{N}_-]+(?:\.[\p{L}\p{N}_-]+)+/gu;
const ADDRESS = /(?<!\d)(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.(?:25[0-5]|2[0-4]\d|1?\d?\d)){3}(?!\d)/;
/** Characters of a text that are looked at; messages are far shorter. The rest is cut, never passed on as it is. */
export const DEFANGED_CHARS_MAX = 65_536;

/**
 * Makes host names, addresses and URLs in a text for people unclickable: `example[.]com`, `203[.]0[.]113[.]9`,
 * `hxxps://...`. A chat program that fetched a preview of a link would contact the attacker, with whatever the link
 * carries. Versions, file names and numbers stay readable unless their ending is a top-level domain. Idempotent.
 */
export function defang(text: string): string {
  return text
    .slice(0, DEFANGED_CHARS_MAX)
    .replace(OTHER_DOTS, '.')
    .replace(SCHEME, (_, web = '') => (web === '' ? '[:]//' : `hxxp${/s$/i.test(web) ? 's' : ''}://`))
    .replace(DOTTED, (name) => (isReachable(name) ? name.replaceAll('.', '[.]') : name));
}

/** Holds an address, or a label that is a top-level domain: programs that make links disagree on where a name ends. */
function isReachable(name: string): boolean {
  return ADDRESS.test(name) || name.split('.').slice(1).some(isTopLevel);
}

function isTopLevel(label: string): boolean {
  const plain = label.toLowerCase().replace(/^[_-]+|[_-]+$/g, '');
  return parse(`x.${plain}`, { extractHostname: false, validateHostname: false }).isIcann === true;
}
