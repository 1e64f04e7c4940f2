/**
 * A look over HTML before it becomes a tree, in time that grows with its length alone: how deep and how large
 * the tree would be, and the text of a page that is too much of either.
 * @module
 */
import { Tokenizer } from "htmlparser2";

/** What a look over HTML finds. */
export interface Outline {
  /** Elements within each other, at most. */
  readonly depth: number;
  readonly elements: number;
}

/** Elements without an end tag (HTML Standard, "void elements"). */
const VOID: ReadonlySet<string> = new Set(
  "area base br col embed hr img input link meta param source track wbr".split(" "),
);
/** Elements that end with the next one of their name, or with a block. */
const ENDS_ITSELF: ReadonlySet<string> = new Set("p li dt dd tr td th option optgroup rt rp".split(" "));
/** Elements whose text nobody reads. */
const UNREAD: ReadonlySet<string> = new Set("script style template noscript head svg".split(" "));
/** Elements within a line; all others begin a new one. */
const INLINE: ReadonlySet<string> = new Set(
  "a abbr b bdi bdo cite code data dfn em font i kbd label mark q s samp small span strong sub sup time u var"
    .split(" "),
);

/** Measures HTML. Unclosed elements count as open, so that the depth is never less than a parser's. */
export function outlineOf(html: string): Outline {
  const open: string[] = [];
  let depth = 0;
  let elements = 0;
  const close = (name: string) => {
    // End tags that close nothing are ignored; looking at the last hundred open elements finds the others.
    const at = open.lastIndexOf(name);
    if (at >= 0 && open.length - at < 100) open.length = at;
  };
  tokens(html, {
    open(name) {
      elements++;
      if (VOID.has(name)) return;
      if (ENDS_ITSELF.has(name) && open.at(-1) === name) open.pop();
      // Beyond a limit nobody asks for the exact number, and the list would cost memory.
      if (open.length < 10_000) open.push(name);
      depth = Math.max(depth, open.length);
    },
    close,
    empty: () => open.pop(),
    text() {},
  });
  return { depth, elements };
}

/** The text of HTML, a line for every block, without Markdown. */
export function plainText(html: string): string {
  const out: string[] = [];
  let unread = 0;
  const line = (name: string) => {
    if (!INLINE.has(name) && out.at(-1) !== "\n") out.push("\n");
  };
  tokens(html, {
    open(name) {
      if (UNREAD.has(name)) unread++;
      line(name);
    },
    close(name) {
      if (UNREAD.has(name) && unread > 0) unread--;
      line(name);
    },
    empty() {},
    text(part) {
      if (unread === 0) out.push(part.replace(/\s+/g, " "));
    },
  });
  return out.join("").split("\n").map((row) => row.trim()).filter((row) => row !== "").join("\n");
}

interface Reader {
  open(name: string): void;
  close(name: string): void;
  /** The element that was opened last has no content (`<g/>`): meant so in SVG and MathML only. */
  empty(): void;
  text(part: string): void;
}

/** Reads the tokens of HTML. */
function tokens(html: string, reader: Reader): void {
  let foreign = 0;
  const isForeign = (name: string) => name === "svg" || name === "math";
  const tokenizer = new Tokenizer({ decodeEntities: true }, {
    onopentagname(start, end) {
      const name = html.slice(start, end).toLowerCase();
      if (isForeign(name)) foreign++;
      reader.open(name);
    },
    onclosetag(start, end) {
      const name = html.slice(start, end).toLowerCase();
      if (isForeign(name) && foreign > 0) foreign--;
      reader.close(name);
    },
    onselfclosingtag: () => foreign > 0 && reader.empty(),
    ontext: (start, end) => reader.text(html.slice(start, end)),
    ontextentity: (code) => reader.text(String.fromCodePoint(code)),
    onattribdata() {},
    onattribentity() {},
    onattribend() {},
    onattribname() {},
    oncdata() {},
    oncomment() {},
    ondeclaration() {},
    onend() {},
    onopentagend() {},
    onprocessinginstruction() {},
  });
  tokenizer.write(html);
  tokenizer.end();
}
