/**
 * `clawhammer install`: tells clients to start this program, and proves that what was written works.
 * @module
 */
import { createApp, pickModules } from "../app.ts";
import { placesOf } from "../clients/places.ts";
import { type Failure, prove, thinEnvironment, tokensOf } from "../clients/proof.ts";
import { CLIENTS } from "../clients/table.ts";
import type { Launch } from "../clients/types.ts";
import { loadConfig } from "../config.ts";
import { type Host, pathsOf, platformFolders } from "../config/host.ts";
import { FOLDER_FLAGS } from "../config/flags.ts";
import { flagOf } from "../config/options.ts";
import { missingVariables } from "../config/variables.ts";
import { ToolError, UsageError } from "../errors.ts";
import { count, counted } from "../format.ts";
import { openRoots } from "../fs/roots.ts";
import { type Done, install as carryOut } from "../install/apply.ts";
import { thisExecutable } from "../install/executable.ts";
import { type Plan, planInstall, serverFlags, type Wish } from "../install/plan.ts";
import { savingsOf } from "../install/savings.ts";
import { shellWord } from "../shell.ts";
import { breadthWarning } from "../wide.ts";
import { wireTool } from "../wire.ts";
import { type Asker, canAsk, openAsker } from "./ask.ts";
import { chooseFlags } from "./choose.ts";
import type { Invocation } from "./command.ts";
import { complain, print } from "./output.ts";
import { attempt, has, openData, readName, showDiff, type Target, targetsOf } from "./target.ts";
import { name as program } from "../version.ts";

/** Installs. Resolves with 1 when one of the places could not be written or the entry does not work. */
export async function install(invocation: Invocation): Promise<number> {
  const { line, host } = invocation;
  const asks = canAsk() && !has(line, "--yes") && !has(line, "--dry-run");
  const asker = asks ? openAsker() : undefined;
  try {
    const targets = targetsOf(line.operands, host);
    const wish = await wishOf(invocation, asker, targets);
    const replace = await wantsReplacing(invocation, asker, targets, wish);
    return await run(invocation, asker, targets, { ...wish, replace: () => replace });
  } finally {
    asker?.close();
  }
}

/** What is asked for, by flags and answers. @throws {ToolError} when this program must not be installed. */
async function wishOf(
  invocation: Invocation,
  asker: Asker | undefined,
  targets: readonly Target[],
): Promise<Wish> {
  const { modules, line, host } = invocation;
  const name = readName(line);
  pickModules(modules, line.config);
  const given = serverFlags(line.flags, host);
  if (given?.includes(flagOf("allow")) === true) {
    const [missing] = openRoots(line.config.allow).missing;
    if (missing !== undefined) {
      throw new ToolError(
        `Cannot allow "${missing.path}": ${missing.why}`,
        "Correct the path, or create the folder",
      );
    }
  }
  const { launch: program, command, refusal, warnings } = await thisExecutable(host);
  if (refusal !== undefined) throw new ToolError("Cannot install from here", refusal);
  for (const warning of warnings) await complain(warning);
  const wish: Wish = {
    name,
    program,
    command,
    flags: given,
    replace: () => false,
    async offered(flags, env) {
      const launched = asLaunched(host, { env });
      // What is wrong with the variables of an entry is found by the proof.
      const { config } = await loadConfig(flags, FOLDER_FLAGS, launched).catch(async () =>
        await loadConfig(flags, FOLDER_FLAGS, asLaunched(host))
      );
      return {
        modules: pickModules(modules, config).map((module) => module.name),
        readOnly: config.readOnly,
        data: platformFolders(launched).data,
        missing: missingVariables(config),
      };
    },
  };
  if (asker !== undefined && warnings.length > 0) {
    if (!await asker.confirm("Install from here anyway?", false)) throw cancelled();
  }
  const flags = given ?? (asker && await askFlags(asker, wish, targets, host));
  if (flags !== undefined) await askBreadth(invocation, asker, flags);
  return { ...wish, flags };
}

/** Makes sure that a folder that holds nearly everything is meant. @throws {ToolError} when it is not. */
async function askBreadth(
  { line, host }: Invocation,
  asker: Asker | undefined,
  flags: readonly string[],
): Promise<void> {
  const { config } = await loadConfig(flags, FOLDER_FLAGS, host);
  for (const folder of config.allow) {
    const warning = breadthWarning(folder, host);
    if (warning === undefined) continue;
    if (asker === undefined && !has(line, "--yes") && !has(line, "--dry-run")) {
      throw new ToolError(
        warning,
        "Allow only the folders Claude is to work in, or add --yes if this is meant",
      );
    }
    await complain(warning);
    if (asker !== undefined && !await asker.confirm("Allow it all the same?", false)) throw cancelled();
  }
}

