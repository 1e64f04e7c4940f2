/**
 * The programs that git runs to reach another repository, as far as the repository names them; see
 * {@link git-programs.ts}.
 * @module
 */
import { chmod, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { configure, type GitPlace } from "./git.ts";
import type { Mechanism } from "./git-programs.ts";

const FETCH: Mechanism["plain"] = [["fetch", "origin"]];

/** Gives the remote `origin` another address, and adds settings. */
function remote(
  name: string,
  url: string,
  settings: (place: GitPlace) => Readonly<Record<string, string>>,
  more: Partial<Mechanism> = {},
): Mechanism {
  return {
    name,
    async arm(place) {
      await place.git(["remote", "set-url", "origin", url]);
      await configure(place, settings(place));
    },
    plain: FETCH,
    ...more,
  };
}

/** The same with a server that asks for a password. */
function asked(
  name: string,
  settings: (place: GitPlace, url: string) => Record<string, string> | Promise<Record<string, string>>,
): Mechanism {
  return {
    name,
    async arm(place) {
      const server = createServer((_, response) => {
        response.writeHead(401, { "www-authenticate": 'Basic realm="test"' }).end();
      });
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      place.closing.push(() => server.close());
      const { port } = server.address() as AddressInfo; // listening on TCP, so it is no string
      const url = `http://127.0.0.1:${port}`;
      await place.git(["remote", "set-url", "origin", `${url}/repo.git`]);
      await configure(place, await settings(place, url));
    },
    plain: FETCH,
  };
}

/** An object is missing that a remote has promised; looking at it makes git fetch it. */
function promised(
  name: string,
  url: string,
  settings: (place: GitPlace) => Readonly<Record<string, string>>,
): Mechanism {
  return {
    name: `${name}, by a lazy fetch`,
    async arm(place) {
      await place.git(["remote", "set-url", "origin", url]);
      const { stdout } = await place.git(["rev-parse", "HEAD~1:data.dat"]);
      const hash = stdout.trim();
      await rm(join(place.repo, ".git", "objects", hash.slice(0, 2), hash.slice(2)));
      await configure(place, {
        ...{ "extensions.partialClone": "origin", "remote.origin.promisor": "true" },
        ...settings(place),
      });
      await place.git(["config", "core.repositoryFormatVersion", "1"]);
    },
    plain: [["cat-file", "-p", "HEAD~1:data.dat"]],
  };
}

/** A program that the repository at the other end names. */
function atOrigin(name: string, arm: (place: GitPlace, origin: string) => Promise<void>): Mechanism {
  return {
    name: `${name} of the repository pushed to`,
    arm: (place) => arm(place, join(place.dir, "origin.git")),
    plain: [["push", "origin", "main:pushed"]],
  };
}

function hookAtOrigin(name: string): Mechanism {
  return atOrigin(`the hook ${name}`, async (place, origin) => {
    const path = join(origin, "hooks", name);
    await writeFile(path, `#!/bin/sh\n${place.mark()}\n`);
    await chmod(path, 0o755);
  });
}

const SSH = "ssh://127.0.0.1/repo.git";

/** All of them. */
export const NETWORK_PROGRAMS: readonly Mechanism[] = [
  remote("core.sshCommand", SSH, (place) => ({ "core.sshCommand": place.mark("false") })),
  remote("core.sshCommand of a short address", "host:repo.git", (place) => {
    return { "core.sshCommand": place.mark("false") };
  }),
  remote("core.gitProxy", "git://127.0.0.1:9/repo.git", () => ({}), {
    async arm(place) {
      await place.git(["remote", "set-url", "origin", "git://127.0.0.1:9/repo.git"]);
      await configure(place, { "core.gitProxy": await place.script("proxy.sh") });
    },
  }),
  {
    name: "remote.origin.uploadpack",
    arm: (place) => configure(place, { "remote.origin.uploadpack": place.mark() }),
    plain: FETCH,
  },
  {
    name: "remote.origin.receivepack",
    arm: (place) => configure(place, { "remote.origin.receivepack": place.mark() }),
    plain: [["push", "origin", "main:pushed"]],
  },
  {
    name: "an ext:: address",
    async arm(place) {
      await place.git(["remote", "set-url", "origin", `ext::touch ${place.marker}`]);
      await configure(place, { "protocol.ext.allow": "always" });
    },
    plain: FETCH,
  },
  {
    name: "remote.origin.vcs",
    async arm(place) {
      await place.git(["config", "remote.origin.url", `touch ${place.marker}`]);
      await configure(place, { "remote.origin.vcs": "ext", "protocol.ext.allow": "always" });
    },
    plain: FETCH,
  },
  remote("url.….insteadOf", "https://example.test/repo.git", (place) => ({
    [`url.ext::touch ${place.marker} #.insteadOf`]: "https://example.test/",
    "protocol.ext.allow": "always",
  })),
  remote("url.….pushInsteadOf", "https://example.test/repo.git", (place) => ({
    [`url.ext::touch ${place.marker} #.pushInsteadOf`]: "https://example.test/",
    "protocol.ext.allow": "always",
  }), { plain: [["push", "origin", "main"]] }),
  {
    name: "an ext:: address to push to",
    arm: (place) =>
      configure(place, {
        "remote.origin.pushurl": `ext::touch ${place.marker}`,
        "protocol.ext.allow": "always",
      }),
    plain: [["push", "origin", "main"]],
  },
  asked("credential.helper", (place) => ({ "credential.helper": `!${place.mark()} #` })),
  asked("credential.….helper", (place, url) => ({ [`credential.${url}.helper`]: `!${place.mark()} #` })),
  asked("core.askPass", async (place) => ({ "core.askPass": await place.script("askpass.sh") })),
  promised("core.sshCommand", SSH, (place) => ({ "core.sshCommand": place.mark("false") })),
  promised(
    "remote.origin.uploadpack",
    "../origin.git",
    (place) => ({ "remote.origin.uploadpack": place.mark() }),
  ),
  ...["pre-receive", "update", "post-receive", "post-update", "reference-transaction"].map(hookAtOrigin),
  atOrigin("core.hooksPath", async (place, origin) => {
    await place.script("hooks/pre-receive");
    await place.git(["config", "core.hooksPath", join(place.repo, "hooks")], { cwd: origin });
  }),
  atOrigin("core.alternateRefsCommand", async (place, origin) => {
    await place.git(["config", "core.alternateRefsCommand", place.mark()], { cwd: origin });
    const alternates = join(origin, "objects", "info", "alternates");
    await writeFile(alternates, `${join(place.repo, ".git", "objects")}\n`);
  }),
];
