import { ok, strictEqual } from "node:assert/strict";
import { arrives } from "../mailbox.ts";
import type { Scenario, Stage } from "../scenario.ts";

const needs = ["swaks"];

/** swaks, the SMTP test client: every door, every way to log in, and what must be refused. */
export const swaks: readonly Scenario[] = [
  submits("swaks: submission with implicit TLS and AUTH PLAIN", "smtps", "PLAIN", "--tls-on-connect"),
  submits("swaks: submission with implicit TLS and AUTH LOGIN", "smtps", "LOGIN", "--tls-on-connect"),
  submits("swaks: submission with STARTTLS and AUTH PLAIN", "submission", "PLAIN", "--tls"),
  submits("swaks: submission with STARTTLS and AUTH LOGIN", "submission", "LOGIN", "--tls"),
  {
    name: "swaks: mail from outside comes in by port 25, with STARTTLS and without",
    needs,
    async run(stage) {
      const to = await stage.palomar.account("bob");
      for (const tls of [["--tls"], []]) {
        const subject = `Inward ${crypto.randomUUID()}`;
        await swak(stage, stage.palomar.ports.smtp, "x@outside.test", to.address, subject, ...tls);
        const message = await arrives(stage.palomar, to, subject);
        ok(message.startsWith("Return-Path: <x@outside.test>\r\n"), message.slice(0, 200));
        ok(message.includes(tls.length > 0 ? "with ESMTPS" : "with ESMTP\r\n"), message.slice(0, 400));
      }
    },
  },
  {
    name: "swaks: LMTP delivers",
    needs,
    async run(stage) {
      const to = await stage.palomar.account("bob");
      const subject = `By LMTP ${crypto.randomUUID()}`;
      await swak(stage, stage.palomar.ports.lmtp, "x@outside.test", to.address, subject, "--protocol", "LMTP");
      await arrives(stage.palomar, to, subject);
    },
  },
  {
    name: "swaks: a wrong password is refused with 535, an unknown user in the same words",
    needs,
    async run(stage) {
      const account = await stage.palomar.account("alice");
      const said: string[] = [];
      for (const user of [account.address, `nobody@${stage.palomar.domain}`]) {
        const { code, stdout } = await stage.run("swaks", [
          ...["--server", "127.0.0.1", "--port", `${stage.palomar.ports.smtps}`, "--tls-on-connect"],
          ...["--auth", "PLAIN", "--auth-user", user, "--auth-password", "wrong"],
          ...["--from", account.address, "--to", account.address],
        ], { codes: "any" });
        strictEqual(code, 28, stdout); // swaks: authentication failed
        said.push(/<~\* (535.*)/.exec(stdout)?.[1] ?? stdout);
      }
      ok(said[0]!.startsWith("535 5.7.8"), said[0]);
      strictEqual(said[0], said[1]);
    },
  },
  {
    name: "swaks: relaying is refused at RCPT without a login, and unknown users at home too",
    needs,
    async run(stage) {
      for (const to of ["somebody@elsewhere.test", `nobody@${stage.palomar.domain}`]) {
        const { code, stdout } = await swak(stage, stage.palomar.ports.smtp, "x@outside.test", to, "No");
        strictEqual(code, 24, stdout); // swaks: no recipient was accepted
        ok(/<\*\* 55[04] 5\.\d\.\d/.test(stdout), stdout);
      }
    },
  },
  {
    name: "swaks: AUTH is neither offered nor taken before STARTTLS",
    needs,
    async run(stage) {
      const account = await stage.palomar.account("alice");
      const { code, stdout } = await stage.run("swaks", [
        ...["--server", "127.0.0.1", "--port", `${stage.palomar.ports.submission}`],
        ...["--auth", "PLAIN", "--auth-user", account.address, "--auth-password", account.password],
        ...["--from", account.address, "--to", account.address],
      ], { codes: "any" });
      ok(code !== 0 && !stdout.includes("AUTH PLAIN"), stdout);
    },
  },
];

function submits(name: string, door: "smtps" | "submission", mechanism: string, tls: string): Scenario {
  return {
    name,
    needs,
    async run(stage) {
      const from = await stage.palomar.account("alice");
      const to = await stage.palomar.account("bob");
      const subject = `Submitted ${crypto.randomUUID()}`;
      const login = ["--auth", mechanism, "--auth-user", from.address, "--auth-password", from.password];
      await swak(stage, stage.palomar.ports[door], from.address, to.address, subject, tls, ...login);
      const message = await arrives(stage.palomar, to, subject);
      ok(message.includes("with ESMTPSA"), message.slice(0, 400));
    },
  };
}

async function swak(stage: Stage, port: number, from: string, to: string, subject: string, ...more: string[]) {
  const ran = await stage.run("swaks", [
    ...["--server", "127.0.0.1", "--port", `${port}`, "--ehlo", "client.outside.test"],
    ...["--from", from, "--to", to, "--header", `Subject: ${subject}`, "--body", "A pigeon came home.", ...more],
  ], { codes: "any" });
  if (ran.code !== 0 && subject !== "No") throw new Error(`swaks ended with ${ran.code}\n${ran.stdout}${ran.stderr}`);
  return ran;
}
