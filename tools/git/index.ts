import { defineModule } from "../../lib/tool.ts";
import { changeTools } from "./change.ts";
import { networkTools } from "./network.ts";
export const git = defineModule({
  name: "git",
  title: "Git",
  instructions: "",
  tools: [...changeTools, ...networkTools],
  prompts: [],
});
