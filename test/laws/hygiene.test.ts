import { type Law, testLaws } from "./law.ts";
import { isCode, ROOT, type SourceFile } from "./source.ts";

// Each in two parts, so that this file keeps its own law.
const HOSTS = [["registry", ".npmjs"], ["registry", ".yarnpkg"], ["npm", ".jsr.io"], ["arti", "factory"], [
  "pypi",
  ".org",
]]
  .map((parts) => parts.join(""));
const A_HOST = new RegExp(HOSTS.map((host) => host.replaceAll(".", "\\.")).join("|"), "i");

/**
 * Folders of the machine this was written on: workspaces and the home of root, and wherever the project lies
 * now.
 */
function ownPaths(): RegExp[] {
  const root = ROOT.replace(/[\\/]$/, "");
  const here = root.split(/[\\/]/).length > 2 ? [root.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")] : [];
  return ["/(work|workspace|root)/[\\w.]", ...here].map((path) => new RegExp(`(?<![\\w.:/-])${path}`));
}

/** Lines of text files that a pattern finds. */
function found(files: readonly SourceFile[], patterns: readonly RegExp[], advice: string): string[] {
  return files.flatMap(({ path, text }) =>
    text.split("\n").flatMap((line, i) => {
      const match = patterns.map((pattern) => pattern.exec(line)?.[0]).find((part) => part !== undefined);
      return match === undefined ? [] : [`${path}:${i + 1}: "${match}"; ${advice}`];
    })
  );
}

/**
 * The version in package.json, and whether the changelog's first one is the same and the license is there.
 */
function release(files: readonly SourceFile[]): string[] {
  const text = (path: string) => files.find((file) => file.path === path)?.text ?? "";
  const { version, license } = JSON.parse(text("package.json") || "{}");
  // What is being worked on stands above, marked as unreleased.
  const [, first] = /^## \[?v?(\d[\w.+-]*)(?!.*\(unreleased\))/m.exec(text("CHANGELOG.md")) ?? [];
  const { version: other } = JSON.parse(text("deno.json") || "{}");
  return [
    ...(first === version
      ? []
      : [`CHANGELOG.md: its first version is ${first}, package.json says ${version}`]),
    ...(other === undefined ? [] : ["deno.json: has a version; it stands in package.json alone"]),
    ...(text("LICENSE").startsWith(`${license} License`)
      ? []
      : [`LICENSE: is not the "${license}" of package.json`]),
  ];
}

const LAWS: Law[] = [
  {
    rule: "no file names a package registry",
    check: (files) => found(files, [A_HOST], "npm knows where its packages are"),
    bad: HOSTS.map((host) => ({
      "package-lock.json": `{"resolved": "https://${host.toUpperCase()}.org/zod"}`,
    })),
  },
  {
    rule: "no file holds an absolute path of the machine it was written on",
    check: (files) => found(files, ownPaths(), "use a path from the folder of the project, or one made up"),
    bad: [
      { "README.md": `cd /${"work"}/main\n` },
      { "lib/a.ts": `const a = "/${"root"}/.cache";\n` },
      { "lib/a.ts": `const a = "${ROOT}lib/a.ts";\n` },
    ],
    good: [{ "README.md": "/Users/you/work/main, https://example.com/work/main, ./work/main, /roots\n" }],
  },
  {
    rule:
      "text ends its lines with a line feed alone, holds no tab and no blank at their end, and ends with one",
    check: (files) =>
      files.filter((file) =>
        isCode(file) || /\.(md|json|toml)$/.test(file.path) && !file.path.startsWith("test/fixtures/")
      )
        .flatMap(({ path, text }) => [
          ...found([{ path, text }], [/[ \t\r]$/, /^\s*\t/], "run npm run fmt"),
          ...(text === "" || text.endsWith("\n")
            ? []
            : [`${path}: ends without a line feed; run npm run fmt`]),
        ]),
    bad: [{ "lib/a.ts": "a;\r\n" }, { "lib/a.ts": "\ta;\n" }, { "README.md": "a \n" }, { "lib/a.ts": "a;" }],
    good: [{ "lib/a.ts": 'const a = "\\t";\n' }],
  },
  {
    rule: "one version, one license, and a changelog that begins with it",
    check: release,
    bad: [
      {
        "package.json": '{"version":"0.2.0","license":"MIT"}',
        "CHANGELOG.md": "## 0.1.0\n",
        "LICENSE": "MIT License\n",
      },
      { "package.json": '{"version":"0.1.0","license":"MIT"}', "CHANGELOG.md": "## 0.1.0\n" },
      {
        "package.json": '{"version":"0.1.0","license":"MIT"}',
        "CHANGELOG.md": "## 0.1.0\n",
        "LICENSE": "MIT License\n",
        "deno.json": '{"version":"0.1.0"}',
      },
    ],
    good: [{
      "package.json": '{"version":"0.1.0","license":"MIT"}',
      "CHANGELOG.md": "# Changes\n\n## 0.2.0 (unreleased)\n\n## 0.1.0 (2026-11-22)\n",
      "LICENSE": "MIT License\n",
    }],
  },
];

testLaws(LAWS);
