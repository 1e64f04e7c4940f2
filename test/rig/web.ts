/**
 * A small internet on the loopback network for tests: servers at addresses of their own (all of 127.0.0.0/8
 * is this machine), some of which a test declares to be public, and a name server.
 */
import { Buffer } from "node:buffer";
import { createSocket } from "node:dgram";
import { Resolver } from "node:dns/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createSecure } from "node:https";
import { createServer as createTcp, type Server, type Socket } from "node:net";
import { createCache } from "../../lib/web/cache.ts";
import { type Client, type ClientOptions, createClient } from "../../lib/web/client.ts";
import { createDial } from "../../lib/web/connect.ts";
import type { HostPattern, WebPolicy } from "../../lib/web/hosts.ts";
import { createPages, type Facts } from "../../lib/web/pages.ts";
import { createRobots } from "../../lib/web/robots.ts";
import type { Web } from "../../lib/web/types.ts";
import type { Certificate } from "./certificates.ts";

/** A request as a server saw it. */
export interface Seen {
  readonly url: string;
  readonly headers: IncomingMessage["headers"];
}

/** A server that runs. */
export interface Site {
  readonly address: string;
  readonly port: number;
  /** `http://127.8.9.10:8080` */
  readonly origin: string;
  /** Requests so far, without those for a robots.txt that the rig answers. */
  readonly seen: Seen[];
  /** Connections so far. */
  connections: number;
}

/** Answers a request. Every robots.txt is missing unless it is answered here. */
export type Answerer = (request: IncomingMessage, response: ServerResponse) => void;

/** The port of all sites: one of those that are open without a word. */
export const PORT = 8080;

/** An address of this machine that nothing else uses. */
export function freshAddress(): string {
  const part = () => 2 + Math.floor(Math.random() * 250);
  return `127.${part()}.${part()}.${part()}`;
}

/** Runs an HTTP server for the time of `work`. */
export async function withSite<T>(
  answer: Answerer,
  work: (site: Site) => Promise<T>,
  options: { readonly certificate?: Certificate; readonly address?: string; readonly robots?: boolean } = {},
): Promise<T> {
  const { certificate, address = freshAddress() } = options;
  const origin = `http${certificate === undefined ? "" : "s"}://${address}:${PORT}`;
  const site: Site = { address, port: PORT, origin, seen: [], connections: 0 };
  const handle: Answerer = (request, response) => {
    response.on("error", () => {});
    if (request.url === "/robots.txt" && options.robots !== true) return void response.writeHead(404).end();
    site.seen.push({ url: request.url ?? "", headers: request.headers });
    answer(request, response);
  };
  const server = certificate === undefined ? createServer(handle) : createSecure({ ...certificate }, handle);
  server.on("connection", () => site.connections++);
  return await listening(server, address, PORT, () => work(site));
}

/** Runs a server that speaks no HTTP, or bad one: `answer` gets the first bytes of each connection. */
export async function withRaw<T>(
  answer: (socket: Socket, head: string) => void,
  work: (site: Site) => Promise<T>,
): Promise<T> {
  const address = freshAddress();
  const site: Site = { address, port: PORT, origin: `http://${address}:${PORT}`, seen: [], connections: 0 };
  const server = createTcp((socket) => {
    site.connections++;
    socket.on("error", () => {});
    socket.once("data", (piece) => {
      const head = piece.toString("latin1");
      if (head.startsWith("GET /robots.txt")) socket.end("HTTP/1.1 404 -\r\ncontent-length: 0\r\n\r\n");
      else answer(socket, head);
    });
  });
  return await listening(server, address, PORT, () => work(site));
}

async function listening<T>(
  server: Server,
  address: string,
  port: number,
  work: () => Promise<T>,
): Promise<T> {
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => sockets.delete(socket));
  });
  server.on("tlsClientError", () => {});
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, address, resolve);
  });
  try {
    return await work();
  } finally {
    for (const socket of sockets) socket.destroy();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  }
}

/**
 * Runs a name server over UDP (RFC 1035) for the time of `work`. Each name has a list of addresses of IPv4,
 * given out one at a time, the last one for ever: so does an attacker who rebinds a name.
 */
export async function withNames<T>(
  names: Readonly<Record<string, readonly string[]>>,
  work: (resolve: (host: string) => Promise<string[]>) => Promise<T>,
): Promise<T> {
  const asked = new Map<string, number>();
  const socket = createSocket("udp4");
  socket.on("message", (query, { address, port }) => {
    const labels: string[] = [];
    let at = 12;
    for (let length = query[at] ?? 0; length > 0; length = query[at] ?? 0) {
      labels.push(query.toString("latin1", at + 1, at + 1 + length));
      at += length + 1;
    }
    const question = query.subarray(12, at + 5);
    const name = labels.join(".").toLowerCase();
    const list = names[name];
    const times = asked.get(name) ?? 0;
    asked.set(name, times + 1);
    const given = list?.[Math.min(times, list.length - 1)];
    const isKnown = given !== undefined;
    const head = Buffer.from([0, 0, 0x81, isKnown ? 0x80 : 0x83, 0, 1, 0, isKnown ? 1 : 0, 0, 0, 0, 0]);
    query.copy(head, 0, 0, 2);
    const bytes = (given ?? "").split(".").map(Number);
    const record = isKnown
      ? Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4, ...bytes])
      : Buffer.alloc(0);
    socket.send(Buffer.concat([head, question, record]), port, address);
  });
  await new Promise<void>((resolve) => socket.bind(0, "127.0.0.1", resolve));
  const resolver = new Resolver();
  resolver.setServers([`127.0.0.1:${socket.address().port}`]);
  try {
    return await work((host) => resolver.resolve4(host));
  } finally {
    socket.close();
  }
}

/** A policy that says nothing but this. */
export function policyOf(policy: Partial<WebPolicy> = {}): WebPolicy {
  return { allowHost: [], denyHost: [], allowPrivate: false, ignoreRobots: false, headers: [], ...policy };
}

/** Addresses that count as public in a test. */
export function asPublic(...sites: readonly { readonly address: string }[]): HostPattern[] {
  return sites.map(({ address }) => ({ host: address, port: "" }));
}

/** A client that does all that the product's does. */
export function clientOf(options: Partial<ClientOptions>, authorities: readonly string[] = []): Client {
  return createClient({
    policy: policyOf(),
    proxy: {},
    resolve: () => Promise.reject(Object.assign(new Error("no names here"), { code: "ENOTFOUND" })),
    dial: createDial(() => [...authorities]),
    robots: createRobots(),
    userAgent: "Clawhammer/test",
    ...options,
  });
}

/** Reading pages through such a client, without workers and documents. */
export function pagesOf(options: Partial<ClientOptions>, folder?: string, now?: () => number): Web {
  const { policy = policyOf() } = options;
  return createPages({
    client: clientOf(options),
    cache: createCache<Facts>({ folder, warn() {} }),
    convert: (html) => Promise.resolve({ markdown: html, title: "", notes: [] }),
    documents: {
      recognise: () => undefined,
      withMarkdown: () => Promise.reject(new Error("no documents here")),
      pageImages: () => Promise.reject(new Error("no documents here")),
      summary: () => Promise.resolve(undefined),
    },
    cacheKey: JSON.stringify(policy),
    secretsOf: (origin) => policy.headers.filter((one) => one.origin === origin).map(({ value }) => value),
    now,
  });
}

/** Nobody waits but the test. */
export function watch(signal = new AbortController().signal): { signal: AbortSignal; progress(): void } {
  return { signal, progress() {} };
}
