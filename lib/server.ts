/**
 * The MCP server: what the modules offer, for both eras of the protocol. Calls go to the call path.
 * @module
 */
import {
  type JSONRPCErrorResponse,
  type JSONRPCMessage,
  type JSONRPCRequest,
  type McpRequestContext,
  PROTOCOL_VERSION_META_KEY,
  ProtocolError,
  ProtocolErrorCode,
  Server,
  type ServerCapabilities,
  type ServerContext,
  type ServerOptions,
  type ServerResult,
  specTypeSchemas,
  type Tool,
  type Transport,
  UnsupportedProtocolVersionError,
} from "@modelcontextprotocol/server";
import type { Caller, CallOptions } from "./call.ts";
import { CancelledError, errorText, ToolError, UnknownNameError } from "./errors.ts";
import { COMPLETIONS_MAX, PROGRESS_MS_MIN, ROOTS_MS_MAX } from "./limits.ts";
import { completePrompt, getPrompt, wirePrompt } from "./server/prompts.ts";
import { completeTemplate, listResources, readResource, wireTemplate } from "./server/resources.ts";
import type { Context, Log, Prompt, ResourceProvider } from "./tool.ts";
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

/** Revisions a client may claim request by request, in `_meta`, as the SDK serves them. */
const MODERN_VERSIONS: readonly string[] = ["2026-07-28"];

/** What the modules offer; made once for all connections. */
interface Offer {
  readonly caller: Caller;
  readonly log: Log;
  readonly prompts: readonly Prompt[];
  readonly providers: readonly ResourceProvider[];
  /** Converting the schemas costs milliseconds, so the first `tools/list` pays, and not the start. */
  tools(): Tool[];
}

/**
 * Makes the factory that a transport asks for one server a connection (or a request, over HTTP). Whatever
 * costs time is made once, here or at its first use.
 */
export function createServerFactory(parts: ServerParts): (ctx: McpRequestContext) => Server {
  const { caller, log } = parts;
  let tools: Tool[] | undefined;
  const offer: Offer = {
    caller,
    log,
    prompts: caller.modules.flatMap((module) => module.prompts),
    providers: caller.modules.flatMap((module) => module.resources ?? []),
    // The SDK types a schema as any JSON value, ours as nested schemas: the same data, which TypeScript
    // cannot see.
    tools: () => tools ??= caller.tools.map((tool) => wireTool(tool) as Tool),
  };
  const capabilities = capabilitiesOf(offer);
  const serverInfo = { name: parts.name, title: "Clawhammer", version: parts.version };
  const options: ServerOptions = {
    capabilities,
    instructions: parts.instructions,
    // Only answers to elicitation would be validated, and none is asked for; the default compiles schemas at
    // start.
    jsonSchemaValidator: {
      getValidator: () => () => ({ valid: false, data: undefined, errorMessage: "not asked for" }),
    },
  };
  return ({ era }) => {
    const server = new StrictServer(serverInfo, options, era, log);
    // Clients of revision 2026-07-28 have no roots any more.
    if (era === "legacy" && parts.followRoots !== undefined) registerRoots(server, parts.followRoots);
    registerTools(server, offer);
    if (capabilities.prompts !== undefined) registerPrompts(server, offer);
    if (capabilities.resources !== undefined) registerResources(server, offer);
    if (capabilities.completions !== undefined) registerCompletions(server, offer);
    return server;
  };
}

function capabilitiesOf({ prompts, providers }: Offer): ServerCapabilities {
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
  server.setRequestHandler("tools/list", ({ params }) => {
    refuseCursor(params?.cursor);
    return { tools: offer.tools() };
  });
  server.onToolCall = (params, ctx) =>
    answer(offer, ctx, async () => {
      const report = progressReporter(ctx, offer.log);
      try {
        const options: CallOptions = {
          signal: ctx.mcpReq.signal,
          ...(report && { progress: report.progress }),
        };
        const { content, isError } = await offer.caller.call(params.name, params.arguments ?? {}, options);
        return { content, ...(isError ? { isError } : {}) };
      } finally {
        report?.end();
      }
    });
  // Only makes the method known; the calls themselves take the short way of StrictServer.
  server.setRequestHandler("tools/call", () => ({ content: [] }));
}

function registerPrompts(server: Server, offer: Offer): void {
  server.setRequestHandler("prompts/list", ({ params }) => {
    refuseCursor(params?.cursor);
    return { prompts: offer.prompts.map(wirePrompt) };
  });
  server.setRequestHandler("prompts/get", ({ params }, ctx) =>
    answer(offer, ctx, async (context) => {
      return { ...await getPrompt(offer.prompts, params.name, params.arguments ?? {}, context) };
    }));
}

