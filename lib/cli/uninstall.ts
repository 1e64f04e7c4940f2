/**
 * `clawhammer uninstall`: takes back what `install` did.
 * @module
 */
import { exactBefore, uninstall as carryOut } from "../install/apply.ts";
import { thisExecutable } from "../install/executable.ts";
import { planRemoval, type Removal } from "../install/plan.ts";
import type { Installations } from "../install/record.ts";
import { canAsk, openAsker } from "./ask.ts";
import type { Invocation } from "./command.ts";
import { print } from "./output.ts";
import { attempt, has, openData, readName, showDiff, type Target, targetsOf } from "./target.ts";

/** Uninstalls. Resolves with 1 when one of the places could not be changed. */
export async function uninstall({ line, host }: Invocation): Promise<number> {
  const name = readName(line);
  const targets = targetsOf(line.operands, host);
  const kept = openData(line.config);
  const { launch: { command } } = await thisExecutable(host);
  const plan = (target: Target) => () => work(target, name, kept, command);
  const dry = has(line, "--dry-run");
  const asks = canAsk() && !has(line, "--yes") && !dry;
  let failed = false;
  let removed = false;
  for (const target of targets) {
    const shown = dry || asks ? await attempt(target, plan(target)) : undefined;
    if (shown !== undefined) await print((await showDiff(shown)).join("\n"));
    if (dry) continue;
    if (asks && shown !== undefined && !await isWanted()) continue;
    const outcome = await attempt(target, async () => ({ done: await carryOut(plan(target), kept) }));
    if (outcome === undefined) failed = true;
    else if (outcome.done === undefined) {
      await print(`${target.client.title}: there is no "${name}" in ${target.place.path}`);
    } else {
      removed = true;
      await print(report(outcome.done.plan, outcome.done.backup));
    }
  }
  const { data } = line.config.folders;
  if (removed && data !== undefined) {
    await print(`What is remembered, and what is needed to undo changes of files, stays in ${data}`);
  }
  return failed ? 1 : 0;
}

async function work(
  { client, place }: Target,
  name: string,
  kept: Installations,
  command: string,
): Promise<Removal | undefined> {
  const installed = await kept.find(place.path, name);
  return await planRemoval(
    client,
    place,
    name,
    installed,
    async (now) => await exactBefore(installed, now, kept),
    command,
  );
}

async function isWanted(): Promise<boolean> {
  const asker = openAsker();
  try {
    return await asker.confirm("Write this?", true);
  } finally {
    asker.close();
  }
}

function report({ client, place, name, after, restored }: Removal, backup: string | undefined): string {
  return [
    `${client.title}: removed "${name}"`,
    after === undefined ? `  and ${place.path}, which the installation had made` : `  from ${place.path}`,
    ...(restored.length === 0 ? [] : [`  brought back ${restored.map((one) => `"${one}"`).join(", ")}`]),
    ...(backup === undefined ? [] : [`  the file as it was: ${backup}`]),
    `  ${client.restart}.`,
  ].join("\n");
}
