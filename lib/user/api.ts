/**
 * The module "clawhammer", as a person's own tools import it: the worker provides it under that name.
 * @module
 */
import { Buffer } from "node:buffer";
import { z } from "zod";
import { ToolError } from "../errors.ts";
import type { Module, Prompt, Reply, Shape, Tool } from "./contract.ts";

export type * from "./contract.ts";
export { ToolError, z };

/** Declares a tool; the identity function that gives the literal its types. */
export function defineTool<Input extends Shape>(tool: Tool<Input>): Tool<never> {
  // Which arguments it takes is checked at its calls, not by the compiler.
  return tool as unknown as Tool<never>;
}

/** Declares a prompt. */
export function definePrompt(prompt: Prompt): Prompt {
  return prompt;
}

/** Declares a file with several tools, prompts and resources. */
export function defineModule(module: Module): Module {
  return module;
}

/** A reply of text. `more` says what was left out and which call gets it. */
export function text(body: string, more?: string): Reply {
  return { parts: [{ type: "text", text: body }], ...(more === undefined ? {} : { more }) };
}

/** A reply with an image and a sentence that says what it is. */
export function image(bytes: Uint8Array | string, mimeType: string, caption: string): Reply {
  return media("image", bytes, mimeType, caption);
}

/** A reply with a sound and a sentence that says what it is. */
export function audio(bytes: Uint8Array | string, mimeType: string, caption: string): Reply {
  return media("audio", bytes, mimeType, caption);
}

/** A reply for programs and for the model at once: an object, and the text that says the same. */
export function structured(value: Readonly<Record<string, unknown>>, body?: string): Reply {
  return { ...text(body ?? JSON.stringify(value, null, 2)), structured: value };
}

/** @param bytes The contents, or the same as base64. */
function media(
  type: "image" | "audio",
  bytes: Uint8Array | string,
  mimeType: string,
  caption: string,
): Reply {
  const raw = typeof bytes === "string" ? Buffer.from(bytes, "base64") : bytes;
  return { parts: [{ type: "text", text: caption }, { type, bytes: raw, mimeType }] };
}
