import { test } from "node:test";
import assert from "node:assert/strict";
import { anonymize, redact } from "../../lib/redact.ts";

test("redact hides secrets", () => {
  const cases = {
    "GET https://ada:hunter2@example.org/x": "GET https://[redacted]@example.org/x",
    "Authorization: Bearer abc.def-123": "Authorization: Bearer [redacted]",
    "authorization: Basic dXNlcjpwYXNz": "authorization: Basic [redacted]",
    'x {"apiKey":"two words","n":1}': 'x {"apiKey":"[redacted]","n":1}',
    'x {\\"client_secret\\":\\"abc\\",\\"n\\":1}': 'x {\\"client_secret\\":\\"[redacted]\\",\\"n\\":1}',
    "GITHUB_TOKEN=abc PATH=/bin": "GITHUB_TOKEN=[redacted] PATH=/bin",
    "?password=hunter2&x=1": "?password=[redacted]&x=1",
    "run --token abc --fast": "run --token [redacted] --fast",
    "Cookie: a=b; c=d\nHost: x": "Cookie: [redacted]\nHost: x",
    "key ghp_0123456789abcdefABCD ok": "key [redacted] ok",
    "jwt eyJhbGciOiJIUzI1.eyJzdWIiOiIx.c2ln ok": "jwt [redacted] ok",
    "-----BEGIN RSA PRIVATE KEY-----\nabc\n-----END RSA PRIVATE KEY----- ok": "[redacted] ok",
    "-----BEGIN PRIVATE KEY-----\nabc": "[redacted]",
  };
  for (const [message, expected] of Object.entries(cases)) assert.equal(redact(message), expected);
});

test("redact leaves ordinary messages alone", () => {
  const ordinary = [
    'refused: Cannot read "token.txt": no such file',
    "call search_text 12.3 ms 456 characters ok",
    "max_tokens=15, 3 tokens: a, b, c",
    "the secret is out; basic income; https://example.org/@ada",
    "mail ada@example.org",
    'password=""',
  ];
  for (const message of ordinary) assert.equal(redact(message), message);
});

test("anonymize hides the home folder in every spelling, the person, the machine and addresses", () => {
  const ada = { home: "/home/ada", user: "ada", hostName: "enigma.example.org" };
  const cases = {
    "/home/ada/Documents and /home/ada": "~/Documents and ~",
    "/home/adalbert/x": "/home/adalbert/x",
    "owner ada on ENIGMA (enigma.example.org)": "owner [user] on [host] ([host])",
    "Canada, enigmatic": "Canada, enigmatic",
    "mail ada@example.org, or a.b+c@x.co.uk!": "mail [e-mail], or [e-mail]!",
    "https://ada:hunter2@example.org": "https://[redacted]@example.org",
    "GITHUB_TOKEN=abc in /home/ada/.env": "GITHUB_TOKEN=[redacted] in ~/.env",
    "one\nsk-0123456789abcdefghij": "one\n[redacted]",
  };
  for (const [text, expected] of Object.entries(cases)) assert.equal(anonymize(text, ada), expected);
  const windows = { home: "C:\\Users\\Ada L.", user: undefined, hostName: undefined };
  assert.equal(anonymize(String.raw`C:\Users\Ada L.\x c:/users/ada l./y`, windows), String.raw`~\x ~/y`);
  assert.equal(anonymize(String.raw`"C:\\Users\\Ada L.\\x"`, windows), String.raw`"~\\x"`);
});

test("anonymize does not mangle a text where a name is too short to be told from words", () => {
  const text = "root a / b";
  assert.equal(anonymize(text, { home: "/", user: "root", hostName: "b" }), text);
});
