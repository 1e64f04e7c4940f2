/**
 * What a person picks from the menu to look into the memory, to add to it, and to tidy it.
 * @module
 */
import type { Context, Prompt } from "../../lib/tool.ts";
import { completeName } from "./resources.ts";

const topic = {
  name: "topic",
  description: "Only this: a person, a project, a subject",
  required: false,
  complete: (value: string, ctx: Context) => completeName(value, ctx),
};

const whatIsRemembered: Prompt = {
  name: "what_do_you_remember",
  title: "What do you remember about me?",
  description: "Tells you what is kept about you, or about one topic, and lets you correct it",
  arguments: [topic],
  render: ({ topic = "" }) =>
    `${
      topic === ""
        ? "What do you remember about me? Look with recall, page by page until you have seen everything."
        : `What do you remember about this: ${topic}? Look with recall, also for related words and names.`
    }

Tell it in plain sentences, grouped by what it is about, each with how old it is. Say what contradicts
itself, what looks out of date, and what was probably not meant to be kept. Add nothing you did not recall.
Then ask me what to correct or to forget; change nothing before I have answered, and forget with the exact
text.`,
};

const rememberThis: Prompt = {
  name: "remember_this",
  title: "Remember what matters here",
  description: "Keeps what is worth knowing next time from this conversation, after you have seen it",
  arguments: [],
  render: () =>
    `Go through this conversation and pick what will be worth knowing next time: decisions and why they
were made, what I prefer, who is who, where things are, what is still open. Leave out passing details,
secrets such as passwords and keys, and what others would not want kept.

First recall each person, project and thing by name, so that you use the names that are known. Then show me
the list as you would keep it: entities with their types, one short fact an observation with its date where
that matters, and relations between them; mark what would replace something that is known. Keep it with
remember, and forget what it replaces, when I agree.`,
};

/** The prompts of the memory. */
export const memoryPrompts: readonly Prompt[] = [whatIsRemembered, rememberThis];
