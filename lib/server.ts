/**
 * The MCP server: what the modules offer, for both eras of the protocol. Calls go to the call path.
 * @module
 */
import {
  type McpRequestContext,
  ProtocolError,
  ProtocolErrorCode,
  type Server,
  type ServerCapabilities,
  type ServerContext,
  type ServerOptions,
  type ServerResult,
  type Tool,
} from "@modelcontextprotocol/server";
import type { Caller, CallOptions } from "./call.ts";
import { CancelledError, errorText, ToolError, UnknownNameError } from "./errors.ts";
import { COMPLETIONS_MAX, ROOTS_MS_MAX, USER_LIST_MS_MAX, USER_TOOLS_LISTED_MAX } from "./limits.ts";
import { title } from "./version.ts";
import { askingBy, requestsTo } from "./server/asking.ts";
import { completePrompt, getPrompt, wirePrompt } from "./server/prompts.ts";
import { completeTemplate, listResources, readResource, wireTemplate } from "./server/resources.ts";
import { createRounds } from "./server/rounds.ts";
import { StrictServer, type ToolCall } from "./server/strict.ts";
import type { AnyTool, Context, Log, Prompt, ResourceProvider } from "./tool.ts";
import { wireTool } from "./wire.ts";

/** What a server is made of. */
export interface ServerParts {
  readonly caller: Caller;
  readonly name: string;
  readonly version: string;
  /** At most INSTRUCTIONS_CHARS_MAX characters. */
  readonly instructions: string;
  readonly log: Log;
  /**
   * Takes the client's roots: asked for after the handshake and whenever the client says that they changed.
   */
  readonly followRoots?: ((ask: () => Promise<readonly string[]>) => void) | undefined;
}

/** What the modules offer; made once for all connections. */
interface Offer {
  readonly caller: Caller;
  readonly log: Log;
  /** Whether there are user tools, so that everything may change at any time. */
  readonly changes: boolean;
  readonly prompts: () => readonly Prompt[];
  readonly providers: () => readonly ResourceProvider[];
  /** Converting the schemas costs milliseconds, so the first `tools/list` pays, and not the start. */
  tools(): Tool[];
}

/**
 * Makes the factory that a transport asks for one server a connection (or a request, over HTTP). Whatever
 * costs time is made once, here or at its first use.
 */
export function createServerFactory(parts: ServerParts): (ctx: McpRequestContext) => StrictServer {
  const { caller, log } = parts;
  let listed: { readonly of: readonly AnyTool[]; readonly tools: Tool[] } | undefined;
  const offer: Offer = {
    caller,
    log,
    changes: caller.hasUserTools,
    prompts: () => caller.modules.flatMap((module) => module.prompts),
    providers: () => caller.modules.flatMap((module) => module.resources ?? []),
    tools() {
      const of = caller.tools;
      // The SDK types a schema as any JSON value, ours as nested schemas: the same data, which TypeScript
      // cannot see.
      if (listed?.of !== of) listed = { of, tools: listedTools(of).map((tool) => wireTool(tool) as Tool) };
      return listed.tools;
    },
  };
  const capabilities = capabilitiesOf(offer);
  const serverInfo = { name: parts.name, title, version: parts.version };
  const options: ServerOptions = {
    capabilities,
    instructions: parts.instructions,
    // Only answers to elicitation are validated, which the asking tool does; the default compiles schemas at
    // start.
    jsonSchemaValidator: {
      getValidator: () => (data) => ({ valid: true, data: data as never, errorMessage: undefined }),
    },
  };
  return ({ era }) => {
    const server = new StrictServer(serverInfo, options, era, log);
    // Clients of revision 2026-07-28 have no roots any more.
    if (era === "legacy" && parts.followRoots !== undefined) registerRoots(server, parts.followRoots);
    if (offer.changes) announceChanges(server, caller);
    registerTools(server, offer);
    if (capabilities.prompts !== undefined) registerPrompts(server, offer);
    if (capabilities.resources !== undefined) registerResources(server, offer);
    if (capabilities.completions !== undefined) registerCompletions(server, offer);
    return server;
  };
}

