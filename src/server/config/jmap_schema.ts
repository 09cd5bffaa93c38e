/** How JMAP clients hear of news, in the configuration. */
import { DAY, duration, integer, object, text, truth } from "./values.ts";

const contact = text('how to reach the operator, as "mailto:postmaster@example.org"').refine(
  (value) => /^(mailto:[^\s@]+@[^\s@]+|https:\/\/\S+)$/.test(value) && URL.canParse(value),
  { error: 'should be how to reach the operator, as "mailto:postmaster@example.org" or "https://example.org"' },
);

export const JMAP = object({
  listeners: integer(0, 10_000_000).default(20_000),
  listenersPerAccount: integer(1, 100_000).default(50),
  listenersPerAddress: integer(1, 1_000_000).default(1000),
  push: object({
    subscriptions: integer(0, 1000).default(20),
    lifetime: duration(2 * DAY, 366 * DAY).prefault("30d"), // RFC 8620 section 7.2: at least 48 hours
    connections: integer(1, 1000).default(64),
    contact: contact.nullable().default(null),
    privateAddresses: truth.default(false),
    ca: text("the path of a PEM file with certificates of authorities").nullable().default(null),
  }).prefault({}),
});
