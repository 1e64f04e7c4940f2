/**
 * Thinking in numbered steps. The tool keeps nothing between calls: what it answers follows from the
 * arguments alone, so parallel chats cannot mix and nothing grows.
 * @module
 */
import { z } from "zod";
import { ToolError } from "../lib/errors.ts";
import { THINK_STEPS_MAX } from "../lib/limits.ts";
import { text } from "../lib/reply.ts";
import { type AnyTool, defineModule, defineTool, type Module, type Prompt } from "../lib/tool.ts";

// A refinement and not min/max: those would appear four times in the schema, which every conversation pays
// for.
const stepNumber = () =>
  z.int().refine((step) => step >= 1 && step <= THINK_STEPS_MAX, `must be from 1 to ${THINK_STEPS_MAX}`);

const think: AnyTool = defineTool({
  name: "think",
  title: "Think",
  description: "Works on a hard problem, one thought a call; revise or branch when one fails",
  effect: "read",
  world: "closed",
  input: {
    thought: z.string().describe("This step"),
    step: stepNumber().describe("Its number"),
    total: stepNumber().describe("Steps planned"),
    nextNeeded: z.boolean().describe("More follow"),
    revises: stepNumber().optional().describe("Step corrected"),
    branchFrom: stepNumber().optional().describe("Step left"),
  },
  paths: [],
  run({ thought, step, total, nextNeeded, revises, branchFrom }) {
    if (thought.trim() === "") {
      throw new ToolError(
        `Cannot record step ${step}: "thought" is empty`,
        "Write the thought of this step.",
      );
    }
    refuseLaterStep("revises", revises, step);
    refuseLaterStep("branchFrom", branchFrom, step);
    const planned = Math.max(total, step);
    const facts = [`Step ${step} of ${planned}`];
    if (revises !== undefined) facts.push(`revises step ${revises}`);
    if (branchFrom !== undefined) facts.push(`branches from step ${branchFrom}`);
    if (step > total) facts.push(`total raised from ${total} to ${planned}`);
    return text(`${facts.join("; ")}\n${whatNext(step, planned, nextNeeded, revises)}`);
  },
});

function refuseLaterStep(name: string, earlier: number | undefined, step: number): void {
  if (earlier === undefined || earlier < step) return;
  const range = step === 1
    ? `Step 1 is the first: leave "${name}" out.`
    : `Give a step from 1 to ${step - 1}.`;
  throw new ToolError(
    `Cannot record step ${step}: "${name}" is ${earlier}, which is not an earlier step`,
    range,
  );
}

function whatNext(step: number, planned: number, nextNeeded: boolean, revises: number | undefined): string {
  if (!nextNeeded) {
    const early = step < planned ? `Done ${planned - step} before plan. ` : "";
    return `${early}Now answer, and say what is certain and what is assumed.`;
  }
  const review = revises !== undefined && revises < step - 1
    ? ` Check what stands on step ${revises}: ${stepRange(revises + 1, step - 1)}.`
    : "";
  if (step === planned) {
    return `This was the last planned step: go on with step ${step + 1} and a larger total.${review}`;
  }
  return `Next: step ${step + 1}.${review}`;
}

function stepRange(first: number, last: number): string {
  return first === last ? `step ${first}` : `steps ${first} to ${last}`;
}

const thinkItThrough: Prompt = {
  name: "think_it_through",
  title: "Think it through",
  description: "Works on a hard question step by step, checks itself, and shows what the answer rests on",
  arguments: [{ name: "problem", description: "The question or decision to think about", required: true }],
  render: ({ problem }) =>
    `Think this through with the think tool before you answer:

${problem}

How to work:
1. Step 1 restates the problem: what is asked, what is given, what would count as a good answer. Name what is
   missing; ask me only if no sensible assumption can replace it.
2. Set "total" to an honest guess of the steps needed. It may grow or shrink; it is a plan, not a promise.
3. One thought a step: a fact checked, a case worked out, an option weighed, a number computed. Use the other
   tools between steps whenever looking is better than remembering.
4. When a step turns out wrong, correct it with "revises" and then check every later step that stood on it.
5. When two ways are open, follow each with "branchFrom" until one is clearly better. Say why the other was
   left.
6. Before the last step, try to break the answer: a counterexample, an edge case, the opposite view, a check
   by another method. Set "nextNeeded" to false only when it holds.

Then give the answer first, in a few sentences; below it, what it rests on, what is uncertain, and what would
change it. Do not repeat the steps.`,
};

/** The thinking module. */
export const thinking: Module = defineModule({
  name: "thinking",
  title: "Thinking",
  instructions:
    "think: for problems with several dependent steps or rival options. Skip it when the answer is plain.",
  tools: [think],
  prompts: [thinkItThrough],
});