/** The tools a list names: of the person's own ones no more than a conversation can bear. */
function listedTools(tools: readonly AnyTool[]): readonly AnyTool[] {
  const left = new Set(tools.filter((tool) => tool.remote !== undefined).slice(USER_TOOLS_LISTED_MAX));
  return left.size === 0 ? tools : tools.filter((tool) => !left.has(tool));
}

/** Tells the client whenever the person's own tools have changed. */
function announceChanges(server: Server, caller: Caller): void {
  const tell = async () => {
    const { prompts, resources } = server.getCapabilities();
    await server.sendToolListChanged();
    if (prompts !== undefined) await server.sendPromptListChanged();
    if (resources !== undefined) await server.sendResourceListChanged();
  };
  const stop = caller.onChange(() => {
    // A client that is gone needs no news.
    tell().catch(() => {});
  });
  server.onclose = stop;
}

/** Looks at the person's own tools, but has nobody wait long for files that are loaded for the first time. */
async function refreshed({ caller, changes, log }: Offer): Promise<void> {
  if (!changes) return;
  const patience = Promise.withResolvers<void>();
  const timer = setTimeout(patience.resolve, USER_LIST_MS_MAX);
  const refreshing = caller.refresh().catch((error) => log.warn(`User tools: ${errorText(error)}`));
  await Promise.race([refreshing, patience.promise]);
  clearTimeout(timer);
}

function capabilitiesOf(offer: Offer): ServerCapabilities {
  const [prompts, providers] = [offer.prompts(), offer.providers()];
  if (offer.changes) {
    const changing = { listChanged: true };
    return { tools: changing, prompts: changing, resources: changing, completions: {} };
  }
  const completes =
    prompts.some((prompt) => prompt.arguments.some((argument) => argument.complete !== undefined)) ||
    providers.some((provider) => provider.templates.length > 0);
  return {
    tools: {},
    ...(prompts.length === 0 ? {} : { prompts: {} }),
    ...(providers.length === 0 ? {} : { resources: {} }),
    ...(completes ? { completions: {} } : {}),
  };
}

function registerRoots(server: Server, follow: NonNullable<ServerParts["followRoots"]>): void {
  const ask = async () => {
    return (await server.listRoots(undefined, { timeout: ROOTS_MS_MAX })).roots.map((root) => root.uri);
  };
  server.oninitialized = () => {
    if (server.getClientCapabilities()?.roots !== undefined) follow(ask);
  };
  server.setNotificationHandler("notifications/roots/list_changed", () => follow(ask));
}

function registerTools(server: StrictServer, offer: Offer): void {
  server.setRequestHandler("tools/list", async ({ params }) => {
    refuseCursor(params?.cursor);
    await refreshed(offer);
    return { tools: offer.tools() };
  });
  const rounds = createRounds();
  const { onclose } = server;
  server.onclose = () => {
    rounds.close();
    onclose?.();
  };
  server.onToolCall = (params, options, round) => {
    // Of the built-in tools none asks, and most clients cannot be asked.
    const { elicitation, sampling } = round?.capabilities ?? server.getClientCapabilities() ?? {};
    const isAsked = round?.state !== undefined || elicitation !== undefined || sampling !== undefined;
    if (!offer.changes || !isAsked) return answerCall(offer, params, options);
    if (round !== undefined) {
      return rounds.run(params.name, round, options, (all) => answerCall(offer, params, all));
    }
    const asking = askingBy(requestsTo(server, options.stop?.signal ?? options.signal), {
      elicitation,
      sampling,
    });
    return answerCall(offer, params, { ...options, ...asking });
  };
  // Only makes the method known; the calls themselves take the short way of StrictServer.
  server.setRequestHandler("tools/call", () => ({ content: [] }));
}

