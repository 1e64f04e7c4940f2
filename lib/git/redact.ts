/**
 * Secrets in what git prints: addresses of remotes and messages of servers carry passwords and tokens.
 * @module
 */

/** User and password, or a token in their place, of an address: everything up to the last "@". */
const CREDENTIALS = /\b([a-z][a-z0-9+.-]*:\/\/)[^\s/?#'"<>]*@/gi;

/** Parameters of an address that are secrets by their names. */
const PARAMETERS = /([?&](?:access_token|private_token|token|key|password|secret|sig|auth)=)[^\s&#'"<>]+/gi;

/** Tokens that can be told by their beginning: GitHub, GitLab, Bitbucket, Azure, Slack, AWS, npm, JWT. */
const TOKENS = new RegExp(
  [
    "gh[pousr]_[A-Za-z0-9]{16,}",
    "github_pat_[A-Za-z0-9_]{20,}",
    "gl(?:pat|dt|rt|cbt|ptt|ft|agent)-[A-Za-z0-9_-]{16,}",
    "ATBB[A-Za-z0-9]{16,}|ATATT[A-Za-z0-9_=-]{16,}",
    "xox[abprs]-[A-Za-z0-9-]{10,}",
    "(?:AKIA|ASIA)[A-Z0-9]{16}",
    "npm_[A-Za-z0-9]{30,}",
    "eyJ[A-Za-z0-9_-]{10,}\\.[A-Za-z0-9_-]{10,}\\.[A-Za-z0-9_-]{10,}",
  ].map((pattern) => `\\b(?:${pattern})`).join("|"),
  "g",
);

/** A header in which a secret is sent. */
const HEADER = /\b(authorization:\s*(?:\w+\s+)?)\S+/gi;

/** A text without passwords and tokens; in their place stands `***`. */
export function redact(text: string): string {
  return text.replace(CREDENTIALS, "$1***@").replace(PARAMETERS, "$1***").replace(HEADER, "$1***")
    .replace(TOKENS, "***");
}
