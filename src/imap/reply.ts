/** How a command ends: the status of its tagged response (RFC 9051 section 7.1) with code and text. */
export interface Reply {
  readonly status: "OK" | "NO" | "BAD";
  /** A response code without its brackets, or null. */
  readonly code: string | null;
  readonly text: string;
}

export function ok(text: string, code: string | null = null): Reply {
  return { status: "OK", code, text };
}

export function no(text: string, code: string | null = null): Reply {
  return { status: "NO", code, text };
}

export function bad(text: string, code: string | null = null): Reply {
  return { status: "BAD", code, text };
}

/** `OK [CODE] text` */
export function formatReply(reply: Reply): string {
  return reply.code === null ? `${reply.status} ${reply.text}` : `${reply.status} [${reply.code}] ${reply.text}`;
}
