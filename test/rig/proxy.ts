/** A proxy for tests that writes down what it is asked for. */
import { Buffer } from "node:buffer";
import { createServer, request } from "node:http";
import { connect, type Socket } from "node:net";

/** What a proxy was asked: `CONNECT 127.1.2.3:443`, `GET http://site.test/`. */
export interface Proxy {
  readonly url: string;
  readonly asked: string[];
  /** Values of `Proxy-Authorization`. */
  readonly logins: (string | undefined)[];
}

/**
 * Runs a proxy for the time of `work`.
 * @param names Where it connects to for a name.
 * @param refuse The status it refuses tunnels with.
 */
export async function withProxy<T>(
  work: (proxy: Proxy) => Promise<T>,
  { names = {}, refuse }: { names?: Readonly<Record<string, string>>; refuse?: number } = {},
): Promise<T> {
  const asked: string[] = [];
  const logins: (string | undefined)[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((incoming, outgoing) => {
    asked.push(`${incoming.method} ${incoming.url}`);
    logins.push(incoming.headers["proxy-authorization"]);
    const url = new URL(incoming.url ?? "");
    const headers = { host: url.host };
    const host = names[url.hostname] ?? url.hostname;
    request({ host, port: url.port || 80, path: url.pathname, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 500, answer.headers);
      answer.pipe(outgoing);
    }).on("error", () => outgoing.writeHead(502).end()).end();
  });
  server.on("connect", (incoming, socket: Socket, head: Buffer) => {
    asked.push(`CONNECT ${incoming.url}`);
    logins.push(incoming.headers["proxy-authorization"]);
    socket.on("error", () => {});
    if (refuse !== undefined) return void socket.end(`HTTP/1.1 ${refuse} No\r\ncontent-length: 0\r\n\r\n`);
    const [host = "", port] = (incoming.url ?? "").split(":");
    const onward = connect(Number(port), names[host] ?? host, () => {
      socket.write("HTTP/1.1 200 Connection established\r\n\r\n");
      onward.write(head);
      socket.pipe(onward).pipe(socket);
    });
    sockets.add(onward);
    onward.on("error", () => socket.destroy());
  });
  server.on("connection", (socket) => sockets.add(socket));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  try {
    return await work({ url: `http://127.0.0.1:${port}`, asked, logins });
  } finally {
    for (const socket of sockets) socket.destroy();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  }
}
