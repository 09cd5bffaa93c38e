import { utf8Strict } from "../../base/bytes.ts";
import { Parameters } from "../../oauth/mod.ts";
import { ProblemError } from "../problem.ts";
import { readBounded } from "../request_body.ts";

/** Octets of a form. */
const FORM = 32_768;

/** The fields of a form that was sent, each at most once and of at most `longest` characters. Throws a `ProblemError` where there is no form. */
export async function readForm(request: Request, longest?: number): Promise<Parameters> {
  const type = (request.headers.get("content-type") ?? "").slice(0, 200).split(";")[0]?.trim().toLowerCase();
  if (type !== "application/x-www-form-urlencoded") {
    throw new ProblemError({ status: 415, code: "mediaType", detail: "The body should be a form." });
  }
  const text = utf8Strict(await readBounded(request, FORM));
  if (text === null) throw new ProblemError({ status: 400, code: "notUtf8", detail: "The body is not UTF-8." });
  return new Parameters(new URLSearchParams(text), longest);
}