async function answerCall(offer: Offer, params: ToolCall, options: CallOptions): Promise<ServerResult> {
  try {
    const { content, isError, structuredContent } = await offer.caller.call(
      params.name,
      params.arguments ?? {},
      options,
    );
    return {
      content,
      ...(structuredContent === undefined ? {} : { structuredContent }),
      ...(isError ? { isError } : {}),
    };
  } catch (error) {
    throw explained(offer, "tools/call", error);
  }
}

function registerPrompts(server: Server, offer: Offer): void {
  server.setRequestHandler("prompts/list", async ({ params }) => {
    refuseCursor(params?.cursor);
    await refreshed(offer);
    return { prompts: offer.prompts().map(wirePrompt) };
  });
  server.setRequestHandler("prompts/get", ({ params }, ctx) =>
    answer(offer, ctx, async (context) => {
      return { ...await getPrompt(offer.prompts(), params.name, params.arguments ?? {}, context) };
    }));
}

function registerResources(server: Server, offer: Offer): void {
  server.setRequestHandler("resources/list", ({ params }, ctx) =>
    answer(offer, ctx, async (context) => {
      return await listResources(offer.providers(), params?.cursor, context);
    }));
  server.setRequestHandler("resources/templates/list", ({ params }) => {
    refuseCursor(params?.cursor);
    return {
      resourceTemplates: offer.providers().flatMap((provider) => provider.templates.map(wireTemplate)),
    };
  });
  server.setRequestHandler("resources/read", ({ params }, ctx) =>
    answer(offer, ctx, async (context) => {
      const contents = await readResource(offer.providers(), params.uri, context);
      if (contents === undefined) throw resourceNotFound(params.uri);
      return { contents };
    }));
}

function registerCompletions(server: Server, offer: Offer): void {
  server.setRequestHandler(
    "completion/complete",
    ({ params: { ref, argument: { name, value } } }, ctx) =>
      answer(offer, ctx, async (context) => {
        const found = ref.type === "ref/prompt"
          ? await completePrompt(offer.prompts(), ref.name, name, value, context)
          : await completeTemplate(offer.providers(), ref.uri, name, value, context);
        const values = found.slice(0, COMPLETIONS_MAX);
        return { completion: { values, total: found.length, hasMore: values.length < found.length } };
      }),
  );
}

/** Runs a handler; what it throws becomes the JSON-RPC error that says what to do next. */
async function answer<T>(
  offer: Offer,
  ctx: ServerContext,
  work: (context: Context) => Promise<T>,
): Promise<T> {
  const { method, signal } = ctx.mcpReq;
  try {
    await refreshed(offer);
    return await work(await offer.caller.context(signal));
  } catch (error) {
    throw explained(offer, method, error);
  }
}

/** What a handler threw, as the error to answer. */
function explained(offer: Offer, method: string, error: unknown): unknown {
  // Nobody is answered when the call was cancelled: its signal is aborted.
  if (error instanceof ProtocolError || error instanceof CancelledError) return error;
  if (error instanceof ToolError || error instanceof UnknownNameError) {
    return new ProtocolError(ProtocolErrorCode.InvalidParams, errorText(error));
  }
  offer.log.error(
    `${method} failed: ${error instanceof Error ? error.stack ?? error.message : String(error)}`,
  );
  return new ProtocolError(
    ProtocolErrorCode.InternalError,
    `${method} failed inside Clawhammer: ${errorText(error)}`,
  );
}

/** Every list but that of resources is one page, so no cursor of ours exists for it. */
function refuseCursor(cursor: string | undefined): void {
  if (cursor === undefined) return;
  const what = `Invalid cursor "${cursor.slice(0, 100)}": this list is one page, ask for it without a cursor`;
  throw new ProtocolError(ProtocolErrorCode.InvalidParams, what);
}

/**
 * The code is the one of revision 2026-07-28; {@link StrictServer} translates it for older clients. The SDKs
 * tell a missing resource from other invalid parameters by data that is exactly the URI.
 */
function resourceNotFound(uri: string): ProtocolError {
  return new ProtocolError(ProtocolErrorCode.InvalidParams, `Resource not found: "${uri.slice(0, 500)}"`, {
    uri,
  });
}
