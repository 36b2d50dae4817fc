import { type ConditionContext, hasVariable, meets } from './conditions.ts';
import type { Patterns, Policy, Principals, Statement } from './policy.ts';
import { matchesPattern } from './wildcard.ts';

/** Who asks, as resource policies name them. */
export interface Asker {
  readonly accountId: string;
  /** ARNs that mean the asker: of the user, or of the session and of its role. Empty for services. */
  readonly arns: readonly string[];
  /** `s3.amazonaws.com`, when a service asks for itself. */
  readonly service?: string;
  /**
   * Whether a policy that names the asker's account allows. It does not by itself: it leaves it to the account's own
   * policies, so that those must allow too.
   */
  readonly isDelegated?: boolean;
}

/** What is asked for. */
export interface Question {
  readonly action: string;
  /** ARN, `*` where the action has none. */
  readonly resource: string;
  readonly context: ConditionContext;
  /** Needed for policies with principals. */
  readonly asker?: Asker;
}

/** What a set of policies says. `sid` of the statement that decided, '' where it has none. */
export type Verdict =
  | { readonly kind: 'allow' | 'explicit-deny'; readonly sid: string }
  | { readonly kind: 'implicit-deny' };

/**
 * What policies say to a question: a statement that denies beats all that allow, and nothing said is no. What cannot be
 * decided here (an unknown operator or variable, `NotPrincipal`) never allows and always denies.
 */
export function decide(policies: readonly Policy[], question: Question): Verdict {
  let allowed: string | undefined;
  for (const policy of policies) {
    for (const statement of policy.statements) {
      if (!applies(statement, question)) continue;
      if (statement.effect === 'Deny') return { kind: 'explicit-deny', sid: statement.sid };
      allowed ??= statement.sid;
    }
  }
  return allowed === undefined ? { kind: 'implicit-deny' } : { kind: 'allow', sid: allowed };
}

function applies(statement: Statement, question: Question): boolean {
  const isDeny = statement.effect === 'Deny';
  if (!matchesAction(statement.actions, question.action)) return false;
  if (!matchesResource(statement.resources, question.resource, isDeny)) return false;
  if (!matchesPrincipal(statement.principals, question.asker, isDeny)) return false;
  const result = meets(statement.conditions, question.context);
  return result === 'met' || (result === 'unsupported' && isDeny);
}

/** Actions are compared without case, as IAM does. */
function matchesAction(actions: Patterns, action: string): boolean {
  const name = action.toLowerCase();
  return actions.patterns.some((pattern) => matchesPattern(pattern.toLowerCase(), name)) !== actions.negated;
}

function matchesResource(resources: Patterns | undefined, resource: string, isDeny: boolean): boolean {
  if (resources === undefined) return true;
  if (resources.patterns.some(hasVariable)) return isDeny;
  return resources.patterns.some((pattern) => matchesPattern(pattern, resource)) !== resources.negated;
}

function matchesPrincipal(principals: Principals | undefined, asker: Asker | undefined, isDeny: boolean): boolean {
  if (principals === undefined || principals.kind === 'anyone') return true;
  if (principals.kind === 'unsupported') return isDeny;
  if (asker === undefined) return false;
  if (asker.service !== undefined) return principals.services.includes(asker.service);
  const isByAccount = isDeny || asker.isDelegated === true;
  return principals.aws.some(
    (named) => asker.arns.includes(named) || (isByAccount && isAccount(named, asker.accountId)),
  );
}

/** An account is named by its number or by the ARN of its root. */
function isAccount(named: string, accountId: string): boolean {
  return named === accountId || named === `arn:aws:iam::${accountId}:root`;
}
