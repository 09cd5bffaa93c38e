/**
 * The architecture as one table. A folder may import itself and what stands in its row; the row for a file is the
 * longest folder name that starts its path, so `storage/sqlite` differs from `storage`.
 */
interface Layer {
  /** Folders it may import; `*` is everything. */
  readonly may: readonly string[];
  /** A core: no IO, clock, randomness, promises or packages. */
  readonly pure: boolean;
  /** Packages and node: modules it may import. */
  readonly packages: readonly string[];
}

const WORDS = ["base", "message", "contract"];
const ANY = ["*"];
const core = (...more: string[]): Layer => ({ may: [...WORDS, ...more], pure: true, packages: [] });
const edge = (...more: string[]): Layer => ({ may: [...WORDS, ...more], pure: false, packages: ANY });

export const LAYERS: Readonly<Record<string, Layer>> = {
  base: { may: [], pure: true, packages: ["node:crypto"] }, // base/hash.ts: hashes are functions
  message: { may: ["base"], pure: true, packages: [] },
  contract: { may: ["base", "message"], pure: true, packages: [] },
  sasl: core(),
  smtp: core("sasl"), // also LMTP and submission: profiles of one machine
  imap: core("sasl"),
  pop3: core("sasl"),
  managesieve: core("sasl", "sieve"), // scripts are checked before they are stored
  mailauth: { ...core(), packages: ["node:crypto", "tldts"] }, // signatures are functions; the public suffix list is data
  sieve: core(),
  web_socket: core(),
  web_push: { ...core(), packages: ["node:crypto"] }, // keys agreed on and signatures are functions
  jmap: core("sieve", "web_push"), // scripts are checked before they are stored; whom a push may be sealed for
  oauth: core(),
  factors: core(), // TOTP and recovery codes
  abuse: core("mailauth"), // addresses as numbers
  msa: core("mda"), // routing and the trace fields
  mta: core("smtp", "mda", "mailauth"), // the words of SMTP; routing and the trace fields; who mail is from
  mda: core("mailauth", "sieve"), // senders of what is forwarded; what an account's scripts say
  archive: core("imap"), // modified UTF-7
  "archive/io": edge("archive"),
  storage: edge(), // storage.ts and what drivers share
  "storage/memory": edge("storage"),
  "storage/sqlite": edge("storage"),
  "storage/postgres": edge("storage", "sasl"), // SCRAM, by which PostgreSQL knows us
  "storage/objects": edge("storage"), // bodies for drivers, which do not know it
  "storage/denokv": edge("storage"),
  net: edge(),
  dns: edge(),
  http: edge("storage", "archive", "jmap", "web_socket", "oauth", "factors", "abuse"), // how often strangers may ask
  server: { may: ANY, pure: false, packages: ANY },
  cli: { may: ANY, pure: false, packages: ANY },
};

const IMPURE =
  /\b(async\b|await\b|Promise\b|Deno\.|fetch\(|setTimeout|setInterval|queueMicrotask|Date\.now|new Date\(\)|Math\.random|getRandomValues|randomUUID|randomBytes|performance\.)/;
const DRAWERS = /(^|\/)_?(utils?|tools?|common|misc|helpers?|shared|stuff)(\.ts|\/)/;
const LONGEST_FILE = 600;

/** `files` maps paths below `src/` to their text; one line for each breach, none for a sound house. */
export function breaches(files: ReadonlyMap<string, string>): string[] {
  const found: string[] = [];
  for (const [path, text] of files) {
    const name = layerOf(path);
    const layer = name === undefined ? undefined : LAYERS[name];
    if (name === undefined || layer === undefined) {
      found.push(`${path}: no row in LAYERS`);
      continue;
    }
    if (DRAWERS.test(path)) found.push(`${path}: a drawer; name it after what it does`);
    const lines = text.split("\n").length;
    if (lines > LONGEST_FILE) found.push(`${path}: ${lines} lines, more than ${LONGEST_FILE}`);
    const imports = text.replace(/^\s*\* .*$/gm, ""); // examples in doc comments may import what they show
    for (const [, specifier = ""] of imports.matchAll(/(?:from|import)\s*\(?\s*"([^"\s]+)"/g)) {
      if (!specifier.startsWith(".")) {
        if (!layer.packages.includes(specifier) && layer.packages !== ANY) {
          found.push(`${path}: ${name} may not import ${specifier}`);
        }
        continue;
      }
      const target = layerOf(new URL(specifier, `file:///${path}`).pathname.slice(1)) ?? "(outside)";
      if (target !== name && !layer.may.includes(target) && layer.may !== ANY) {
        found.push(`${path}: ${name} may not import ${target}`);
      }
    }
    const impure = layer.pure ? IMPURE.exec(code(text)) : null;
    if (impure) found.push(`${path}: a core may not use ${impure[1]}`);
  }
  return found;
}

function layerOf(path: string): string | undefined {
  return Object.keys(LAYERS).filter((name) => path.startsWith(name + "/")).sort((a, b) => b.length - a.length)[0];
}

/** The text without comments and without strings. */
function code(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\/|(^|\s)\/\/.*$/gm, "").replace(/"(?:[^"\\\n]|\\.)*"/g, '""');
}
