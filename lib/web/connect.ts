/**
 * Connections to what the guard has judged: straight to the judged address, never to a name.
 *
 * Through a proxy the judgement holds as well: the proxy is told the judged address, as in
 * `CONNECT 93.184.216.34:443`, and not the name, which it could resolve to something else. Only for hosts
 * that the person vouches for is it given the name.
 * @module
 */
import { Buffer } from "node:buffer";
import { lookup } from "node:dns/promises";
import { request } from "node:http";
import { connect as connectTcp, type Socket } from "node:net";
import { connect as connectTls, getCACertificates, type TLSSocket } from "node:tls";
import { errorCode, errorText, ToolError } from "../errors.ts";
import { WEB_ADDRESS_MS_MAX, WEB_ADDRESSES_MAX, WEB_CONNECT_MS_MAX } from "../limits.ts";
import { isAddress } from "./address.ts";
import { type Resolve, type Route, shown } from "./guard.ts";
import { within } from "./patience.ts";

/** A connection over which requests for a route can be sent. */
export interface Line {
  readonly socket: Socket;
  /** What stands before the path in a request: the whole origin, when a proxy forwards the request itself. */
  readonly prefix: string;
  /** The header `Proxy-Authorization` for such a request. */
  readonly proxyAuthorization?: string;
}

/** Makes connections. */
export type Dial = (route: Route, proxy: URL | undefined, signal: AbortSignal) => Promise<Line>;

/** Asks the system for the addresses of a name, as every program does: hosts file, then name servers. */
export const systemResolve: Resolve = async (host: string): Promise<string[]> =>
  (await lookup(host, { all: true, order: "verbatim" })).map(({ address }) => address);

/**
 * Makes the dialer.
 * @param read The certificates of the authorities that are trusted, asked for at the first connection that
 * needs them.
 */
export function createDial(read: () => string[] = readAuthorities): Dial {
  let authorities: string[] | undefined;
  const trusted = () => authorities ??= read();
  return async (route, proxy, signal) => {
    const tooLate = () => unreachable(route.url, `no connection within ${WEB_CONNECT_MS_MAX / 1000} seconds`);
    return await within(WEB_CONNECT_MS_MAX, signal, tooLate, async (until) => {
      const isTls = route.url.protocol === "https:";
      const plain = proxy === undefined
        ? await dialFirst(route.url, route.addresses, route.port, until)
        : await dialProxy(route, proxy, trusted, until);
      if (proxy !== undefined && forwards(route)) {
        return { socket: plain, prefix: route.url.origin, proxyAuthorization: authorization(proxy) };
      }
      const socket = isTls ? await secure(plain, route.host, route.url, trusted(), until) : plain;
      return { socket, prefix: "" };
    });
  };
}

/** What nothing answers at. */
export function unreachable(url: URL, why: string): ToolError {
  return new ToolError(
    `Cannot fetch "${shown(url.href)}": ${why}`,
    "Check the address, or try again later.",
  );
}

/** Authorities of the runtime, of NODE_EXTRA_CA_CERTS, and of the system, where a company puts its own. */
function readAuthorities(): string[] {
  return [...new Set([...getCACertificates("default"), ...getCACertificates("system")])];
}

/** Whether a proxy gets the request itself: only without TLS, and only for a host it may resolve. */
function forwards(route: Route): boolean {
  return route.isVouched && route.url.protocol === "http:";
}

/** Connects to the first address that answers. */
async function dialFirst(
  url: URL,
  addresses: readonly string[],
  port: number,
  signal: AbortSignal,
): Promise<Socket> {
  const tried = addresses.slice(0, WEB_ADDRESSES_MAX);
  const ms = tried.length === 1 ? WEB_CONNECT_MS_MAX : WEB_ADDRESS_MS_MAX;
  let last: unknown;
  for (const address of tried) {
    try {
      const tooLate = () => unreachable(url, `no connection within ${ms / 1000} seconds`);
      return await within(ms, signal, tooLate, (until) => dialTcp(address, port, until));
    } catch (error) {
      // Deno without the permission is not the server's silence: the call path says what it is.
      if (signal.aborted || (error instanceof Error && error.name === "NotCapable")) throw error;
      last = error;
    }
  }
  if (last instanceof ToolError) throw last;
  throw unreachable(url, `nothing answers there (${errorCode(last) ?? errorText(last)})`);
}

async function dialTcp(host: string, port: number, signal: AbortSignal): Promise<Socket> {
  const socket = connectTcp({ host, port, autoSelectFamily: false });
  await opened(socket, "connect", signal);
  return socket;
}

/** Waits until a socket is open; closes it when it will not be. */
async function opened(
  socket: Socket,
  event: "connect" | "secureConnect",
  signal: AbortSignal,
): Promise<void> {
  const stop = () => socket.destroy();
  signal.addEventListener("abort", stop, { once: true });
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once(event, resolve);
      socket.once("error", reject);
      socket.once("close", () => reject(new Error("the connection was closed")));
    });
  } catch (error) {
    socket.destroy();
    throw error;
  } finally {
    signal.removeEventListener("abort", stop);
    // An error that comes later shows in what is read; without a listener it would end the process.
    socket.on("error", () => {});
  }
}

