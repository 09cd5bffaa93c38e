/**
 * A second proof of who somebody is, beside the password: codes that an app counts (TOTP, RFC 6238), and recovery codes
 * for the day on which the app is lost. Programs; what they keep is one record of the account.
 */
export { type Enrolment, type FactorState, factorState, wantsAppPasswords } from "./factor_record.ts";
export { beginTotp, confirmTotp, proveSecond, removeTotp, renewRecoveryCodes, setPasswordAtDoors } from "./enrol.ts";
export { decodeBase32, encodeBase32 } from "./base32.ts";
export { codeOf, stepOf, stepOfCode } from "./totp.ts";
