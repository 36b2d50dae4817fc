/** Kinds of change as the `changeKind` column holds them. */
export type ChangeKind = 'code' | 'configuration' | 'permission' | 'trigger' | 'policy' | 'trail' | 'identity';

/**
 * Calls that change what functions are, who may do what, and what is recorded. Everything else is an ordinary audited
 * call. One line a service and kind; names without version suffix.
 */
const WATCHED: readonly (readonly [ChangeKind, string, string])[] = [
  [
    'code',
    'lambda',
    'CreateFunction UpdateFunctionCode DeleteFunction PublishVersion CreateAlias UpdateAlias DeleteAlias',
  ],
  ['code', 'lambda', 'PublishLayerVersion DeleteLayerVersion'],
  ['code', 'ecr', 'PutImage BatchDeleteImage'],
  ['configuration', 'lambda', 'UpdateFunctionConfiguration PutFunctionConcurrency DeleteFunctionConcurrency'],
  ['configuration', 'lambda', 'PutProvisionedConcurrencyConfig DeleteProvisionedConcurrencyConfig'],
  ['configuration', 'lambda', 'PutFunctionScalingConfig PutRuntimeManagementConfig PutFunctionRecursionConfig'],
  [
    'configuration',
    'lambda',
    'PutFunctionEventInvokeConfig UpdateFunctionEventInvokeConfig DeleteFunctionEventInvokeConfig',
  ],
  ['configuration', 'lambda', 'PutFunctionCodeSigningConfig DeleteFunctionCodeSigningConfig UpdateCodeSigningConfig'],
  ['configuration', 'kms', 'DisableKey ScheduleKeyDeletion'],
  ['permission', 'lambda', 'AddPermission RemovePermission PutResourcePolicy DeleteResourcePolicy'],
  ['permission', 'lambda', 'AddLayerVersionPermission RemoveLayerVersionPermission PutPublicAccessBlockConfig'],
  ['permission', 's3', 'PutBucketPolicy DeleteBucketPolicy PutBucketAcl PutBucketPublicAccessBlock'],
  ['permission', 's3', 'DeleteBucketPublicAccessBlock PutAccountPublicAccessBlock PutBucketReplication PutBucketCors'],
  ['permission', 'sqs', 'AddPermission RemovePermission SetQueueAttributes'],
  ['permission', 'sns', 'AddPermission RemovePermission SetTopicAttributes'],
  ['permission', 'kms', 'PutKeyPolicy CreateGrant'],
  ['permission', 'secretsmanager', 'PutResourcePolicy DeleteResourcePolicy'],
  ['permission', 'ecr', 'SetRepositoryPolicy DeleteRepositoryPolicy'],
  ['permission', 'dynamodb', 'PutResourcePolicy DeleteResourcePolicy'],
  [
    'permission',
    'ec2',
    'AuthorizeSecurityGroupIngress AuthorizeSecurityGroupEgress ModifySnapshotAttribute ModifyImageAttribute',
  ],
  ['permission', 'rds', 'ModifyDBSnapshotAttribute ModifyDBClusterSnapshotAttribute'],
  ['permission', 'wafv2', 'DisassociateWebACL DeleteWebACL UpdateWebACL'],
  ['trigger', 'lambda', 'CreateFunctionUrlConfig UpdateFunctionUrlConfig DeleteFunctionUrlConfig'],
  ['trigger', 'lambda', 'CreateEventSourceMapping UpdateEventSourceMapping DeleteEventSourceMapping LambdaESMDisabled'],
  [
    'trigger',
    'events',
    'PutRule DeleteRule EnableRule DisableRule PutTargets RemoveTargets CreateConnection CreateApiDestination',
  ],
  ['trigger', 'scheduler', 'CreateSchedule UpdateSchedule DeleteSchedule'],
  ['trigger', 'pipes', 'CreatePipe UpdatePipe'],
  ['trigger', 's3', 'PutBucketNotification PutBucketNotificationConfiguration'],
  ['trigger', 'sns', 'Subscribe Unsubscribe'],
  [
    'trigger',
    'apigateway',
    'PutIntegration UpdateIntegration CreateIntegration CreateRoute UpdateRoute CreateDeployment',
  ],
  ['trigger', 'states', 'CreateStateMachine UpdateStateMachine'],
  ['policy', 'iam', 'PutRolePolicy AttachRolePolicy DetachRolePolicy DeleteRolePolicy UpdateAssumeRolePolicy'],
  ['policy', 'iam', 'PutUserPolicy AttachUserPolicy DetachUserPolicy DeleteUserPolicy'],
  ['policy', 'iam', 'PutGroupPolicy AttachGroupPolicy DetachGroupPolicy DeleteGroupPolicy'],
  ['policy', 'iam', 'CreatePolicy DeletePolicy CreatePolicyVersion DeletePolicyVersion SetDefaultPolicyVersion'],
  ['policy', 'iam', 'PutRolePermissionsBoundary DeleteRolePermissionsBoundary'],
  ['policy', 'iam', 'PutUserPermissionsBoundary DeleteUserPermissionsBoundary'],
  ['policy', 'organizations', 'LeaveOrganization DetachPolicy UpdatePolicy DeletePolicy DisablePolicyType'],
  [
    'trail',
    'cloudtrail',
    'CreateTrail UpdateTrail DeleteTrail StartLogging StopLogging PutEventSelectors PutInsightSelectors',
  ],
  ['trail', 'cloudtrail', 'DeleteEventDataStore UpdateEventDataStore StopEventDataStoreIngestion'],
  [
    'trail',
    'logs',
    'DeleteLogGroup DeleteLogStream PutRetentionPolicy DeleteRetentionPolicy AssociateKmsKey DisassociateKmsKey',
  ],
  ['trail', 'logs', 'PutSubscriptionFilter DeleteSubscriptionFilter PutAccountPolicy DeleteAccountPolicy'],
  ['trail', 'ec2', 'DeleteFlowLogs'],
  ['trail', 'route53resolver', 'DeleteResolverQueryLogConfig DisassociateResolverQueryLogConfig'],
  ['trail', 'config', 'StopConfigurationRecorder DeleteConfigurationRecorder PutDeliveryChannel DeleteDeliveryChannel'],
  ['trail', 'guardduty', 'DeleteDetector UpdateDetector StopMonitoringMembers CreateFilter CreateIPSet'],
  ['trail', 'securityhub', 'DisableSecurityHub DeleteInsight BatchDisableStandards'],
  ['trail', 'macie2', 'DisableMacie UpdateMacieSession'],
  ['trail', 'bedrock', 'DeleteModelInvocationLoggingConfiguration PutModelInvocationLoggingConfiguration'],
  ['trail', 's3', 'PutBucketLogging PutBucketLifecycle PutBucketLifecycleConfiguration DeleteBucketLifecycle'],
  ['trail', 'xray', 'UpdateSamplingRule DeleteSamplingRule PutEncryptionConfig'],
  ['trail', 'rds', 'StopActivityStream'],
  ['identity', 'iam', 'CreateUser DeleteUser UpdateUser CreateRole DeleteRole UpdateRole CreateServiceLinkedRole'],
  [
    'identity',
    'iam',
    'CreateAccessKey UpdateAccessKey DeleteAccessKey CreateLoginProfile UpdateLoginProfile DeleteLoginProfile',
  ],
  [
    'identity',
    'iam',
    'AddUserToGroup RemoveUserFromGroup CreateGroup DeactivateMFADevice DeleteVirtualMFADevice EnableMFADevice',
  ],
  [
    'identity',
    'iam',
    'CreateSAMLProvider UpdateSAMLProvider CreateOpenIDConnectProvider UpdateOpenIDConnectProviderThumbprint',
  ],
  [
    'identity',
    'iam',
    'AddRoleToInstanceProfile CreateServiceSpecificCredential UploadSSHPublicKey UploadSigningCertificate',
  ],
  ['identity', 'rolesanywhere', 'CreateTrustAnchor CreateProfile UpdateTrustAnchor'],
  ['identity', 'sso', 'CreatePermissionSet CreateAccountAssignment PutInlinePolicyToPermissionSet'],
  ['identity', 'signin', 'PasswordUpdated PasswordRecoveryCompleted'],
];

const KIND_OF: ReadonlyMap<string, ChangeKind> = new Map(
  WATCHED.flatMap(([kind, service, names]) => names.split(' ').map((name) => [`${service}:${name}`, kind] as const)),
);

/** What an action (`lambda:UpdateFunctionCode`) changes, undefined when it is an ordinary call. */
export function changeKindOf(action: string): ChangeKind | undefined {
  return KIND_OF.get(action);
}
