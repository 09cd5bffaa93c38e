import type { Person } from "../../oauth/mod.ts";
import { seeOther, type Visit } from "./pages.ts";
import { beginSession, endSession } from "./sessions.ts";
import { newVisitor, setCookie } from "./visitor.ts";

/** Begins the session of somebody who has shown all that is asked for, under a new cookie, and leads on. */
export async function enter(visit: Visit, person: Person, next: string, how: string): Promise<Response> {
  const { people, deps } = visit.parts;
  await endSession(deps, visit.visitor);
  const visitor = newVisitor();
  await beginSession(deps, visitor, person, { from: visit.address, browser: visit.c.req.header("user-agent") ?? "" });
  people.note("web.signedIn", { account: person.address, from: visit.address, how });
  return seeOther(next, { "set-cookie": setCookie(visitor) });
}
