/** The words of an HTML text: tags, comments, styles and scripts taken out, entities read. Linear; never fails. */

/** Elements whose content nobody reads. */
const SILENT: ReadonlySet<string> = new Set(["head", "script", "style", "template", "title"]);
/** Elements that do not part words. */
const INLINE: ReadonlySet<string> = new Set(
  [
    "a",
    "abbr",
    "b",
    "big",
    "code",
    "em",
    "font",
    "i",
    "mark",
    "s",
    "small",
    "span",
    "strong",
    "sub",
    "sup",
    "u",
    "wbr",
  ],
);
const ENTITIES: ReadonlyMap<string, string> = new Map(Object.entries({
  amp: "&",
  lt: "<",
  gt: ">",
  quot: '"',
  apos: "'",
  nbsp: " ",
  ensp: " ",
  emsp: " ",
  thinsp: " ",
  shy: "",
  zwnj: "",
  zwj: "",
  ndash: "–",
  mdash: "—",
  hellip: "…",
  bull: "•",
  middot: "·",
  lsquo: "‘",
  rsquo: "’",
  sbquo: "‚",
  ldquo: "“",
  rdquo: "”",
  bdquo: "„",
  laquo: "«",
  raquo: "»",
  copy: "©",
  reg: "®",
  trade: "™",
  euro: "€",
  pound: "£",
  yen: "¥",
  cent: "¢",
  sect: "§",
  deg: "°",
  times: "×",
  auml: "ä",
  ouml: "ö",
  uuml: "ü",
  Auml: "Ä",
  Ouml: "Ö",
  Uuml: "Ü",
  szlig: "ß",
  agrave: "à",
  aacute: "á",
  acirc: "â",
  aring: "å",
  aelig: "æ",
  ccedil: "ç",
  egrave: "è",
  eacute: "é",
  ecirc: "ê",
  euml: "ë",
  iacute: "í",
  icirc: "î",
  iuml: "ï",
  ntilde: "ñ",
  oacute: "ó",
  ocirc: "ô",
  oslash: "ø",
  uacute: "ú",
  Eacute: "É",
}));

/** The text, with spaces where elements part words. White space is not joined yet. */
export function plainText(html: string): string {
  let out = "";
  for (let at = 0; at < html.length;) {
    const open = html.indexOf("<", at);
    if (open < 0) return out + entitiesRead(html.slice(at));
    out += entitiesRead(html.slice(at, open));
    if (html.startsWith("<!--", open)) {
      const end = html.indexOf("-->", open + 4);
      if (end < 0) return out;
      at = end + 3;
      continue;
    }
    const name = /^\/?([a-zA-Z][a-zA-Z0-9]{0,30})/.exec(html.slice(open + 1, open + 34))?.[1]?.toLowerCase();
    if (name === undefined && html[open + 1] !== "!" && html[open + 1] !== "?" && html[open + 1] !== "/") {
      out += "<"; // a sign, not a tag
      at = open + 1;
      continue;
    }
    const close = html.indexOf(">", open);
    if (close < 0) return out;
    at = close + 1;
    if (name === undefined) continue;
    if (SILENT.has(name) && html[open + 1] !== "/") at = behindEnd(html, name, at);
    if (!INLINE.has(name)) out += " ";
  }
  return out;
}

/** Behind the end tag of a silent element; the end of the text where there is none. */
function behindEnd(html: string, name: string, from: number): number {
  for (let at = html.indexOf("</", from); at >= 0; at = html.indexOf("</", at + 2)) {
    if (html.slice(at + 2, at + 2 + name.length).toLowerCase() !== name) continue;
    const close = html.indexOf(">", at);
    return close < 0 ? html.length : close + 1;
  }
  return html.length;
}

function entitiesRead(text: string): string {
  if (!text.includes("&")) return text;
  return text.replace(/&(?:#([0-9]+)|#[xX]([0-9a-fA-F]+)|([a-zA-Z][a-zA-Z0-9]{1,10}));?/g, (all, ...found) => {
    const [decimal, hexadecimal, name] = found as (string | undefined)[];
    if (name !== undefined) return ENTITIES.get(name) ?? all;
    const code = decimal !== undefined ? Number(decimal) : parseInt(hexadecimal!, 16);
    return code > 0 && code <= 0x10ffff && (code < 0xd800 || code > 0xdfff) ? String.fromCodePoint(code) : "";
  });
}
