/** Places for mail besides the store in the configuration. Users name them, the server's owner alone says what they are. */
import { z } from "zod";
import { relay } from "./relay_schema.ts";
import {
  DAY,
  duration,
  HOUR,
  integer,
  KB,
  list,
  MB,
  MINUTE,
  object,
  oneOf,
  SECOND,
  shown,
  size,
  text,
  truth,
} from "./values.ts";

const NAME = /^[A-Za-z0-9_.-]{1,64}$/;

function named<S extends z.ZodType>(of: S, shape: string) {
  return z.record(z.string(), of, { error: (issue) => `${shown(issue.input)} should be ${shape}` })
    .superRefine((value, context) => {
      for (const name of Object.keys(value)) {
        if (NAME.test(name)) continue;
        const message = "this name should be of letters, digits, _, - and .";
        context.addIssue({ code: "custom", path: [name], message });
      }
    });
}

/** Words in braces that each kind fills in. */
const IN_COMMAND = ["sender", "recipient", "account", "user", "domain", "extension"];
const IN_PATH = ["account", "user", "domain"];

function unknownWord(value: string, known: readonly string[]): string | null {
  for (const [whole, word] of value.matchAll(/\{([^{}]*)\}/g)) if (!known.includes(word!)) return whole;
  return null;
}

const path = text('a path, as "/var/mail/{domain}/{user}"').superRefine((value, context) => {
  const refuse = (message: string) => context.addIssue({ code: "custom", message });
  const word = unknownWord(value, IN_PATH);
  if (!value.startsWith("/")) refuse(`${shown(value)} should begin with /`);
  else if (value.split("/").some((step) => step === ".." || step === ".")) refuse(`${shown(value)} has . or .. in it`);
  else if (/\p{Cc}/u.test(value)) refuse(`${shown(value)} has control characters`);
  else if (word !== null) refuse(`${shown(word)} should be one of {account}, {user} and {domain}`);
  else if (!/\{(account|user)\}/.test(value)) {
    refuse(`${shown(value)} should hold {user} or {account}: each has its own`);
  }
});

const command = list(text("the path of a program, or an argument"), "the path of a program and its arguments").min(1, {
  error: "should name a program",
}).superRefine((value, context) => {
  const refuse = (message: string) => context.addIssue({ code: "custom", message });
  if (!value[0]?.startsWith("/")) return refuse(`${shown(value[0])} should be the whole path of the program`);
  if (value[0].includes("{")) refuse("the program itself has no words in braces");
  for (const one of value) {
    const word = unknownWord(one, IN_COMMAND);
    if (word !== null) refuse(`${shown(word)} should be one of ${IN_COMMAND.map((name) => `{${name}}`).join(", ")}`);
  }
});

const program = object({
  command,
  timeout: duration(SECOND, HOUR).prefault("60s"),
  output: size(KB, 100 * MB).prefault("1MB"),
  processes: integer(1, 1000).default(4),
  arguments: integer(0, 16).default(0),
  lineEnds: oneOf(["lf", "crlf"]).default("lf"),
  fromLine: truth.default(false),
  environment: z.record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/), z.string(), {
    error: (issue) => `${shown(issue.input)} should be variables, as { "NAME": "value" }`,
  }).default({}),
  directory: text("the path of a folder").nullable().default(null),
});

const maildir = object({
  path,
  create: truth.default(true),
  quota: object({
    bytes: size(KB, 1024 * 1024 * 1024 * MB),
    messages: integer(1, 1_000_000_000).nullable().default(null),
  }).nullable().default(null),
});

const mbox = object({
  path,
  create: truth.default(true),
  lockTime: duration(SECOND, 10 * MINUTE).prefault("30s"),
  staleLock: duration(MINUTE, DAY).prefault("15m"),
});

const service = relay.refine(({ protocol }) => protocol === "http", { error: 'should have "protocol": "http"' });

/** `delivery`. */
export const DELIVERY = object({
  programs: named(program, '{ "name": { "command": ["/path/of/program"] } }').prefault({}),
  maildirs: named(maildir, '{ "name": { "path": "/srv/mail/{domain}/{user}/Maildir" } }').prefault({}),
  mboxes: named(mbox, '{ "name": { "path": "/var/mail/{user}" } }').prefault({}),
  http: named(service, '{ "name": { "protocol": "http", "url": "https://…" } }').prefault({}),
});
