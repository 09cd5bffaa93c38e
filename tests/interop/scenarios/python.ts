import type { Scenario, Stage } from "../scenario.ts";

const needs = ["python3"];

/** The clients of Python's standard library; what they assert stands in the scripts. */
export const python: readonly Scenario[] = [
  {
    name: "python: smtplib sends, imaplib appends, searches, stores, copies and expunges",
    needs,
    run: (stage) => script(stage, "imap_smtp.py", ["smtps", "imaps", "imap"]),
  },
  {
    name: "python: poplib sees UIDL, TOP, DELE and RSET as RFC 1939 means them",
    needs,
    run: (stage) => script(stage, "pop3.py", ["smtps", "pop3s", "pop3"]),
  },
];

async function script(stage: Stage, name: string, doors: readonly (keyof Stage["palomar"]["ports"])[]): Promise<void> {
  const account = await stage.palomar.account("monty");
  const ports = doors.map((door) => `${stage.palomar.ports[door]}`);
  await stage.run("python3", [
    new URL(`../scripts/${name}`, import.meta.url).pathname,
    "localhost",
    ...ports,
    ...[stage.palomar.caFile, account.address, account.password],
  ]);
}