function registerResources(server: Server, offer: Offer): void {
  server.setRequestHandler("resources/list", ({ params }, ctx) =>
    answer(offer, ctx, async (context) => {
      return await listResources(offer.providers, params?.cursor, context);
    }));
  server.setRequestHandler("resources/templates/list", ({ params }) => {
    refuseCursor(params?.cursor);
    return { resourceTemplates: offer.providers.flatMap((provider) => provider.templates.map(wireTemplate)) };
  });
  server.setRequestHandler("resources/read", ({ params }, ctx) =>
    answer(offer, ctx, async (context) => {
      const contents = await readResource(offer.providers, params.uri, context);
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
          ? await completePrompt(offer.prompts, ref.name, name, value, context)
          : await completeTemplate(offer.providers, ref.uri, name, value, context);
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
    return await work(await offer.caller.context({ signal }));
  } catch (error) {
    // Nobody is answered when the call was cancelled: the SDK sees the aborted signal.
    if (error instanceof ProtocolError || error instanceof CancelledError) throw error;
    if (error instanceof ToolError || error instanceof UnknownNameError) {
      throw new ProtocolError(ProtocolErrorCode.InvalidParams, errorText(error));
    }
    offer.log.error(
      `${method} failed: ${error instanceof Error ? error.stack ?? error.message : String(error)}`,
    );
    throw new ProtocolError(
      ProtocolErrorCode.InternalError,
      `${method} failed inside Clawhammer: ${errorText(error)}`,
    );
  }
}

/** Every list but that of resources is one page, so no cursor of ours exists for it. */
function refuseCursor(cursor: string | undefined): void {
  if (cursor === undefined) return;
  const what = `Invalid cursor "${cursor.slice(0, 100)}": this list is one page, ask for it without a cursor`;
  throw new ProtocolError(ProtocolErrorCode.InvalidParams, what);
}

/** Sends progress when the request asks for it: never backwards, never more often than PROGRESS_MS_MIN. */
function progressReporter({ mcpReq }: ServerContext, log: Log) {
  const progressToken = mcpReq._meta?.progressToken;
  if (progressToken === undefined) return undefined;
  let last = -Infinity;
  let sentAt = -Infinity;
  let ended = false;
  const progress = (done: number, total?: number, message?: string): void => {
    const now = performance.now();
    if (ended || mcpReq.signal.aborted || !(done > last) || now - sentAt < PROGRESS_MS_MIN) return;
    last = done;
    sentAt = now;
    const params = {
      progressToken,
      progress: done,
      ...(total === undefined ? {} : { total }),
      ...(message === undefined ? {} : { message }),
    };
    mcpReq.notify({ method: "notifications/progress", params })
      .catch((error) => log.debug(`Progress was not sent: ${errorText(error)}`));
  };
  return { progress, end: () => void (ended = true) };
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

/** What a `tools/call` names. */
interface ToolCall {
  readonly name: string;
  readonly arguments?: unknown;
}

/**
 * The SDK's server with three corrections, applied where its messages pass, and a short way for calls of
 * tools.
 */
class StrictServer extends Server {
  /** Answers calls of tools. */
  onToolCall: ((params: ToolCall, ctx: ServerContext) => Promise<ServerResult>) | undefined;
  readonly #era: McpRequestContext["era"];
  readonly #log: Log;

  constructor(
    info: { name: string; version: string },
    options: ServerOptions,
    era: McpRequestContext["era"],
    log: Log,
  ) {
    super(info, options);
    this.#era = era;
    this.#log = log;
    this.onerror = (error) => log.debug(`protocol: ${error.message}`);
  }

  override async connect(transport: Transport): Promise<void> {
    const send = transport.send.bind(transport);
    if (this.#era === "legacy") transport.send = (message, options) => send(withLegacyCode(message), options);
    await super.connect(transport);
    const receive = transport.onmessage;
    transport.onmessage = (message, extra) => {
      const refusal = "method" in message && "id" in message ? this.#refusal(message) : undefined;
      if (refusal === undefined) receive?.(message, extra);
      else send(refusal).catch((error) => this.#log.debug(`A refusal was not sent: ${errorText(error)}`));
    };
  }

  /**
   * The SDK checks each call and its result against schemas three times, which costs more than a small call.
   * The shape of a request is checked when it comes in, and the call path makes results of the right shape.
   */
  protected override _wrapHandler(method: string, handler: Handler): Handler {
    if (method !== "tools/call") return super._wrapHandler(method, handler);
    return ({ params }, ctx) => {
      if (this.onToolCall === undefined) throw new Error("No handler for calls of tools");
      return this.onToolCall({ name: String(params?.name), arguments: params?.arguments }, ctx);
    };
  }

  /** The error for a request the SDK would serve in the wrong revision, or answer with an internal error. */
  #refusal(request: JSONRPCRequest): JSONRPCErrorResponse | undefined {
    const error = unsupportedVersion(request, this.#era) ?? invalidParams(request);
    if (error === undefined) return undefined;
    const { code, message, data } = error;
    return {
      jsonrpc: "2.0",
      id: request.id,
      error: { code, message, ...(data === undefined ? {} : { data }) },
    };
  }
}

/**
 * Correction 1: once a connection has chosen its era, the SDK serves requests that claim an unknown
 * revision.
 */
function unsupportedVersion(
  request: JSONRPCRequest,
  era: McpRequestContext["era"],
): ProtocolError | undefined {
  const requested = request.params?._meta?.[PROTOCOL_VERSION_META_KEY];
  if (typeof requested !== "string" || MODERN_VERSIONS.includes(requested)) return undefined;
  // The older revisions know nothing of this key, so a version of theirs in it is no contradiction.
  if (era === "legacy" && requested < "2026") return undefined;
  return new UnsupportedProtocolVersionError({ supported: [...MODERN_VERSIONS], requested });
}

/**
 * Correction 2: the SDK answers most parameters of a wrong shape with an internal error and a dump of its
 * schema.
 */
function invalidParams(request: JSONRPCRequest): ProtocolError | undefined {
  if (isPlain(request)) return undefined;
  const schema = schemaOf(request.method);
  const outcome = schema?.["~standard"].validate(request);
  if (outcome === undefined || outcome instanceof Promise || outcome.issues === undefined) return undefined;
  const problems = outcome.issues.slice(0, 3).map(({ path = [], message }) => {
    const where = path.map((step) => String(typeof step === "object" ? step.key : step)).join(".");
    return `${where}: ${message.replace(/^Invalid input: /, "")}`;
  });
  return new ProtocolError(
    ProtocolErrorCode.InvalidParams,
    `Invalid params for ${request.method}: ${problems.join("; ")}`,
  );
}

/**
 * Whether a request is of the right shape, seen without a schema: almost every one is. Making the schemas costs a
 * third of a start, and applying them as much as a small call.
 */
function isPlain({ method, params = {} }: JSONRPCRequest): boolean {
  if (params._meta !== undefined) return false;
  switch (method) {
    case "initialize":
      return typeof params.protocolVersion === "string" && isRecord(params.capabilities) &&
        Object.keys(params.capabilities).length === 0 && isRecord(params.clientInfo) &&
        typeof params.clientInfo.name === "string" && typeof params.clientInfo.version === "string";
    case "tools/list":
      return Object.keys(params).length === 0;
    case "tools/call":
      return typeof params.name === "string" &&
        (params.arguments === undefined || isRecord(params.arguments));
    default:
      return false;
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

type Handler = (request: JSONRPCRequest, ctx: ServerContext) => Promise<ServerResult>;

function schemaOf(method: string) {
  switch (method) {
    case "initialize":
      return specTypeSchemas.InitializeRequest;
    case "tools/list":
      return specTypeSchemas.ListToolsRequest;
    case "tools/call":
      return specTypeSchemas.CallToolRequest;
    case "prompts/list":
      return specTypeSchemas.ListPromptsRequest;
    case "prompts/get":
      return specTypeSchemas.GetPromptRequest;
    case "resources/list":
      return specTypeSchemas.ListResourcesRequest;
    case "resources/templates/list":
      return specTypeSchemas.ListResourceTemplatesRequest;
    case "resources/read":
      return specTypeSchemas.ReadResourceRequest;
    case "completion/complete":
      return specTypeSchemas.CompleteRequest;
    default:
      return undefined;
  }
}

/** Correction 3: before 2026-07-28 a missing resource has a code of its own, which the SDK never sends. */
function withLegacyCode(message: JSONRPCMessage): JSONRPCMessage {
  if (!("error" in message) || message.error.code !== ProtocolErrorCode.InvalidParams) return message;
  const { data } = message.error;
  const missing = typeof data === "object" && data !== null && "uri" in data &&
    Object.keys(data).length === 1;
  if (!missing) return message;
  return { ...message, error: { ...message.error, code: ProtocolErrorCode.ResourceNotFound } };
}
