import { test } from "node:test";
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";
import { PDFIUM_PARTS, RUNTIME_PARTS } from "../../lib/licenses/native.ts";
import { dependenciesOf } from "../../lib/licenses/packages.ts";
import { executableName, TARGETS } from "../../lib/pack/targets.ts";
import { description, license, name, version } from "../../lib/version.ts";
import { registration } from "../../scripts/release/registry.ts";
import { billOfMaterials } from "../../scripts/release/sbom.ts";
import { compiled } from "../client.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

async function read(path: string): Promise<string> {
  return await readFile(join(ROOT, path), "utf8");
}

interface Component {
  readonly "bom-ref": string;
  readonly type: string;
  readonly name: string;
  readonly licenses: readonly unknown[];
  readonly hashes?: readonly { readonly alg: string; readonly content: string }[];
  readonly components?: readonly Component[];
}

async function bill() {
  const { packages: lock } = JSON.parse(await read("package-lock.json"));
  const program = { name, version, license, description };
  return billOfMaterials({ program, packages: await dependenciesOf(ROOT), lock }) as {
    readonly bomFormat: string;
    readonly specVersion: string;
    readonly serialNumber: string;
    readonly components: readonly Component[];
    readonly dependencies: readonly { readonly ref: string; readonly dependsOn: readonly string[] }[];
  };
}

