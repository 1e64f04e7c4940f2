import { test } from "node:test";
import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { PDFIUM_PARTS, RUNTIME_PARTS } from "../../lib/licenses/native.ts";
import { dependenciesOf, type InstalledPackage } from "../../lib/licenses/packages.ts";
import { collectLicenses, licenses } from "../../lib/licenses/text.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** Licences that let anybody use, change and hand on; anything else is for a person to decide. */
const FREE = /^(MIT|MIT-0|ISC|0BSD|Apache-2\.0|BSD-[23]-Clause|BlueOak-1\.0\.0|Unlicense|Zlib)$/;

/** Packages whose licence is no free one, or whose text is missing. */
function faults(packages: readonly InstalledPackage[]): string[] {
  return packages.flatMap(({ name, license, texts }) => [
    ...(license.split(/ (?:AND|OR) /).every((id) => FREE.test(id.replace(/[()]/g, "")))
      ? []
      : [`${name} is under "${license}"`]),
    // The Unlicense gives everything away and asks for nothing, not even to be handed on.
    ...(license === "Unlicense" || texts.some((text) => text.length > 100)
      ? []
      : [`${name} holds no text of its licence`]),
  ]);
}

test("every package is under a licence that may be handed on, and holds its text", async () => {
  const packages = await dependenciesOf(ROOT);
  assert.deepEqual(faults(packages), []);
  assert.ok(packages.some(({ name }) => name === "zod"));
  const [first] = packages;
  assert.equal(faults([{ ...first ?? assert.fail(), license: "GPL-3.0-only", texts: [] }]).length, 2);
});

test("licenses names every package, ripgrep, and the runtime with what it links", async () => {
  const text = await licenses();
  for (const { name, version, license, texts } of await dependenciesOf(ROOT)) {
    assert.ok(text.includes(`- ${name} ${version}: ${license}\n`), name);
    assert.ok(texts.every((one) => text.includes(one)), name);
  }
  for (const { name } of [...RUNTIME_PARTS, ...PDFIUM_PARTS]) assert.ok(text.includes(`- ${name}: `), name);
  assert.match(text, /- Bun \d+\.\d+\.\d+: MIT\n/);
  assert.match(text, /- PDFium: BSD-3-Clause AND Apache-2\.0\n/);
  assert.match(text, /- ripgrep: MIT OR Unlicense, from @vscode\/ripgrep \d/);
});

test("dependenciesOf finds packages inside others and above, and says which is missing", async () => {
  const root = await mkdtemp(join(tmpdir(), "clawhammer-licenses-"));
  const put = async (folder: string, manifest: object, license?: string) => {
    await mkdir(join(root, folder), { recursive: true });
    await writeFile(join(root, folder, "package.json"), JSON.stringify(manifest));
    if (license !== undefined) await writeFile(join(root, folder, "LICENCE.md"), license);
  };
  try {
    const [a, b, inner] = ["node_modules/@x/a", "node_modules/b", "node_modules/@x/a/node_modules/c"];
    await put("", { dependencies: { "@x/a": "1" } });
    await put(
      a,
      { name: "@x/a", version: "1.0.0", license: "MIT", dependencies: { b: "1", c: "2" } },
      "free",
    );
    await put(b, { name: "b", version: "1.0.0", dependencies: { c: "1" }, repository: "github:x/b" });
    await put("node_modules/c", { name: "c", version: "1.0.0" });
    await put(inner, { name: "c", version: "2.0.0", dependencies: { b: "1" } });
    const found = await dependenciesOf(root);
    assert.deepEqual(found.map(({ folder, version }) => [folder, version]), [
      [a, "1.0.0"],
      [inner, "2.0.0"],
      [b, "1.0.0"],
      ["node_modules/c", "1.0.0"],
    ]);
    assert.deepEqual(found[0]?.texts, ["free"]);
    assert.deepEqual([found[2]?.home, found[2]?.license], ["https://github.com/x/b", "NOASSERTION"]);
    await rm(join(root, "node_modules/c"), { recursive: true });
    await assert.rejects(dependenciesOf(root), /c is not installed; run npm ci/);
  } finally {
    await rm(root, { recursive: true, force: true });
  }
});

test("collectLicenses tells the packages it is given, and no other", async () => {
  const [first = assert.fail("no packages")] = await dependenciesOf(ROOT);
  const text = await collectLicenses(ROOT, [first]);
  assert.ok(text.includes(`- ${first.name} ${first.version}`));
  assert.ok(!text.includes("- zod "));
});
