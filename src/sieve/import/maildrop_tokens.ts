/** The words of maildrop's filter language. */

/** A word with its line. `pattern` has the signs behind its second slash in `flags`. */
export interface MaildropToken {
  readonly kind: "word" | "string" | "pattern" | "backtick" | "sign" | "end";
  readonly text: string;
  readonly flags: string;
  readonly line: number;
}

/** All of them, at most `most`. A slash begins a pattern wherever a value may stand. Linear. */
export function maildropTokens(source: string, most: number): readonly MaildropToken[] {
  const out: MaildropToken[] = [];
  let line = 1;
  let at = 0;
  const push = (kind: MaildropToken["kind"], text: string, flags = ""): void => {
    out.push({ kind, text, flags, line });
  };
  const until = (end: string): string => {
    let text = "";
    for (at++; at < source.length && source[at] !== end; at++) {
      if (source[at] === "\n") line++;
      // In patterns a backslash stays; before a quote or itself it is gone in strings.
      if (source[at] === "\\" && (end === "/" ? source[at + 1] === "/" : `${end}\\`.includes(source[at + 1] ?? " "))) {
        at++;
      } else if (source[at] === "\\" && end === "/") text += source[at++];
      text += source[at] ?? "";
    }
    at++;
    return text;
  };
  while (at < source.length && out.length < most) {
    const char = source[at]!;
    if (char === "\n") line++;
    if (/\s/.test(char)) at++;
    else if (char === "#") { while (at < source.length && source[at] !== "\n") at++; }
    else if (char === "\\" && source[at + 1] === "\n") {
      line++;
      at += 2;
    } else if (char === '"' || char === "'") {
      const begin = line;
      const text = until(char);
      out.push({ kind: "string", text, flags: "", line: begin });
    } else if (char === "`") push("backtick", until("`"));
    else if (char === "/" && isValueNext(out)) {
      const text = until("/");
      const flags = /^:[A-Za-z0-9,.+-]*/.exec(source.slice(at, at + 60))?.[0] ?? "";
      at += flags.length;
      push("pattern", text, flags.slice(1));
    } else {
      const word = /^[A-Za-z0-9_$.@:~/-]+/.exec(source.slice(at, at + 500))?.[0];
      const sign = word ?? /^(&&|\|\||==|!=|<=|>=|=~|[^])/.exec(source.slice(at, at + 2))![0];
      push(word === undefined ? "sign" : "word", sign);
      at += sign.length;
    }
  }
  out.push({ kind: "end", text: "", flags: "", line });
  return out;
}

function isValueNext(before: readonly MaildropToken[]): boolean {
  const last = before.at(-1);
  return last === undefined || last.kind === "sign" && last.text !== ")" || last.text === "=~" ||
    last.text === "foreach";
}
