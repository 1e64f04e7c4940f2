/**
 * Paths as a hostile or confused caller writes them.
 * @module
 */
import type { Random } from "./random.ts";

/** What paths are made of besides what is hostile in itself. */
export interface Words {
  /** Absolute folders, inside and outside. */
  readonly starts: readonly string[];
  /** Names and short paths that exist on one side or the other. */
  readonly names: readonly string[];
}

const STARTS: readonly string[] = [
  ...["", "", "", "./", "../", "/", "//", "~", "~/", "~root/", "$HOME/", "file:", "file://", "file:///"],
  ...[
    "FILE://localhost",
    "file://host",
    "\\\\?\\",
    "\\\\.\\",
    "\\\\host\\share\\",
    "C:\\",
    "C:",
    "c:/",
    "\0",
    " ",
  ],
  ...[
    "/proc/self/root",
    "/proc/self/cwd/",
    "/proc/self/fd/0",
    "/dev/stdin",
    "/dev/fd/",
    "/proc/self/environ",
  ],
];

const NAMES: readonly string[] = [
  ...[
    "..",
    "..",
    "..",
    ".",
    "",
    "...",
    ".. ",
    " ..",
    "..\\",
    "%2e%2e",
    "%2E.",
    "..%2f",
    "%252e%252e",
    "..;",
    "~",
  ],
  ...[
    "\uff0e\uff0e",
    "\u2024\u2024",
    "\u202e..",
    "\u200b..",
    "\0",
    "a\0b",
    "\n",
    "\r",
    "\t",
    "\x1b[31m",
    "\x7f",
  ],
  ...[
    "CON",
    "nul.txt",
    "COM1",
    "LPT\u00b9",
    "x:y",
    "x::$DATA",
    "GIT~1",
    "a.txt ",
    "a.txt.",
    'a.txt"',
    "'a.txt'",
  ],
  ...[
    "\ud800",
    "\udc00x",
    "\u{1f4a5}",
    "\ufffd",
    "*",
    "?",
    "[a]",
    "{a,b}",
    "!a",
    "-rf",
    "--",
    "$(id)",
    "`id`",
  ],
  ...[".git", ".GIT", ".g\u200cit", ".git ", ".env", ".ENV", ".env.", ".ssh/config", ".mcp.json", ".vscode"],
  ...[
    "__proto__",
    "constructor",
    "undefined",
    "null",
    "0",
    "\u00e9",
    "e\u0301",
    "\u212b",
    "\ufb01",
    "\u0130",
  ],
  ...["x".repeat(255), "x".repeat(256), "\u00e9".repeat(128), "d/".repeat(3_000), "../".repeat(60)],
];

const SEPARATORS: readonly string[] = ["/", "/", "/", "/", "//", "/./", "\\", "%2f", "/../", "\u2215"];

/** A path: often one that can exist, so that calls get far; else one that should not be understood at all. */
export function hostilePath(random: Random, words: Words): string {
  if (random.int(2) === 0) {
    const plain = [random.pick(words.names), ...random.list(1, () => random.pick(words.names))].join("/");
    const path = random.int(3) === 0 ? `${random.pick(words.starts)}/${plain}` : plain;
    return random.int(4) === 0 ? mutated(path, random) : path;
  }
  const start = random.int(2) === 0 ? random.pick(STARTS) + random.pick(["", "", ...words.starts]) : "";
  const names = random.list(5, () => random.pick(random.int(3) > 0 ? words.names : NAMES));
  let path = names.reduce((sum, name) => sum === "" ? name : sum + random.pick(SEPARATORS) + name, start);
  while (random.int(3) === 0) path = mutated(path, random);
  return path;
}

/** A pattern. */
export function hostileGlob(random: Random, words: Words): string {
  const parts = [
    "*",
    "**",
    "*.txt",
    "**/*",
    "{a,b}*",
    "[!x]*",
    "..",
    "../*",
    "/**",
    "?",
    "!*",
    "{..,.}/*",
    "[.][.]/*",
  ];
  const names = random.list(3, () => random.pick(random.int(2) === 0 ? parts : words.names));
  return [...names, random.pick(parts)].join(random.pick(SEPARATORS));
}

function mutated(path: string, random: Random): string {
  const at = random.int(path.length + 1);
  switch (random.int(12)) {
    case 0:
      return path.toUpperCase();
    case 1:
      return path.normalize(random.pick(["NFC", "NFD", "NFKC", "NFKD"]));
    case 2:
      return path + random.pick([" ", ".", "/", "//", "/.", '"', "'", "\0", "\n", "\\", "/..", "::$DATA"]);
    case 3:
      return random.pick([" ", '"', "./", "/", "\ufeff", "file://"]) + path;
    case 4:
      return encodeURIComponent(path.toWellFormed());
    case 5:
      return encodeURI(path.toWellFormed());
    case 6:
      return path.slice(0, at) + random.pick(NAMES) + path.slice(at);
    case 7:
      return path.slice(0, at) + path.slice(at + 1);
    case 8:
      return path.replaceAll("/", random.pick(["\\", "//", "/./", "/x/../"]));
    case 9:
      return path.replaceAll(".", random.pick(["%2e", "\uff0e", ".."]));
    case 10:
      return path.slice(0, at) + String.fromCharCode(random.int(0x3000)) + path.slice(at);
    default:
      return path + path;
  }
}
