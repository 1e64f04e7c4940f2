/**
 * The SDK's server, corrected where its messages pass, with a short way for calls of tools.
 * @module
 */
import {
  CLIENT_CAPABILITIES_META_KEY,
  type JSONRPCErrorResponse,
  type JSONRPCMessage,
  type JSONRPCNotification,
  type JSONRPCRequest,
  type McpRequestContext,
  PROTOCOL_VERSION_META_KEY,
  ProtocolError,
  ProtocolErrorCode,
  type RequestId,
  Server,
  type ServerContext,
  type ServerOptions,
  type ServerResult,
  specTypeSchemas,
  type Transport,
  UnsupportedProtocolVersionError,
} from "@modelcontextprotocol/server";
import type { CallOptions } from "../call.ts";
import { errorText } from "../errors.ts";
import { PROGRESS_MS_MIN } from "../limits.ts";
import type { Log } from "../tool.ts";
import { isRecord } from "../record.ts";
import { Stop } from "../stop.ts";
import type { Round } from "./rounds.ts";

/** Revisions a client may claim request by request, in `_meta`, as the SDK serves them. */
const MODERN_VERSIONS: readonly string[] = ["2026-07-28"];

/** What a `tools/call` names. */
export interface ToolCall {
  readonly name: string;
  readonly arguments?: unknown;
}

/**
 * The SDK's server with three corrections, applied where its messages pass, and a short way for calls of
 * tools.
 */
export class StrictServer extends Server {
  /** Answers calls of tools. */
  onToolCall: (params: ToolCall, options: CallOptions, round: Round | undefined) => Promise<ServerResult> =
    () => Promise.reject(new Error("No handler for calls of tools"));
  /** Calls that took the short way and are not answered yet. */
  readonly #calls = new Map<RequestId, Stop>();
  readonly #era: McpRequestContext["era"];
  readonly #log: Log;
  /** Whether the handshake is done and the connection open. */
  #isOpen = false;

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
    const { onmessage: receive, onclose: closed } = transport;
    const reply = (message: JSONRPCMessage) => {
      send(message).catch((error) => this.#log.debug(`A reply was not sent: ${errorText(error)}`));
    };
    transport.onmessage = (message, extra) => {
      if (!("method" in message)) return receive?.(message, extra);
      if (!("id" in message)) {
        if (message.method === "notifications/initialized") this.#isOpen = true;
        return receive?.(message, extra);
      }
      const refusal = this.#refusal(message);
      if (refusal !== undefined) reply(refusal);
      else receive?.(message, extra);
    };
    transport.onclose = () => {
      this.#isOpen = false;
      const calls = [...this.#calls.values()];
      // Nobody is left to answer.
      this.#calls.clear();
      for (const call of calls) call.abort();
      closed?.();
    };
  }

  /**
   * Takes a message that came in, unless the SDK has to see it. What the SDK does with every message of an
   * open connection costs as much as reading a small file. Whoever hands calls in here hands in what cancels
   * them, too: behind the SDK it would come late, and stop the next call with the same id.
   * @returns whether it is done with, a request as soon as it is answered.
   */
  take(message: JSONRPCRequest | JSONRPCNotification, reply: (message: JSONRPCMessage) => void): boolean {
    if (!("id" in message)) return this.#cancels(message);
    return this.#isOpen && this.#answers(message, reply);
  }

  /**
   * The short way of a call that carries nothing but a name and arguments, as calls of the 2025 revisions
   * do. What the SDK does for a request, checking its shape and that of its result, was done or is done by
   * the call path.
   */
  #answers(request: JSONRPCRequest, reply: (message: JSONRPCMessage) => void): boolean {
    if (request.method !== "tools/call" || this.#era !== "legacy" || !isPlain(request)) return false;
    const { id, params } = request;
    const stop = new Stop();
    this.#calls.set(id, stop);
    const answer = (message: JSONRPCMessage) => {
      // A call that was cancelled is not among them any more, or another with its id is: it is not answered.
      if (this.#calls.get(id) !== stop) return;
      this.#calls.delete(id);
      reply(message);
    };
    this.#callTool(params, { stop }).then(
      (result) => answer({ jsonrpc: "2.0", id, result }),
      (error) => answer(errorResponse(id, error)),
    );
    return true;
  }

  /** Stops a call that took the short way; false when the notification means something else. */
  #cancels({ method, params }: JSONRPCNotification): boolean {
    const id = params?.requestId;
    if (method !== "notifications/cancelled" || (typeof id !== "string" && typeof id !== "number")) {
      return false;
    }
    const stop = this.#calls.get(id);
    this.#calls.delete(id);
    stop?.abort();
    return stop !== undefined;
  }

  #callTool(params: JSONRPCRequest["params"], options: CallOptions, round?: Round): Promise<ServerResult> {
    return this.onToolCall({ name: String(params?.name), arguments: params?.arguments }, options, round);
  }

  /**
   * Calls with progress, and those of 2026-07-28, take the SDK's way, but without its checks against
   * schemas.
   */
  protected override _wrapHandler(method: string, handler: Handler): Handler {
    if (method !== "tools/call") return super._wrapHandler(method, handler);
    return async ({ params }, ctx) => {
      const report = progressReporter(ctx, this.#log);
      try {
        const { signal } = ctx.mcpReq;
        const options = { signal, ...(report && { progress: report.progress }) };
        return await this.#callTool(params, options, this.#era === "modern" ? roundOf(ctx) : undefined);
      } finally {
        report?.end();
      }
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

/** The reply to a request that failed. */
function errorResponse(id: RequestId, error: unknown): JSONRPCErrorResponse {
  const { code, message } = error instanceof ProtocolError
    ? error
    : { code: ProtocolErrorCode.InternalError, message: errorText(error) };
  return { jsonrpc: "2.0", id, error: { code, message } };
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
 * Whether a request is of the right shape, seen without a schema: almost every one is. Making the schemas
 * costs a third of a start, and applying them as much as a small call.
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

/** What a request of 2026-07-28 says of the client, and of the questions it was asked. */
function roundOf({ mcpReq }: ServerContext): Round {
  const state = mcpReq.requestState();
  const { inputResponses } = mcpReq;
  const envelope: Readonly<Record<string, unknown>> = mcpReq.envelope ?? {};
  const capabilities = envelope[CLIENT_CAPABILITIES_META_KEY];
  return {
    capabilities: isRecord(capabilities) ? capabilities : {},
    ...(inputResponses === undefined ? {} : { answers: inputResponses }),
    ...(typeof state === "string" ? { state } : {}),
  };
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
