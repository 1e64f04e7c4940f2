/**
 * The memory: whether it opens, how much it holds, and where it is.
 * @module
 */

import { MEMORY } from "../memory/database.ts";
import { memoryFolder } from "../memory/lazy.ts";
import { examineStore } from "../sqlite/health.ts";
import { storeFindings } from "./stores.ts";
import type { Check } from "./types.ts";

/** What is remembered for the model. */
export const memory: Check = {
  name: "memory",
  title: "Memory",
  async examine({ config, command, host }) {
    const { data } = config.folders;
    if (data === undefined) {
      return [{
        severity: "warning",
        what: "This machine names no home folder, so nothing can be remembered",
        mend: "Set the variable HOME for Clawhammer",
      }];
    }
    const folder = memoryFolder(data);
    const health = await examineStore(MEMORY, folder, "SELECT count(*) AS n FROM entities");
    const findings = storeFindings(health, folder, {
      short: "memory",
      name: "memory",
      empty: "Nothing is remembered yet",
      one: "entity",
      many: "entities",
      rescue: `${command} call recall`,
    }, host);
    return [...findings, ...(health.count === undefined ? [] : [where(folder)])];
  },
};

function where(folder: string) {
  return { severity: "ok", what: `It is kept in "${folder}"` } as const;
}
