/**
 * A home folder with clients, and installations into it.
 * @module
 */
import assert from "node:assert/strict";
import { mkdir, mkdtemp, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { placesOf } from "../../lib/clients/places.ts";
import type { Client } from "../../lib/clients/types.ts";
import { type Host, platformFolders } from "../../lib/config/host.ts";
import { exactBefore, install, uninstall } from "../../lib/install/apply.ts";
import { type Plan, planInstall, planRemoval, type Wish } from "../../lib/install/plan.ts";
import { type Installations, openInstallations } from "../../lib/install/record.ts";

/** The executable that is installed. */
export const COMMAND = "/opt/clawhammer";
/** The modules of the installation. */
export const MODULES = ["files", "search", "time", "thinking"];

/** A home folder, and what a test does in it. */
export interface Home {
  readonly host: Host;
  readonly kept: Installations;
  /** Installs into the only place a client has. */
  install(client: Client, wish?: Partial<Wish>): Promise<Plan>;
  /** Uninstalls; false when there was nothing. */
  uninstall(client: Client, name?: string): Promise<boolean>;
  path(client: Client): string;
  /** Writes a configuration, and the folder it is in. */
  put(client: Client, content: string): Promise<string>;
}

/** A home folder on this disk, seen as one of Linux. */
export async function withHome(work: (home: Home) => Promise<void>): Promise<void> {
  const dir = await realpath(await mkdtemp(join(tmpdir(), "clawhammer-home-")));
  const host: Host = { platform: "linux", env: {}, home: dir, cwd: dir };
  const kept = openInstallations(platformFolders(host).data ?? assert.fail());
  const place = (client: Client) => placesOf(client, host)[0] ?? assert.fail("no place");
  try {
    await work({
      host,
      kept,
      path: (client) => place(client).path,
      async install(client, wish = {}) {
        const whole: Wish = {
          name: "clawhammer",
          program: { command: COMMAND, args: ["serve"] },
          command: "clawhammer",
          flags: ["--allow", "/home/ada/Documents"],
          replace: () => true,
          offered: () => Promise.resolve({ modules: MODULES, readOnly: false }),
          ...wish,
        };
        return (await install(() => planInstall(client, place(client), whole, host), kept)).plan;
      },
      async uninstall(client, name = "clawhammer") {
        const at = place(client);
        const done = await uninstall(async () => {
          const installed = await kept.find(at.path, name);
          return await planRemoval(
            client,
            at,
            name,
            installed,
            (now) => exactBefore(installed, now, kept),
            COMMAND,
          );
        }, kept);
        return done !== undefined;
      },
      async put(client, content) {
        const { path } = place(client);
        await mkdir(dirname(path), { recursive: true });
        await writeFile(path, content);
        return path;
      },
    });
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}
