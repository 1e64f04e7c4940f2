/**
 * `clawhammer test`: makes the calls that the examples of tools show, and compares the answers.
 * @module
 */
import type { CallResult } from "../reply.ts";
import type { AnyTool, Example } from "../tool.ts";
import type { Invocation } from "./command.ts";
import { moduleOf, openOwn, type Own, problemsOf } from "./own.ts";
import { complain, print } from "./output.ts";

/** Characters of an answer that a failure shows. */
const SHOWN = 300;

/** Tests the files that are named, or all of the folder. Resolves with 1 when anything is wrong. */
export async function test({ modules, line }: Invocation): Promise<number> {
  const own = await openOwn(modules, line.config, line.operands);
  const count = { passed: 0, failed: 0 };
  for (const file of own.files) await testFile(own, file, count);
  const problems = problemsOf(own, own.files);
  for (const problem of problems) await complain(problem);
  const { passed, failed } = count;
  await print(`${passed} passed, ${failed} failed`);
  if (passed + failed === 0 && problems.length === 0) {
    await complain('no tool has examples: give it "examples", such as [{ arguments: {}, expect: "text" }]');
  }
  return failed > 0 || problems.length > 0 || passed === 0 ? 1 : 0;
}

async function testFile(own: Own, file: string, count: { passed: number; failed: number }): Promise<void> {
  const tools = moduleOf(own, file)?.tools ?? [];
  for (const tool of tools) {
    for (const example of tool.examples ?? []) {
      const wrong = await run(own, tool, example);
      if (wrong === undefined) count.passed++;
      else count.failed++;
      const title = example.title === undefined ? "" : `  (${example.title})`;
      const call = `${tool.name} ${JSON.stringify(example.arguments)}${title}`;
      await print(wrong === undefined ? `ok      ${call}` : `FAILED  ${call}\n        ${wrong}`);
    }
  }
}

/** What is wrong with the answer to an example; undefined when nothing is. */
async function run(own: Own, tool: AnyTool, { arguments: args, expect, fails }: Example) {
  const result = await own.app.caller.call(tool.name, args);
  const text = textOf(result);
  const got = `it answered ${JSON.stringify(text.slice(0, SHOWN))}${text.length > SHOWN ? "…" : ""}`;
  if (result.isError !== (fails ?? false)) {
    return fails ? `It should be refused; ${got}` : `It should not be refused; ${got}`;
  }
  if (expect === undefined) return undefined;
  if (typeof expect === "string") {
    return text.includes(expect) ? undefined : `It should contain ${JSON.stringify(expect)}; ${got}`;
  }
  const { pattern, flags } = expect;
  // A global pattern would go on where it matched last.
  const matches = new RegExp(pattern, flags.replace(/[gy]/g, "")).test(text);
  return matches ? undefined : `It should match /${pattern}/${flags}; ${got}`;
}

function textOf({ content }: CallResult): string {
  return content.flatMap((part) => part.type === "text" ? [part.text] : []).join("\n");
}
