/**
 * What the tools cost in every conversation.
 * @module
 */
import { createApp } from "../app.ts";
import { tokensOf } from "../clients/proof.ts";
import { count, counted } from "../format.ts";
import { TOOLS_LIST_CHARS_MAX } from "../limits.ts";
import { wireTool } from "../wire.ts";
import type { Check } from "./types.ts";

/** The size of the tools as this command line configures them. */
export const cost: Check = {
  name: "cost",
  title: "Cost in every conversation",
  examine({ config, modules, command }) {
    const { caller, instructions } = createApp(modules, { ...config, allow: [], folders: {} });
    const chars = JSON.stringify(caller.tools.map(wireTool)).length + instructions.length;
    const what = `${counted(caller.tools.length, "tool")}, ${count(chars)} characters: about ` +
      `${count(tokensOf(chars))} tokens`;
    if (chars <= TOOLS_LIST_CHARS_MAX) return Promise.resolve([{ severity: "ok", what }]);
    const mend = `${command} tools --tokens shows which are large; --without switches modules off`;
    return Promise.resolve([{ severity: "note", what: `${what}, which is much`, mend }]);
  },
};
