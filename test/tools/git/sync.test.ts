import assert from "node:assert/strict";
import { chmod, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { configure, type GitPlace, makeRepository, withGitPlace } from "../../rig/git.ts";
import { PASSWORD, serveGit, signIn } from "../../rig/git-server.ts";
import { type Call, toolsOver } from "../../rig/git-tools.ts";

/** A clean repository whose remote is served over HTTP with a password. */
async function withServed(work: (place: GitPlace, call: Call, url: string) => Promise<void>): Promise<void> {
  await withGitPlace(async (place) => {
    await makeRepository(place);
    await place.git(["reset", "-q", "--hard"]);
    await place.git(["config", "http.receivepack", "true"], { cwd: join(place.dir, "origin.git") });
    const url = `${await serveGit(place, place.dir)}/origin.git`;
    await place.git(["remote", "set-url", "origin", url]);
    await signIn(place);
    await work(place, toolsOver(place), url);
  });
}

/** A commit that somebody else pushed. */
async function pushedByOther(place: GitPlace, content: string): Promise<void> {
  const cwd = join(place.outside, "theirs");
  await place.git(["clone", "-q", join(place.dir, "origin.git"), cwd], { cwd: place.outside });
  await writeFile(join(cwd, "b.txt"), content);
  await place.git(["commit", "-qam", "Theirs"], { cwd });
  await place.git(["push", "-q", "origin", "main"], { cwd });
}

test("git_sync fetches, pulls and pushes over HTTP as the person, and shows no password", async () => {
  await withServed(async (place, call, url) => {
    await pushedByOther(place, "theirs\n");
    const fetched = await call("git_sync", { repo: place.repo, action: "fetch" });
    assert.equal(fetched.isError, false, fetched.text);
    assert.match(fetched.text, /1 branch changed\n {2}origin\/main [0-9a-f]{12} -> [0-9a-f]{12}/);
    assert.equal(await readFile(join(place.repo, "b.txt"), "utf8"), "first\n");
    const pulled = await call("git_sync", { repo: place.repo, action: "pull" });
    assert.match(pulled.text, /Moved main forward to origin\/main, at [0-9a-f]{12}: 1 file changed/);
    assert.equal(await readFile(join(place.repo, "b.txt"), "utf8"), "theirs\n");
    await place.git(["commit", "-q", "--allow-empty", "-m", "Mine"]);
    const pushed = await call("git_sync", { repo: place.repo, action: "push" });
    assert.equal(pushed.isError, false, pushed.text);
    const [mine, theirs] = await Promise.all([
      place.git(["rev-parse", "main"]),
      place.git(["rev-parse", "main"], {
        cwd: join(place.dir, "origin.git"),
      }),
    ]);
    assert.equal(mine.stdout, theirs.stdout);
    assert.equal((await place.git(["rev-parse", "origin/main"])).stdout, mine.stdout);
    await place.git(["remote", "set-url", "origin", url.replace("//", `//ada:${PASSWORD}@`)]);
    for (const action of ["fetch", "push"]) {
      const { text } = await call("git_sync", { repo: place.repo, action });
      assert.doesNotMatch(text, new RegExp(PASSWORD));
      assert.match(text, /\*\*\*@127/);
    }
  });
});

test("git_sync neither merges nor replaces what diverged; force replaces exactly what was seen", async () => {
  await withServed(async (place, call) => {
    await pushedByOther(place, "theirs\n");
    await place.git(["commit", "-q", "--allow-empty", "-m", "Mine"]);
    const rejected = await call("git_sync", { repo: place.repo, action: "push" });
    assert.match(rejected.text, /has commits there that this branch lacks/);
    const unseen = await call("git_sync", { repo: place.repo, action: "push", force: true });
    assert.equal(unseen.isError, true, "what was never fetched must not be replaced");
    const pulled = await call("git_sync", { repo: place.repo, action: "pull" });
    assert.match(pulled.text, /both have commits the other lacks/);
    const merged = await call("git_manage", { repo: place.repo, action: "merge", name: "origin/main" });
    assert.equal(merged.isError, false, merged.text);
    await place.git(["reset", "-q", "--hard", "HEAD^1"]);
    const forced = await call("git_sync", { repo: place.repo, action: "push", force: true });
    assert.match(forced.text, /It replaced [0-9a-f]{12}/);
  });
});

test("git_sync and git_clone say that the person has to sign in, and never ask", async () => {
  await withServed(async (place, call, url) => {
    await place.git(["config", "--global", "--unset-all", "credential.helper"]);
    const fetched = await call("git_sync", { repo: place.repo, action: "fetch" });
    assert.match(fetched.text, /The person has to sign in by hand once/);
    const folder = join(place.dir, "copy");
    const cloned = await call("git_clone", { url, folder });
    assert.match(cloned.text, /The person has to sign in by hand once/);
    assert.equal((await readdir(place.dir)).includes("copy"), false, "nothing stays of a clone that failed");
  });
});

test("git_clone clones over HTTP, leaves out what programs run, and tells so", async () => {
  await withServed(async (place, call, url) => {
    await place.put({
      ".vscode/tasks.json": "{}\n",
      ".envrc": "x\n",
      "src/.gitattributes": "*.bin filter=lfs\n",
    });
    await place.put({ "src/film.bin": "pointer\n" });
    await place.git(["add", "."]);
    await place.git(["commit", "-qm", "Traps"]);
    await place.git(["push", "-q", "origin", "main"]);
    await place.git(["config", "--global", "filter.lfs.smudge", place.mark("cat")]);
    const folder = join(place.dir, "copy");
    const { text, isError } = await call("git_clone", { url, folder });
    assert.equal(isError, false, text);
    assert.match(text, /On main at [0-9a-f]{12}\n\d+ files checked out/);
    assert.match(text, /Left out, because other programs run or obey them: \.envrc, \.vscode\/tasks\.json/);
    assert.match(text, /filter's program .*src\/film\.bin/);
    assert.equal(await place.marked(), false);
    assert.equal((await place.git(["status", "--porcelain"], { cwd: folder })).stdout, "");
    assert.deepEqual((await readdir(folder)).includes(".vscode"), false);
    assert.match((await place.git(["status", "-sb"], { cwd: folder })).stdout, /main\.\.\.origin\/main/);
    assert.doesNotMatch(await readFile(join(folder, ".git/config"), "utf8"), new RegExp(PASSWORD));
    const again = await call("git_clone", { url, folder });
    assert.match(again.text, /something is there already/);
  });
});

test("git_clone and git_sync reach https, ssh, this machine and allowed folders alone", async () => {
  await withGitPlace(async (place) => {
    await makeRepository(place);
    await place.git(["clone", "-q", "--bare", place.repo, join(place.outside, "secret.git")]);
    const call = toolsOver(place);
    const marker = place.marker;
    const addresses: [string, RegExp][] = [
      [join(place.outside, "secret.git"), /outside the allowed folders/],
      [`file://${place.outside}/secret.git`, /outside the allowed folders/],
      ["../../outside/secret.git", /outside the allowed folders/],
      [`ext::touch ${marker}`, /it is no address/],
      ["ext::touch%20x", /only https, ssh and folders/],
      ["fd::17", /only https, ssh and folders/],
      ["git://127.0.0.1/x", /only https, ssh and folders/],
      ["ftp://127.0.0.1/x", /only https, ssh and folders/],
      ["http::http://127.0.0.1/x", /only https, ssh and folders/],
      ["http://example.test/x.git", /http can be read and changed/],
      ["http://127.0.0.1.example.test/x.git", /http can be read and changed/],
      ["http://127.0.0.1@example.test/x.git", /password|http can be read/],
      ["ssh://-oProxyCommand=touch/x", /only https, ssh and folders/],
      ["-oProxyCommand=touch:x", /no address|only https/],
      ["https://user:pass@example.test/x.git", /holds a password/],
      ["", /./],
    ];
    for (const [url, why] of addresses) {
      const cloned = await call("git_clone", { url, folder: join(place.dir, "copy") });
      assert.equal(cloned.isError, true, `${url}: ${cloned.text}`);
      assert.match(cloned.text, why, url);
      assert.doesNotMatch(cloned.text, /user:pass/);
      if (/holds a password|^-|^$/.test(url + why.source)) continue;
      await place.git(["config", "remote.origin.url", url]);
      const fetched = await call("git_sync", { repo: place.repo, action: "fetch" });
      assert.equal(fetched.isError, true, `${url}: ${fetched.text}`);
    }
    assert.equal(await place.marked(), false);
    assert.equal((await readdir(place.dir)).includes("copy"), false);
  });
});

test("git_sync uses the ssh command of the person, and refuses that of the repository", async () => {
  await withGitPlace(async (place) => {
    await makeRepository(place);
    // A stand-in for ssh that runs what it is asked to run at the other end here.
    const ssh = join(place.home, "ssh.sh");
    await writeFile(ssh, '#!/bin/sh\nwhile [ "$1" != host ]; do shift; done\nshift\nexec sh -c "$*"\n');
    await chmod(ssh, 0o755);
    await place.git(["config", "--global", "core.sshCommand", ssh]);
    await place.git(["config", "--global", "ssh.variant", "simple"]);
    await place.git(["remote", "set-url", "origin", `host:${join(place.dir, "origin.git")}`]);
    const call = toolsOver(place);
    const fetched = await call("git_sync", { repo: place.repo, action: "fetch" });
    assert.equal(fetched.isError, false, fetched.text);
    await configure(place, { "core.sshCommand": place.mark("false") });
    const refused = await call("git_sync", { repo: place.repo, action: "fetch" });
    assert.match(refused.text, /its own settings say how \(core\.sshcommand\)/);
    assert.equal(await place.marked(), false);
    await place.git(["config", "--unset", "core.sshCommand"]);
    await place.git(["config", "--global", "core.sshCommand", await place.script("ssh.sh")]);
    await place.marked();
    const reachable = await call("git_sync", { repo: place.repo, action: "fetch" });
    assert.match(reachable.text, /inside an allowed folder/);
    assert.equal(await place.marked(), false);
  });
});
