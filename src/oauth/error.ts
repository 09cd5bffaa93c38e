/** What a client is told where it is not given what it asked for. */

/** Codes of RFC 6749 sections 4.1.2.1 and 5.2, RFC 7591 section 3.2.2 and RFC 8628 section 3.5. */
export type OAuthErrorCode =
  | "invalid_request"
  | "invalid_client"
  | "invalid_grant"
  | "unauthorized_client"
  | "unsupported_grant_type"
  | "unsupported_response_type"
  | "invalid_scope"
  | "access_denied"
  | "login_required"
  | "consent_required"
  | "request_not_supported"
  | "request_uri_not_supported"
  | "invalid_redirect_uri"
  | "invalid_client_metadata"
  | "unsupported_token_type"
  | "authorization_pending"
  | "slow_down"
  | "expired_token";

/** `description` is for whoever writes the client: ASCII without quotes or backslashes (RFC 6749 section 5.2). */
export interface OAuthError {
  readonly error: OAuthErrorCode;
  readonly description: string;
  /** Something was shown a second time, so a grant of this account was ended: not for the client. */
  readonly ended?: string;
}

/** What goes out, or why not. */
export type Answer<T> = T | OAuthError;

/** An error with its words. */
export function refusal(error: OAuthErrorCode, description: string): OAuthError {
  return { error, description };
}