/** The flags a person chooses; undefined keeps those of an entry that is there. */
async function askFlags(
  asker: Asker,
  wish: Wish,
  targets: readonly Target[],
  host: Host,
): Promise<readonly string[] | undefined> {
  const plans = await possible(targets, wish, host);
  const existing = plans.find((plan) => plan.existed);
  if (existing !== undefined) {
    const flags = existing.launch.args.slice(wish.program.args.length).join(" ");
    await print(`${existing.client.title} has it already, with: ${flags === "" ? "no flags" : flags}`);
    if (!await asker.confirm("Choose anew?", false)) return undefined;
  }
  return await chooseFlags(asker, host);
}

/** The plans for those places that can be changed; why others cannot is said when they are written. */
async function possible(targets: readonly Target[], wish: Wish, host: Host): Promise<Plan[]> {
  const plans = await Promise.all(targets.map(async ({ client, place }) => {
    try {
      return [await planInstall(client, place, wish, host)];
    } catch (error) {
      if (error instanceof UsageError) throw error;
      return [];
    }
  }));
  return plans.flat();
}

/** Whether entries of official servers are replaced. */
async function wantsReplacing(
  { line, host }: Invocation,
  asker: Asker | undefined,
  targets: readonly Target[],
  wish: Wish,
): Promise<boolean> {
  if (has(line, "--migrate")) return true;
  if (has(line, "--no-migrate")) return false;
  const plans = await possible(targets, { ...wish, replace: () => true }, host);
  const found = plans.flatMap((plan) => plan.replaced);
  if (found.length === 0) return false;
  const names = [...new Set(found.map((one) => `"${one.name}" (${one.server}, by ${one.starter})`))].join(
    ", ",
  );
  await print(`Entries that this program can replace: ${names}\n${savingsOf(found)}`);
  if (asker !== undefined) {
    return await asker.confirm(
      "Replace them? Their folders stay allowed, what they remember is imported.",
      true,
    );
  }
  await print(`They stay as they are; ${wish.command} install --migrate replaces them`);
  return false;
}

async function run(
  invocation: Invocation,
  asker: Asker | undefined,
  targets: readonly Target[],
  wish: Wish,
): Promise<number> {
  const { line, host } = invocation;
  const plan = (target: Target) => planInstall(target.client, target.place, wish, host);
  const dry = has(line, "--dry-run");
  if (dry || asker !== undefined) {
    const { failed, changes } = await preview(invocation, targets, plan);
    if (dry || (failed && !changes)) return failed ? 1 : 0;
    if (changes && asker !== undefined && !await asker.confirm("Write this?", true)) throw cancelled();
  }
  const kept = openData(line.config);
  const done: Done<Plan>[] = [];
  let failed = false;
  for (const target of targets) {
    const one = await attempt(target, () => carryOut(() => plan(target), kept));
    if (one === undefined) failed = true;
    else {
      done.push(one);
      await print(report(one, wish, asker !== undefined));
    }
  }
  const proved = await proveAll(invocation, asker, done, wish);
  if (proved) { for (const text of closing(line.operands, done, wish, host)) await print(text); }
  return failed || !proved ? 1 : 0;
}

/** Shows what would change. Tells whether a place cannot be changed, and whether another is. */
async function preview(
  { modules, host }: Invocation,
  targets: readonly Target[],
  plan: (target: Target) => Promise<Plan>,
): Promise<{ failed: boolean; changes: boolean }> {
  let failed = false;
  let changes = false;
  let shown = "";
  for (const target of targets) {
    const one = await attempt(target, () => plan(target));
    if (one === undefined) {
      failed = true;
      continue;
    }
    changes ||= one.before !== one.after;
    const offer = await offerOf(modules, one, host);
    if (offer !== shown) await print(offer);
    shown = offer;
    await print([...await showDiff(one), ...notesOf(one)].join("\n"));
  }
  return { failed, changes };
}

/** What Claude gets with the flags of a plan. */
async function offerOf(modules: Invocation["modules"], { launch }: Plan, host: Host): Promise<string> {
  const flags = launch.args.slice(launch.args.indexOf("serve") + 1);
  const { caller, instructions } = createApp(
    modules,
    (await loadConfig(flags, FOLDER_FLAGS, asLaunched(host, launch))).config,
  );
  const chars = JSON.stringify(caller.tools.map(wireTool)).length + instructions.length;
  const names = caller.tools.map((tool) => tool.name).join(", ");
  return `Claude gets ${counted(caller.tools.length, "tool")}, which cost about ${
    count(tokensOf(chars))
  } tokens in every conversation: ${names}`;
}

