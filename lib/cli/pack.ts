/**
 * `clawhammer pack`: a bundle for Claude Desktop, made of executables, a manifest and a policy.
 * @module
 */
import { Buffer } from "node:buffer";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type App, createApp } from "../app.ts";
import { type CommandLine, loadConfig } from "../config.ts";
import type { Host } from "../config/host.ts";
import { errorText, ToolError, UsageError } from "../errors.ts";
import { drawIcon } from "../pack/icon.ts";
import { ICON_NAME, manifestOf } from "../pack/manifest.ts";
import { type Policy, policyOf } from "../pack/policy.ts";
import { type Program, programEntries, programsOf } from "../pack/programs.ts";
import { type Entry, writeZip } from "../pack/zip.ts";
import type { Module } from "../tool.ts";
import { breadthWarning } from "../wide.ts";
import { product } from "../product.ts";
import { author, description, license, name, repository, title, version } from "../version.ts";
import type { Invocation } from "./command.ts";
import { complain, print } from "./output.ts";

/** The policy inside the bundle, under the name that the configuration has everywhere. */
const POLICY_NAME = "clawhammer.json";

/** Makes the bundle and says what is in it. */
export async function pack({ modules, line, host }: Invocation): Promise<number> {
  const [operand] = line.operands;
  if (operand !== undefined) {
    throw new UsageError(
      `Unexpected "${operand}"\nclawhammer pack takes only flags; the bundle is named by -o`,
    );
  }
  const flag = (flagName: string) => line.flags.get(flagName)?.[0];
  const called = checked(
    "--name",
    flag("--name") ?? name,
    /^[a-z0-9][a-z0-9._-]{0,63}$/,
    "letters, digits, - and _",
  );
  const numbered = checked("--version", flag("--version") ?? version, SEMVER, "a version such as 1.2.3");
  const policy = await policyOf(line, host);
  for (const folder of policy?.settings.allow ?? []) {
    const warning = breadthWarning(folder, host);
    if (warning !== undefined) await complain(warning);
  }
  const programs = await programsOf(line.flags.get("--target") ?? [], flag("--from"));
  const app = await appUnder(modules, policy, host);
  // The tools inside of a server that somebody built are the bundle's, those in this person's folder are not.
  if (product !== undefined) await app.caller.refresh();
  const usesFolders = app.caller.tools.some((tool) => tool.paths.length > 0);
  const asks = {
    folders: usesFolders && policy?.settings.allow === undefined,
    readOnly: policy?.settings.readOnly === undefined &&
      app.caller.tools.some((tool) => tool.effect !== "read"),
  };
  const { entries, started } = programEntries(programs);
  const manifest = manifestOf({
    name: called,
    title: checked(
      "--title",
      flag("--title") ?? (called === name ? title : called),
      TITLE,
      "one line",
    ),
    version: numbered,
    description,
    license: product === undefined ? license : undefined,
    author,
    repository,
    tools: app.caller.tools,
    prompts: app.caller.modules.flatMap((module) => module.prompts),
    programs: started,
    policy: policy === undefined ? undefined : POLICY_NAME,
    asks,
  });
  const out = flag("--out") ?? defaultName(called, numbered, programs);
  const size = await write(out, [
    { name: "manifest.json", read: () => Buffer.from(`${JSON.stringify(manifest, null, 2)}\n`) },
    { name: ICON_NAME, read: drawIcon },
    ...(policy === undefined ? [] : [{ name: POLICY_NAME, read: () => Buffer.from(policy.text) }]),
    ...entries,
  ]);
  await complain(summary(size, programs, app.caller.tools.length, asks));
  await print(out);
  return 0;
}

/** What a window shows as a name. */
const TITLE = /^[^\p{Cc}\p{Cf}\p{Zl}\p{Zp}]{1,80}$/u;

/** Semantic Versioning 2.0.0. */
const SEMVER = /^\d{1,9}\.\d{1,9}\.\d{1,9}(?:-[\w.-]{1,40})?(?:\+[\w.-]{1,40})?$/;

function checked(flag: string, value: string, pattern: RegExp, what: string): string {
  if (pattern.test(value)) return value;
  throw new UsageError(`${flag} is "${value}"\nGive ${what}`);
}

/**
 * The program as the bundle will start it: under its policy alone, whatever this machine's own configuration
 * says. No folder is opened.
 */
async function appUnder(modules: readonly Module[], policy: Policy | undefined, host: Host): Promise<App> {
  const folder = await mkdtemp(join(tmpdir(), "clawhammer-pack-"));
  try {
    const file = join(folder, POLICY_NAME);
    await writeFile(file, policy?.text ?? "{}");
    const { config }: CommandLine = await loadConfig(["--config", file], [], { ...host, env: {} });
    return createApp(modules, { ...config, allow: [], folders: {} });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function write(out: string, entries: readonly Entry[]): Promise<number> {
  try {
    return await writeZip(out, entries);
  } catch (error) {
    throw new ToolError(`Cannot write "${out}": ${errorText(error)}`, "Name another file with -o");
  }
}

function defaultName(called: string, numbered: string, programs: readonly Program[]): string {
  const [only, ...others] = programs;
  return `${called}-${numbered}${only === undefined || others.length > 0 ? "" : `-${only.target.name}`}.mcpb`;
}

function summary(
  size: number,
  programs: readonly Program[],
  tools: number,
  asks: { folders: boolean; readOnly: boolean },
): string {
  const asked = [...(asks.folders ? ["folders"] : []), ...(asks.readOnly ? ["read-only"] : [])].join(" and ");
  const platforms = programs.map(({ target }) => target.name).join(", ");
  return `packed ${tools} tools for ${platforms} (${(size / 1e6).toFixed(1)} MB); ` +
    `${asked === "" ? "it asks the person nothing" : `it asks the person for ${asked}`}; ` +
    "Claude Desktop opens it: Settings, Extensions, Install extension";
}
