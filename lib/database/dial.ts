/**
 * Connections to a PostgreSQL server.
 * @module
 */
import { Socket } from "node:net";
import type { PostgresConfig } from "../config/databases.ts";
import { SQL_CONNECT_MS_MAX } from "../limits.ts";

/**
 * Makes what the library asks for connections. There is one, and a second one that cancels what runs on it:
 * the library itself would connect again for ever to a server that hangs up, hundreds of times a second.
 */
export function createDial({ host, port }: PostgresConfig): () => Promise<Socket> {
  let left = 2;
  return async () => {
    if (left === 0) throw new Error("the server hung up");
    left--;
    const socket = new Socket();
    const opened = Promise.withResolvers<void>();
    const timer = setTimeout(
      () => socket.destroy(new Error(`no answer within ${SQL_CONNECT_MS_MAX / 1_000} seconds`)),
      SQL_CONNECT_MS_MAX,
    );
    socket.once("connect", opened.resolve);
    socket.once("error", opened.reject);
    try {
      if (host.startsWith("/")) socket.connect(`${host}/.s.PGSQL.${port}`);
      else socket.connect(port, host);
      await opened.promise;
    } finally {
      clearTimeout(timer);
      socket.off("error", opened.reject);
    }
    // The library names the server by this when it checks a certificate.
    return Object.assign(socket, { host, port });
  };
}
