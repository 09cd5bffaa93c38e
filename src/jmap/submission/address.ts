/** Whether a text can be a Mailbox of RFC 5321 section 4.1.2, its domain in letters of any script (RFC 6531). */
export function isAddress(text: string): boolean {
  return /^[^@\0-\x20\x7f<>]{1,64}@[^@\0-\x20\x7f<>]{1,255}$/.test(text);
}
