/**
 * Asking the client in the course of a call, as the revisions before 2026-07-28 do: by requests of the
 * server. And what both eras have in common: what is asked, and how an answer is read.
 * @module
 */
import type { ClientCapabilities, InputRequest, Server } from "@modelcontextprotocol/server";
import type { CallOptions } from "../call.ts";
import { ToolError } from "../errors.ts";
import { USER_ASK_MS_MAX } from "../limits.ts";
import { isRecord } from "../record.ts";
import type { Elicit, ElicitAnswer, Sample } from "../tool.ts";

/** Puts a question to the client. Resolves with its answer, whatever that is. */
type Put = (question: InputRequest) => Promise<unknown>;

/** What the client can do for a call, by the capabilities it has told. */
export function askingBy(put: Put, capabilities: ClientCapabilities): Pick<CallOptions, "elicit" | "sample"> {
  const { elicitation, sampling } = capabilities;
  const elicit: Elicit = async (message, schema) => {
    // A schema of ours is any JSON, that of the SDK a flat object, which the client insists on.
    const question = { method: "elicitation/create", params: { message, requestedSchema: schema } };
    return readAnswer(await put(question as InputRequest));
  };
  const sample: Sample = async (prompt, { system, maxTokens = 1_000 } = {}) => {
    const messages = [{ role: "user" as const, content: { type: "text" as const, text: prompt } }];
    const params = { messages, maxTokens, ...(system === undefined ? {} : { systemPrompt: system }) };
    return readText(await put({ method: "sampling/createMessage", params }));
  };
  // A client that names only the other way of asking, by a page of the web, shows no forms.
  const hasForms = elicitation !== undefined &&
    (elicitation.form !== undefined || elicitation.url === undefined);
  return { ...(hasForms ? { elicit } : {}), ...(sampling === undefined ? {} : { sample }) };
}

/** Asks by requests to the client, while its own request waits. */
export function requestsTo(server: Server, signal: AbortSignal | undefined): Put {
  // The time limit of the call ends the wait for a person, too.
  const options = { timeout: USER_ASK_MS_MAX, ...(signal === undefined ? {} : { signal }) };
  return async (question) => {
    if (question.method === "elicitation/create") return await server.elicitInput(question.params, options);
    if (question.method === "sampling/createMessage") {
      return await server.createMessage(question.params, options);
    }
    throw new Error(`${question.method} is not asked here`);
  };
}

function readAnswer(answer: unknown): ElicitAnswer {
  const { action, content } = isRecord(answer) ? answer : {};
  if (action !== "accept" && action !== "decline" && action !== "cancel") {
    throw unreadable("elicitation/create");
  }
  return { action, ...(isRecord(content) ? { content } : {}) };
}

function readText(answer: unknown): string {
  if (!isRecord(answer) || answer.content === undefined) throw unreadable("sampling/createMessage");
  const parts: readonly unknown[] = [answer.content].flat();
  return parts.map((part) => isRecord(part) && typeof part.text === "string" ? part.text : "").join("\n");
}

function unreadable(method: string): ToolError {
  return new ToolError(
    `The client answered "${method}" with something that is no answer to it`,
    "Try the call again, or do without it: look whether ctx has it first.",
  );
}