test("the bill of materials names packages, runtime and ripgrep, with hashes of the lock file", async () => {
  const { bomFormat, specVersion, serialNumber, components, dependencies } = await bill();
  assert.deepEqual([bomFormat, specVersion], ["CycloneDX", "1.6"]);
  assert.match(serialNumber, /^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$/);
  const inside = (component: Component): Component[] => [
    component,
    ...(component.components ?? []).flatMap(inside),
  ];
  const all = components.flatMap(inside);
  const refs = all.map((component) => component["bom-ref"]);
  assert.equal(new Set(refs).size, refs.length);
  for (const { name: called, version: number } of await dependenciesOf(ROOT)) {
    assert.ok(refs.includes(`pkg:npm/${called.replace("@", "%40")}@${number}`), called);
  }
  for (const part of ["bun@", "%40vscode/ripgrep-linux-x64@", "%40vscode/ripgrep-win32-arm64@"]) {
    assert.ok(refs.some((ref) => ref.startsWith(`pkg:npm/${part}`)), part);
  }
  assert.ok(!refs.some((ref) => /ripgrep-linux-(arm@|ia32|riscv64)/.test(ref)), "no executable has it");
  for (const component of components) {
    assert.equal(component.licenses.length, 1, component.name);
    assert.match(component.hashes?.[0]?.content ?? "", /^[0-9a-f]{128}$/, component.name);
  }
  // Also what is inside of what npm brings, under its own licence.
  const pdfium = components.find((component) => component["bom-ref"].includes("hyzyla/pdfium@"));
  const inPdfium = inside(pdfium ?? assert.fail("no PDFium")).map((component) => component.name);
  for (const part of ["PDFium", ...PDFIUM_PARTS.map((each) => each.name)]) {
    assert.ok(inPdfium.includes(part), part);
  }
  for (const part of RUNTIME_PARTS) {
    assert.ok(all.some((component) => component.name === part.name), part.name);
  }
  assert.ok(all.every(({ licenses }) => !/"id":"LicenseRef/.test(JSON.stringify(licenses))));
  const known = new Set([...refs, `pkg:generic/${name}@${version}`]);
  for (const { ref, dependsOn } of dependencies) {
    assert.deepEqual([ref, ...dependsOn].filter((each) => !known.has(each)), []);
  }
  assert.deepEqual(await bill(), await bill());
});

test("server.json keeps to the schema: name, lengths, version, address and hash of the bundle", () => {
  const sha256 = "a".repeat(64);
  const server = registration({
    name,
    version,
    description,
    repository: "https://github.com/ada/clawhammer",
    bundle: { name: `clawhammer-${version}.mcpb`, sha256 },
  }) as {
    name: string;
    title: string;
    description: string;
    version: string;
    packages: Record<string, unknown>[];
  };
  assert.match(server.name, /^[a-zA-Z0-9.-]+\/[a-zA-Z0-9._-]+$/);
  assert.equal(server.name, "io.github.ada/clawhammer");
  assert.ok(server.description.length >= 1 && server.description.length <= 100);
  assert.equal(server.version, version);
  assert.deepEqual(server.packages, [{
    registryType: "mcpb",
    identifier: `https://github.com/ada/clawhammer/releases/download/v${version}/clawhammer-${version}.mcpb`,
    version,
    fileSha256: sha256,
    transport: { type: "stdio" },
  }]);
  const elsewhere = { name, version, description, bundle: { name: "x", sha256 } };
  assert.throws(
    () => registration({ ...elsewhere, repository: "https://example.org/x" }),
    /no address on GitHub/,
  );
});

test("the workflow tests on three systems before it publishes, by verbs that exist", async () => {
  const workflow = parse(await read(".github/workflows/release.yml"));
  const { test: tests, publish } = workflow.jobs;
  assert.deepEqual(tests.strategy.matrix.os, ["ubuntu-latest", "macos-latest", "windows-latest"]);
  assert.equal(publish.needs, "test");
  assert.match(publish.if, /refs\/tags\/v/);
  assert.deepEqual(workflow.permissions, { contents: "read" });
  const steps: { run?: string; uses?: string }[] = [...tests.steps, ...publish.steps];
  const { scripts } = JSON.parse(await read("package.json"));
  for (const { run = "", uses } of steps) {
    if (uses !== undefined) assert.match(uses, /^actions\/[\w-]+@v\d+$/);
    const [, verb] = /\bnpm (?:run )?([\w:-]+)/.exec(run) ?? [];
    if (verb !== undefined && verb !== "ci") assert.ok(Object.hasOwn(scripts, verb), run);
    const [, file] = /\bnode (scripts\/\S+)/.exec(run) ?? [];
    if (file !== undefined) assert.ok(existsSync(join(ROOT, file)), run);
  }
  const runs = tests.steps.map((step: { run?: string }) => step.run ?? "");
  assert.ok(runs.findIndex((run: string) => run.includes("smoke.mjs")) > runs.indexOf("npm run build"));
  assert.ok(runs.some((run: string) => run.startsWith("npm test")));
});

test("the install scripts name the address of releases, and only files that a release holds", async () => {
  for (const file of ["scripts/release/install.sh", "scripts/release/install.ps1"]) {
    const text = await read(file);
    assert.ok(text.includes("@RELEASES@/latest/download"), file);
    assert.doesNotMatch(text, /github\.com/);
    assert.match(text, /SHA256SUMS/);
  }
  const windows = TARGETS.filter(({ system }) => system === "win32").map(executableName);
  const script = await read("scripts/release/install.ps1");
  assert.deepEqual([...script.matchAll(/'(clawhammer-[\w-]+\.exe)'/g)].map(([, file]) => file), windows);
  for (const [open, close] of [["{", "}"], ["(", ")"]] as const) {
    const code = script.replace(/^\s*#.*$/gm, "").replace(/'[^'\n]*'|"[^"\n]*"/g, "");
    assert.equal(code.split(open).length, code.split(close).length, `${open} and ${close}`);
  }
});

test("smoke.mjs passes the executable, and fails what answers wrongly", async () => {
  if (process.platform === "win32") return;
  const node = spawnSync("node", ["--version"]).status === 0 ? "node" : process.execPath;
  const smoke = (executable: string) =>
    spawnSync(node, [join(ROOT, "scripts/smoke.mjs"), executable], { encoding: "utf8" });
  for (const { command } of compiled()) {
    const { status, stderr } = smoke(command);
    assert.equal(status, 0, stderr);
  }
  const folder = await mkdtemp(join(tmpdir(), "clawhammer-smoke-"));
  try {
    const fake = join(folder, "fake");
    await writeFile(fake, '#!/bin/sh\necho hello\necho \'{"id":1,"error":{}}\'\nexit 3\n', { mode: 0o755 });
    const { status, stderr } = smoke(fake);
    assert.equal(status, 1);
    for (
      const fault of ["no message: hello", "request 1 failed", "request 2 has 0 replies", "ended with 3"]
    ) {
      assert.ok(stderr.includes(fault), fault);
    }
    assert.equal(smoke(join(folder, "gone")).status, 1);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
