/**
 * What must not leave the machine, or not stand in a file that people attach to a report: the one place that
 * knows secrets by their looks. The log redacts every message before it is written.
 * @module
 */
import { LOG_MESSAGE_CHARS_MAX } from "./limits.ts";

/**
 * Replaces what looks like a secret: passwords in URLs, Authorization and cookie headers, values of names
 * such as `api_key`, private keys, tokens of well-known services by their prefixes. Linear in the message.
 */
export function redact(message: string): string {
  if (!SUSPICIOUS.test(message)) return message;
  return message.slice(0, 2 * LOG_MESSAGE_CHARS_MAX)
    .replace(
      /-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----[^]*?(?:-----END [A-Z ]{0,40}PRIVATE KEY-----|$)/g,
      HIDDEN,
    )
    .replace(/(:\/\/)[^\s/?#"'<>@]{1,1000}@/g, `$1${HIDDEN}@`)
    .replace(AUTHORIZATION, `$1${HIDDEN}`)
    .replace(/\b(bearer\s{1,3})[\w.~+/=-]{8,}/gi, `$1${HIDDEN}`)
    .replace(/\b(cookie["']?\s{0,3}:\s{0,3}["']?)[^\n"']{1,4000}/gi, `$1${HIDDEN}`)
    .replace(SECRET_QUOTED, `$1$2${HIDDEN}$2`)
    .replace(SECRET_BARE, `$1${HIDDEN}`)
    .replace(SECRET_TOKEN, HIDDEN);
}

const HIDDEN = "[redacted]";

/** Without any of these, none of the patterns can match; most messages have none. */
const SUSPICIOUS = /[:=]|--|bearer|sk-|gh[a-z]_|github_pat_|glpat-|xox[a-z]-|npm_|AKIA|AIza|eyJ/i;

/** The header of RFC 9110, section 11.6.2; its scheme may be seen. */
const AUTHORIZATION =
  /\b(authorization(?:\\?["'])?\s{0,3}[:=]\s{0,3}(?:\\?["'])?(?:\w{1,20}\s{1,3})?)[^\s"'\\,]{1,4000}/gi;

/** Names whose values are secrets, with whatever stands before: `client_secret`, `GITHUB_TOKEN`. */
const NAME = String.raw`\b[\w-]{0,40}(?:passw(?:or)?d|passphrase|secret|token|api[_-]?key|access[_-]?key|` +
  String.raw`private[_-]?key|credentials?)`;

/** `"apiKey": "two words"`, also where the quotes are escaped: JSON inside JSON. */
const SECRET_QUOTED = new RegExp(
  String.raw`(${NAME}(?:\\?["'])?\s{0,3}[:=]\s{0,3})(\\?["'])(?:(?!\2)[^\n]){1,4000}\2`,
  "gi",
);

/** `password=hunter2`, `api-key: 123`, `--token 123`. */
const SECRET_BARE = new RegExp(
  String
    .raw`(${NAME}\s{0,3}[:=]\s{0,3}|--${NAME}\s)(?!\[redacted)[^\s"'\\,;&}\])]{1,4000}`,
  "gi",
);

/** Tokens that are known by their first letters, and JSON Web Tokens (RFC 7519). */
const SECRET_TOKEN = new RegExp(
  String.raw`\b(?:sk-[\w-]{16,}|gh[a-z]_\w{16,}|github_pat_\w{16,}|glpat-[\w-]{16,}|xox[a-z]-[\w-]{10,}|` +
    String.raw`npm_\w{16,}|AKIA[A-Z0-9]{12,}|AIza[\w-]{20,}|eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*)`,
  "g",
);

/** Who and where a text must not tell. */
export interface Identity {
  readonly home: string | undefined;
  readonly user: string | undefined;
  readonly hostName: string | undefined;
}

/**
 * Makes a text fit to be shown to strangers, line by line: without secrets, and without the names of the
 * person and the machine. The home folder is shown as `~`, whichever way its slashes lean and also as JSON
 * doubles them.
 */
export function anonymize(text: string, identity: Identity): string {
  const rules = identityRules(identity);
  return text.split("\n").map((line) => {
    const bare = redact(line).replace(EMAIL, "[e-mail]");
    return rules.reduce((shown, [pattern, name]) => shown.replace(pattern, name), bare);
  }).join("\n");
}

/** RFC 5321 addresses as people write them; bounded, so that a long line costs no more than its length. */
const EMAIL = /(?<![\w.+-])[\w.+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,8}/g;

/** The longest name first: the home folder usually ends in the name of the person. */
function identityRules({ home, user, hostName }: Identity): [RegExp, string][] {
  const rules: [RegExp, string][] = [];
  if (home !== undefined && home.length > 1) {
    const parts = home.split(/[\\/]+/).map(literal);
    rules.push([new RegExp(`${parts.join(String.raw`(?:\/|\\{1,2})`)}(?![\\w-])`, "gi"), "~"]);
  }
  // A name of one or two letters stands in too many words to be told apart from them.
  const named = (name: string, shown: string): [RegExp, string] => [
    new RegExp(`(?<![\\w-])${literal(name)}(?![\\w-])`, "gi"),
    shown,
  ];
  if (hostName !== undefined && hostName.length > 2) {
    rules.push(named(hostName, "[host]"));
    const [short = ""] = hostName.split(".");
    if (short.length > 2 && short !== hostName) rules.push(named(short, "[host]"));
  }
  if (user !== undefined && user.length > 2 && user !== "root") rules.push(named(user, "[user]"));
  return rules;
}

function literal(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}
