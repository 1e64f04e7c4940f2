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
import { offeredTools } from "./usertools.ts";

/** The size of the tools as this command line configures them. */
export const cost: Check = {
  name: "cost",
  title: "Cost in every conversation",
  async examine(setting) {
    const { config, modules, command } = setting;
    const { caller, instructions } = createApp(modules, { ...config, allow: [], folders: {} });
    const tools = [...caller.tools, ...await offeredTools(setting)];
    const listed = JSON.stringify(tools.map(wireTool)).length;
    const chars = listed + instructions.length;
    const what = `${counted(tools.length, "tool")}, ${count(chars)} characters: about ` +
      `${count(tokensOf(chars))} tokens`;
    if (listed <= TOOLS_LIST_CHARS_MAX) return [{ severity: "ok", what }];
    const mend = `${command} tools --tokens shows which are large; --without switches modules off`;
    return [{ severity: "note", what: `${what}, which is much`, mend }];
  },
};
