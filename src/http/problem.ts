/** Errors of the HTTP layer as RFC 9457 has them: `application/problem+json`, for every error there is. */

/** Why a request was not done. `code` is for programs and stays the same; `detail` is for people. */
export interface Problem {
  readonly status: number;
  readonly code: string;
  readonly detail: string;
  /** What is wrong with which part of the request. */
  readonly errors?: readonly {
    readonly path: string;
    readonly reason: string;
    /** In a text with lines, from 1. */
    readonly line?: number;
    readonly column?: number;
  }[];
  readonly headers?: Readonly<Record<string, string>>;
}

/** Thrown by a handler whose answer is a problem. */
export class ProblemError extends Error {
  override readonly name = "ProblemError";
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(problem.detail);
    this.problem = problem;
  }
}

/** A value that does not fit: 422. */
export function problemOf(code: string, detail: string): Problem {
  return { status: 422, code, detail };
}

const TITLES: Readonly<Record<number, string>> = {
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  408: "Request Timeout",
  409: "Conflict",
  412: "Precondition Failed",
  413: "Content Too Large",
  415: "Unsupported Media Type",
  416: "Range Not Satisfiable",
  422: "Unprocessable Content",
  429: "Too Many Requests",
  500: "Internal Server Error",
  503: "Service Unavailable",
  507: "Insufficient Storage",
};

/** RFC 9457 section 4.2.1: with the type `about:blank`, the title is the status's own phrase. */
export function problemResponse(problem: Problem): Response {
  const { status, code, detail, errors } = problem;
  const body = {
    type: "about:blank",
    title: TITLES[status] ?? "Error",
    status,
    code,
    detail,
    ...(errors && { errors }),
  };
  return new Response(JSON.stringify(body) + "\n", {
    status,
    headers: { ...problem.headers, "content-type": "application/problem+json", "cache-control": "no-store" },
  });
}

/** The problem that an infrastructure failure is. Nothing of its text goes out. */
export function failureProblem(error: unknown): Problem {
  const reason = (error as { reason?: unknown } | null)?.reason;
  if (reason === "unavailable") {
    return {
      status: 503,
      code: "unavailable",
      detail: "The store cannot be reached at the moment; try again.",
      headers: { "retry-after": "5" },
    };
  }
  if (reason === "full") {
    return { status: 507, code: "full", detail: "There is no room left on the server; free some and try again." };
  }
  return { status: 500, code: "internal", detail: "Something went wrong inside the server; its log says what." };
}

const REFUSALS = {
  exists: 409,
  inUse: 409,
  notFound: 404,
  noDomain: 409,
  invalid: 422,
  password: 422,
  changed: 412,
} as const;

/** The answer of an op, or the problem that its refusal is. */
export function unlessRefused<T extends object>(
  answer: T,
): Exclude<T, { readonly refused: unknown }> {
  if ("refused" in answer) {
    const { refused, text } = answer as unknown as { refused: keyof typeof REFUSALS; text: string };
    throw new ProblemError({ status: REFUSALS[refused] ?? 409, code: refused, detail: text });
  }
  return answer as Exclude<T, { readonly refused: unknown }>;
}
