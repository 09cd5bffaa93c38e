/**
 * The authorization server of OAuth 2.0 (RFC 6749, as RFC 9700 wants it): programs that get their parameters as the
 * client sent them, ask the store, and say what to answer. How that is carried is in `http/oauth/`, what people see in
 * `http/sign_in/`.
 *
 * Rules:
 * - Clients are public and may register themselves (RFC 7591). A client is a name that somebody chose: what proves that
 *   a code is in the right hands is PKCE (RFC 7636, S256 alone) and the redirect URI, compared to the letter.
 * - Nobody is redirected to where the client has not registered to be: then the error is a page.
 * - Secrets are kept as SHA-256: they are random, of 144 bits, so a plain hash is enough.
 * - A code and a refresh token are good once. Who comes with one a second time may be a thief, or come after one: the
 *   grant goes with all that came of it.
 * - What was granted holds as long as the password that it was granted with: see `credentials_print.ts`.
 */
export { type Authorization, type AuthorizationRequest, readAuthorization } from "./authorize.ts";
export { forgetClient, listClients, registerClient } from "./register.ts";
export { type Client, findClient } from "./client.ts";
export { consent, denied, isRemembered, type Person } from "./consent.ts";
export { credentialsPrint } from "./credentials_print.ts";
export { type DeviceRequest, findDevice, settleDevice, startDevice, type WaitingDevice } from "./device.ts";
export { type Answer, type OAuthError, refusal } from "./error.ts";
export { type Grant, listGrants, removeGrant, removeGrants } from "./grant.ts";
export { authorizationServerMetadata, protectedResourceMetadata } from "./metadata.ts";
export { Parameters } from "./parameters.ts";
export { formTarget, isRedirectUri, placeOf } from "./redirect_uri.ts";
export { describeScope, readScope } from "./scope.ts";
export { ACCESS_PREFIX, type BearerGrant, findAccess, revokeToken } from "./bearer.ts";
export { answerTokenRequest } from "./token.ts";
