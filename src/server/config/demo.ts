import type { RawDemo } from "./schema.ts";

/** Everything the demo is: loopback only, ports that need no privilege, two people, and nothing leaves the house. */
export function rawDemo(): RawDemo {
  const address = "127.0.0.1";
  return {
    hostname: "mail.palomar.test",
    dataDir: "./data",
    listeners: [
      { protocol: "smtp", address, port: 2525, tls: "starttls" },
      { protocol: "submission", address, port: 4465, tls: "implicit" },
      { protocol: "submission", address, port: 5587, tls: "starttls" },
      { protocol: "lmtp", address, port: 2424, tls: "none" },
      { protocol: "imap", address, port: 9993, tls: "implicit" },
      { protocol: "imap", address, port: 1143, tls: "starttls" },
      { protocol: "pop3", address, port: 9995, tls: "implicit" },
      { protocol: "pop3", address, port: 1110, tls: "starttls" },
      { protocol: "managesieve", address, port: 4190, tls: "starttls" },
      { protocol: "http", address, port: 8080, tls: "none" },
    ],
    oauth: { registration: true },
    auth: { allowPlaintext: false },
    // A demo must not write to strangers: what is for outside waits in the queue, where it can be seen.
    outbound: { hold: true },
    demo: {
      domain: "palomar.test",
      accounts: [
        { address: "alice@palomar.test", name: "Alice", password: "alice" },
        { address: "bob@palomar.test", name: "Bob", password: "bob" },
      ],
    },
  };
}
