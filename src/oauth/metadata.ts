/** What clients read before they do anything: RFC 8414 and RFC 9728. */
import { GRANT_TYPES } from "./client.ts";
import { SCOPE_WORDS } from "./scope.ts";

/** RFC 8414 section 2. `issuer` is the origin that people reach us at, without a slash at its end. `registration`: clients may register by themselves. */
export function authorizationServerMetadata(
  issuer: string,
  registration: boolean,
): Readonly<Record<string, unknown>> {
  return {
    issuer,
    authorization_endpoint: `${issuer}/oauth/authorize`,
    token_endpoint: `${issuer}/oauth/token`,
    ...(registration && { registration_endpoint: `${issuer}/oauth/register` }),
    revocation_endpoint: `${issuer}/oauth/revoke`,
    device_authorization_endpoint: `${issuer}/oauth/device_authorization`,
    scopes_supported: SCOPE_WORDS,
    response_types_supported: ["code"],
    response_modes_supported: ["query"],
    grant_types_supported: GRANT_TYPES,
    token_endpoint_auth_methods_supported: ["none"],
    revocation_endpoint_auth_methods_supported: ["none"],
    code_challenge_methods_supported: ["S256"],
    authorization_response_iss_parameter_supported: true,
    service_documentation: `${issuer}/`,
  };
}

/** RFC 9728 section 2, of JMAP. */
export function protectedResourceMetadata(issuer: string): Readonly<Record<string, unknown>> {
  return {
    resource: `${issuer}/jmap`,
    authorization_servers: [issuer],
    scopes_supported: SCOPE_WORDS,
    bearer_methods_supported: ["header"],
    resource_name: "Mail (JMAP)",
  };
}