/** What was done; what a preview has said already is left out. */
function report({ plan, backup, imported }: Done<Plan>, { name }: Wish, previewed: boolean): string {
  const { client, place, launch, existed, before, after } = plan;
  const edition = place.edition === undefined ? "" : ` (${place.edition})`;
  const what = before === after
    ? "already installed, nothing changed"
    : existed
    ? `changed "${name}"`
    : `added "${name}"`;
  return [
    `${client.title}${edition}: ${what}`,
    `  in ${place.path}`,
    `  starts ${
      [launch.command, ...launch.args].map((word) => /[\s"']/.test(word) ? JSON.stringify(word) : word).join(
        " ",
      )
    }`,
    ...(backup === undefined ? [] : [`  the file as it was: ${backup}`]),
    ...imported.map((text) => `  ${text}`),
    ...(previewed ? [] : notesOf(plan).map((note) => `  ${note}`)),
  ].join("\n");
}

function notesOf({ replaced, stay, notes }: Plan): string[] {
  const saved = savingsOf(replaced);
  return [
    ...replaced.map((one) => `replaces "${one.name}" (the ${one.server} server, by ${one.starter})`),
    ...replaced.flatMap((one) => one.notes),
    ...(saved === "" ? [] : [saved]),
    ...stay.flatMap((one) =>
      one.kept === undefined ? [] : [`leaves "${one.name}" (the ${one.server} server): ${one.kept}`]
    ),
    ...notes,
  ];
}

/** Starts every entry once, as a client does; takes back what does not work. */
async function proveAll(
  { line, host }: Invocation,
  asker: Asker | undefined,
  done: readonly Done<Plan>[],
  wish: Wish,
): Promise<boolean> {
  const launches = new Map<string, Launch>(
    done.map(({ plan: { launch } }) => [JSON.stringify(launch), launch]),
  );
  let works = true;
  for (const [key, launch] of launches) {
    const proof = await prove(launch, host);
    if (proof.ok) {
      const tokens = count(tokensOf(proof.chars));
      const names = proof.tools.map(({ name }) => name).join(", ");
      await print(
        `Proved: started as a client does, it answered in ${Math.ceil(proof.startMs)} ms with ${
          counted(proof.tools.length, "tool")
        }, about ${tokens} tokens in every conversation${asker === undefined ? `\n  ${names}` : ""}`,
      );
      continue;
    }
    works = false;
    await complain(failureText(launch, proof, host, line.config.folders.logs, wish));
    const written = done.filter(({ plan }) =>
      JSON.stringify(plan.launch) === key && plan.before !== plan.after
    );
    if (
      written.length === 0 || (asker !== undefined && !await asker.confirm("Take the change back?", true))
    ) continue;
    for (const one of written) {
      await attempt({ client: one.plan.client, place: one.plan.place }, () => one.rollBack());
      await complain(`Took it back: ${one.plan.place.path} is as it was`);
    }
  }
  return works;
}

function failureText(
  { command }: Launch,
  { why, stderr }: Failure,
  host: Host,
  logs: string | undefined,
  wish: Wish,
): string {
  const stopped = host.platform === "darwin" && why.includes("SIGKILL")
    ? `macOS stops what is not signed or still in quarantine: codesign --force --sign - ${
      shellWord(command, host)
    }`
    : undefined;
  return [
    `The entry does not work: ${why}`,
    ...(stderr === "" ? [] : [stderr]),
    ...(stopped === undefined ? [] : [stopped]),
    ...(logs === undefined ? [] : [`Its log: ${pathsOf(host).join(logs, "clawhammer.log")}`]),
    `${wish.command} doctor looks further`,
  ].join("\n");
}

/** What is to be done now, and which other clients there are. */
function closing(
  operands: readonly string[],
  done: readonly Done<Plan>[],
  { command, name }: Wish,
  host: Host,
): string[] {
  if (done.length === 0) return [];
  const clients = [...new Set(done.map(({ plan }) => plan.client))];
  const others = operands.length > 0
    ? []
    : CLIENTS.filter((client) =>
      !clients.includes(client) && placesOf(client, host).some((place) => place.present)
    );
  const changed = new Set(
    done.filter(({ plan }) => plan.before !== plan.after).map(({ plan }) => plan.client),
  );
  return [
    ...[...changed].map((client) => `${client.restart}.`),
    ...(done.some(({ plan }) => plan.launch.args.includes(flagOf("allow"))) ? [] : [
      `No folder is allowed in it: ${
        [command, "install", ...operands, ...(name === program ? [] : ["--name", name])].join(" ")
      } --allow DIR lets Claude work in DIR`,
    ]),
    ...(others.length === 0 ? [] : [
      `Also on this computer: ${others.map((client) => client.title).join(", ")} (${command} install ${
        others.map((client) => client.id).join(" ")
      })`,
    ]),
  ];
}

/** The machine as the server sees it that a client starts: what a shell has set is not there. */
function asLaunched(host: Host, launch?: { readonly env?: Launch["env"] | undefined }): Host {
  return { ...host, env: { ...thinEnvironment(host), ...launch?.env } };
}

function cancelled(): ToolError {
  return new ToolError("Cancelled", "Nothing was changed");
}
