/** What people change on the pages for them stands in the audit log too. */
import type { AuditDesk } from "../http/audit_desk.ts";
import type { PeopleDesk } from "../http/sign_in/people_desk.ts";

/** Notes of changes; others are about who came in. */
const CHANGE =
  /^(oauth\.(granted|disconnected|reused)|token\.|totp\.|passkey\.(added|removed)|web\.(signedOutEverywhere|passwordChanged))/;

export function auditedPages(people: PeopleDesk, audit: AuditDesk): PeopleDesk {
  return {
    ...people,
    note(event, fields) {
      people.note(event, fields);
      if (!CHANGE.test(event)) return;
      const { account = "", from = "", ...given } = fields;
      void audit.add({
        by: String(account),
        from: String(from),
        request: null,
        action: event,
        resource: `/accounts/${account}`,
        given,
        before: null,
        after: null,
      });
    },
  };
}
