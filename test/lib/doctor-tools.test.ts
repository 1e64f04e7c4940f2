import { test } from "node:test";
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { chmod, mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { userTools } from "../../lib/doctor/usertools.ts";
import { writePins } from "../../lib/user/store.ts";
import { entry, only, severities, withHome } from "../rig/patient.ts";
import { putTools, toolSource } from "../rig/usertools.ts";

test("the doctor loads user tools, and names the file, the line and what mends it", async () => {
  await withHome(async ({ claude, home, put, setting }) => {
    const none = await only(userTools, await setting());
    assert.deepEqual([none.severity, none.mend], ["ok", undefined]);
    assert.match(none.what, /^There are none yet: clawhammer new NAME begins one in ".*clawhammer\/tools"$/);
    const tools = join(home, ".config", "clawhammer", "tools");
    await mkdir(tools, { recursive: true, mode: 0o700 });
    await putTools(tools, {
      "fine.ts": toolSource("fine", "return 'fine';"),
      "broken.ts": 'import { defineTool } from "clawhammer";\nexport default = 5;\n',
      "none.tool.yaml": "description: Broken\neffect: read\ncomand: [ls]\n",
    });
    const findings = await userTools.examine(await setting());
    assert.deepEqual(severities(findings), ["ok", "error", "error"]);
    const [fine, broken, declared] = findings;
    assert.equal(fine?.what, `1 tool in 1 file of "${tools}"`);
    assert.match(broken?.what ?? "", /^broken\.ts:2 in ".*tools": /);
    assert.match(declared?.what ?? "", /^none\.tool\.yaml:3 in ".*tools": Unknown key "comand"$/);
    assert.ok(findings.slice(1).every(({ mend = "" }) => mend !== ""));
    // It changes nothing: neither is anything remembered, nor trusted by being looked at.
    await rm(join(tools, "broken.ts"));
    await rm(join(tools, "none.tool.yaml"));
    assert.deepEqual(severities(await userTools.examine(await setting(["--pin-tools"]))), ["ok"]);
    for (const kept of [".local/share/clawhammer", ".cache/clawhammer"]) {
      assert.ok(!existsSync(join(home, kept)), kept);
    }
    // An entry of a client uses another folder, which others can change.
    const open = join(home, "open");
    await mkdir(open);
    await chmod(open, 0o777);
    await put(claude, entry("/gone/clawhammer", ["serve", "--tools-dir", open]));
    const [, refused] = await userTools.examine(await setting());
    assert.equal(refused?.severity, "error");
    assert.match(refused?.what ?? "", /^".*open" can be changed by others \(its mode is 777\)$/);
    assert.match(refused?.mend ?? "", /chmod go-w ".*open"$/);
  });
});

test("the doctor says which pinned file has changed, and how it is trusted", async () => {
  await withHome(async ({ home, setting }) => {
    const tools = join(home, ".config", "clawhammer", "tools");
    await mkdir(tools, { recursive: true, mode: 0o700 });
    await putTools(tools, { "fine.ts": toolSource("fine", "return 'changed';") });
    const now = await setting(["--pin-tools"], { command: "./claw" });
    const data = now.config.folders.data ?? assert.fail();
    await mkdir(data, { recursive: true });
    await writePins(data, { [join(tools, "fine.ts")]: "0".repeat(64) });
    const finding = await only(userTools, now);
    assert.equal(finding.severity, "error");
    assert.match(finding.what, /^fine\.ts in ".*tools": It is not what was trusted/);
    assert.equal(finding.mend, `Look at it, then: ./claw trust "${join(tools, "fine.ts")}"`);
  });
});