async function secure(
  plain: Socket,
  host: string,
  url: URL,
  ca: string[],
  signal: AbortSignal,
): Promise<TLSSocket> {
  const socket = connectTls({
    socket: plain,
    host,
    servername: isAddress(host) ? "" : host,
    ca,
    // Stated, because NODE_TLS_REJECT_UNAUTHORIZED=0 would change the default for everything.
    rejectUnauthorized: true,
    ALPNProtocols: ["http/1.1"],
  });
  try {
    await opened(socket, "secureConnect", signal);
    return socket;
  } catch (error) {
    plain.destroy();
    if (signal.aborted) throw error;
    throw untrusted(url, host, error);
  }
}

function untrusted(url: URL, host: string, error: unknown): ToolError {
  const code = errorCode(error) ?? errorText(error);
  if (!/CERT|VERIFY|SIGNED|ISSUER/.test(code)) {
    return unreachable(url, `no secure connection could be made (${code})`);
  }
  return new ToolError(
    `Cannot fetch "${shown(url.href)}": the certificate of "${host}" is not trusted (${code})`,
    "Nothing was sent. If a company's proxy signs it, the person can add the company's certificate to the " +
      "system's, or name its file in the variable NODE_EXTRA_CA_CERTS.",
  );
}

async function dialProxy(
  route: Route,
  proxy: URL,
  trusted: () => string[],
  signal: AbortSignal,
): Promise<Socket> {
  const host = proxy.hostname.replace(/^\[|\]$/g, "");
  const port = Number(proxy.port || (proxy.protocol === "https:" ? 443 : 80));
  let socket: Socket;
  try {
    const addresses = isAddress(host) ? [host] : await systemResolve(host);
    socket = await dialFirst(route.url, addresses, port, signal);
    if (proxy.protocol === "https:") socket = await secure(socket, host, route.url, trusted(), signal);
  } catch (error) {
    if (signal.aborted) throw error;
    const [why = ""] = errorText(error).split("\n");
    throw new ToolError(
      `Cannot reach the proxy ${proxy.host}: ${
        errorCode(error) ?? why.replace(/^Cannot fetch "[^"]*": /, "")
      }`,
      "The person sets it in HTTP_PROXY and HTTPS_PROXY, and can except hosts in NO_PROXY.",
    );
  }
  return forwards(route) ? socket : await tunnel(route, proxy, socket, signal);
}

/** Asks a proxy for a tunnel (RFC 9110, section 9.3.6). */
async function tunnel(route: Route, proxy: URL, socket: Socket, signal: AbortSignal): Promise<Socket> {
  const to = route.isVouched ? route.host : route.addresses[0] ?? route.host;
  const target = `${to.includes(":") ? `[${to}]` : to}:${route.port}`;
  const stop = () => socket.destroy();
  signal.addEventListener("abort", stop, { once: true });
  try {
    const status = await new Promise<number>((resolve, reject) => {
      const headers = { host: target, "proxy-authorization": authorization(proxy) };
      const asked = request({
        method: "CONNECT",
        path: target,
        headers: headers["proxy-authorization"] === undefined ? { host: target } : headers,
        createConnection: () => socket,
      });
      asked.once("connect", (answer, _socket, head: Buffer) => {
        if (head.length > 0) socket.unshift(head);
        resolve(answer.statusCode ?? 0);
      });
      asked.once("response", (answer) => resolve(answer.statusCode ?? 0));
      asked.once("error", reject);
      socket.once("close", () => reject(new Error("it closed the connection")));
      asked.end();
    });
    if (status >= 200 && status < 300) return socket;
    throw refusedTunnel(route, proxy, target, status);
  } catch (error) {
    socket.destroy();
    if (signal.aborted || error instanceof ToolError) throw error;
    throw unreachable(route.url, `the proxy ${proxy.host} opened no tunnel (${errorText(error)})`);
  } finally {
    signal.removeEventListener("abort", stop);
  }
}

function refusedTunnel(route: Route, proxy: URL, target: string, status: number): ToolError {
  return new ToolError(
    `Cannot fetch "${
      shown(route.url.href)
    }": the proxy ${proxy.host} refused a tunnel to ${target} (${status})`,
    route.isVouched
      ? "The person who runs the proxy decides where it leads."
      : "It was given the checked address instead of the name. A proxy that judges names lets it pass when " +
        `the person allows the host with --allow-host ${route.host}.`,
  );
}

function authorization(proxy: URL): string | undefined {
  if (proxy.username === "" && proxy.password === "") return undefined;
  const plain = `${decodeURIComponent(proxy.username)}:${decodeURIComponent(proxy.password)}`;
  return `Basic ${Buffer.from(plain).toString("base64")}`;
}
