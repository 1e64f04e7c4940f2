/**
 * Git over HTTP on this machine: `git http-backend` behind a server that asks for a password.
 * @module
 */
import { Buffer } from "node:buffer";
import { spawn } from "node:child_process";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { GitPlace } from "./git.ts";

/** What the server wants to be told; a password that must show nowhere. */
export const PASSWORD = "s3cret-pa55";

/** Serves the repositories of a folder. @returns the address of that folder. */
export async function serveGit(place: GitPlace, folder: string): Promise<string> {
  const path = (await place.git(["--exec-path"], { cwd: place.dir })).stdout.trim();
  const server = createServer((request, response) => {
    if (request.headers.authorization !== `Basic ${Buffer.from(`ada:${PASSWORD}`).toString("base64")}`) {
      response.writeHead(401, { "www-authenticate": 'Basic realm="test"' }).end();
    } else answer(request, response, `${path}/git-http-backend`, folder);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  place.closing.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`; // listening on TCP, so it is no string
}

/** Lets the person's own configuration know the password. */
export async function signIn(place: GitPlace): Promise<void> {
  const helper = `!f() { echo username=ada; echo password=${PASSWORD}; }; f`;
  await place.git(["config", "--global", "credential.helper", helper], { cwd: place.dir });
}

/** One request, as the common gateway interface has it (RFC 3875). */
function answer(request: IncomingMessage, response: ServerResponse, program: string, folder: string): void {
  const url = new URL(request.url ?? "/", "http://localhost");
  const child = spawn(program, [], {
    env: {
      ...{ GIT_PROJECT_ROOT: folder, GIT_HTTP_EXPORT_ALL: "1", GIT_CONFIG_NOSYSTEM: "1", REMOTE_USER: "ada" },
      ...{ PATH_INFO: decodeURIComponent(url.pathname), QUERY_STRING: url.search.slice(1) },
      ...{ REQUEST_METHOD: request.method, CONTENT_TYPE: request.headers["content-type"] ?? "" },
      ...{ HTTP_CONTENT_ENCODING: String(request.headers["content-encoding"] ?? ""), PATH: process.env.PATH },
      ...{ GIT_PROTOCOL: String(request.headers["git-protocol"] ?? "") },
    },
  });
  const pieces: Buffer[] = [];
  request.pipe(child.stdin);
  child.stdin.on("error", () => {});
  child.stdout.on("data", (piece: Buffer) => pieces.push(piece));
  child.on("close", () => {
    const all = Buffer.concat(pieces);
    const end = all.indexOf("\r\n\r\n");
    const headers = all.subarray(0, end).toString("latin1").split("\r\n").map((line) => line.split(": ", 2));
    const status = headers.find(([name]) => name === "Status")?.[1] ?? "200";
    const others = headers.filter(([name]) => name !== "Status").map((
      [name = "", value = ""],
    ) => [name, value]);
    response.writeHead(Number.parseInt(status), Object.fromEntries(others)).end(all.subarray(end + 4));
  });
}
