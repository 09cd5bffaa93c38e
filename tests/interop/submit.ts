import nodemailer from "nodemailer";
import type { Account, Palomar } from "./palomar.ts";

/** Submits one message as a person's mail program does, by nodemailer; its Message-ID. */
export async function submit(palomar: Palomar, from: Account, to: string, subject: string): Promise<string> {
  const transport = nodemailer.createTransport({
    host: "localhost",
    port: palomar.ports.smtps,
    secure: true,
    auth: { user: from.address, pass: from.password },
    tls: { ca: await Deno.readTextFile(palomar.caFile) },
  });
  try {
    const sent = await transport.sendMail({ from: from.address, to, subject, text: "A pigeon came home.\n" });
    return sent.messageId;
  } finally {
    transport.close();
  }
}
