import { lowerAscii } from "../../base/ascii.ts";
import { ANY, type Command, replyWith } from "../command.ts";
import { no, ok } from "../reply.ts";
import { type CommandProgram, sendText } from "../session.ts";
import { TEXTS } from "../texts.ts";

const RANGES_LIMIT = 50;

/**
 * LANGUAGE (RFC 5255 section 3.2). Our sentences are English: what i-default asks for (RFC 2277 section 4.5) and `en`
 * are the same words.
 */
export const language: Command = {
  states: ANY,
  parse(lexer) {
    const ranges: string[] = [];
    while (lexer.tryChar(" ")) ranges.push(lowerAscii(lexer.astring()));
    lexer.end();
    if (ranges.length > RANGES_LIMIT) lexer.fail("Too many languages");
    if (ranges.length === 0) return tell("en i-default", "Languages listed");
    for (const range of ranges) {
      const tag = tagFor(range);
      if (tag !== null) return tell(tag, "Language set");
    }
    return replyWith(no(TEXTS.noLanguage, "CANNOT"));
  },
};

/** The tag that a language range (RFC 4647) selects here, or null. `default` is what the administrator prefers. */
function tagFor(range: string): string | null {
  if (range === "i-default" || range === "default") return "i-default";
  return range === "*" || range === "en" || range.startsWith("en-") ? "en" : null;
}

function* tell(tags: string, text: string): CommandProgram {
  yield sendText(`* LANGUAGE (${tags})\r\n`);
  return ok(text);
}
