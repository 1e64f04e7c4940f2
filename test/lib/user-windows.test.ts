import { test } from "node:test";
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { ToolError } from "../../lib/errors.ts";
import { parseSaved, trustOnWindows, whoCanChange } from "../../lib/user/windows.ts";

const ME = "S-1-5-21-1-2-3-1001";
/** A folder in a profile, as Windows makes it. */
const OWN = `D:AI(A;OICIID;FA;;;SY)(A;OICIID;FA;;;BA)(A;OICIID;FA;;;${ME})`;
/** The root of the drive with Windows. */
const ROOT =
  "D:PAI(A;OICI;FA;;;BA)(A;OICI;FA;;;SY)(A;OICI;0x1200a9;;;BU)(A;OICIIO;SDGXGWGR;;;AU)(A;;LC;;;AU)";
/** The folder of all profiles. */
const USERS = "D:PAI(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;;0x1200a9;;;BU)(A;OICIIO;GXGR;;;BU)(A;;0x1200a9;;;WD)";

test("whoCanChange names those who could change what is run, and nobody who may anyway", () => {
  assert.equal(whoCanChange(OWN, ME, "folder"), undefined);
  assert.equal(whoCanChange(ROOT, ME, "above"), undefined);
  assert.equal(whoCanChange(USERS, ME, "above"), undefined);
  // The same list on the folder itself lets everybody who is logged in write to the files in it.
  assert.equal(whoCanChange(ROOT, ME, "folder"), "AU");
  const cases: readonly (readonly [string, "folder" | "file" | "above", string | undefined])[] = [
    ["D:(A;OICI;0x1301bf;;;AU)", "folder", "AU"],
    ["D:(A;;0x1301bf;;;AU)", "above", "AU"],
    ["D:(A;;0x120116;;;BU)", "above", undefined],
    ["D:(A;;FW;;;BU)", "file", "BU"],
    ["D:(A;;FR;;;WD)(A;;FX;;;WD)", "file", undefined],
    ["D:(A;;CCDCLCSWRPWPDTLOCRSDRCWDWO;;;S-1-5-21-1-2-3-1002)", "folder", "S-1-5-21-1-2-3-1002"],
    ["D:(A;;WD;;;BU)", "above", "BU"],
    ["D:(A;;DT;;;BU)", "above", "BU"],
    ["D:(D;;FA;;;WD)", "folder", undefined],
    ["D:(XA;;FA;;;WD;(1 == 1))", "folder", "WD"],
    ["D:(XA;;FR;;;WD;((1 == 1) && (2 == 2)))(A;;FA;;;BU)", "folder", "BU"],
    ["D:(A;;FA;;;S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464)", "folder", undefined],
    ["D:NO_ACCESS_CONTROL", "folder", "WD"],
    ["D:P", "folder", undefined],
    ["nothing of the kind", "folder", undefined],
  ];
  for (const [descriptor, about, who] of cases) {
    assert.equal(whoCanChange(descriptor, ME, about), who, descriptor);
  }
});

test("parseSaved reads what icacls writes, in both encodings", () => {
  const text = `tools\r\n${OWN}\r\na b.ts\r\nD:(A;;FA;;;WD)\r\n`;
  const expected = new Map([["tools", OWN], ["a b.ts", "D:(A;;FA;;;WD)"]]);
  assert.deepEqual(parseSaved(Buffer.from(text, "utf16le")), expected);
  assert.deepEqual(parseSaved(Buffer.from(`\ufeff${text}`, "utf16le")), expected);
  assert.deepEqual(parseSaved(Buffer.from(text)), expected);
  assert.deepEqual(parseSaved(Buffer.alloc(0)), new Map());
});

test("trustOnWindows looks at the folder, at what stands in it, and once at the folders above", () => {
  const folder = "C:\\Users\\ada\\tools";
  const lists: Record<string, string> = {
    [folder]: OWN,
    "C:\\Users\\ada": OWN,
    "C:\\Users": USERS,
    "C:\\": ROOT,
  };
  let files = new Map([["a.ts", OWN]]);
  const asked: string[] = [];
  const look = (known = new Map<string, string>()) => {
    asked.length = 0;
    trustOnWindows(folder, () => "same", known, {
      me: () => ME,
      read(what) {
        asked.push(what);
        return what.endsWith("*") ? files : new Map([["x", lists[what] ?? assert.fail(what)]]);
      },
    });
  };
  const known = new Map<string, string>();
  look(known);
  assert.deepEqual(asked, [folder, `${folder}\\*`, "C:\\Users\\ada", "C:\\Users", "C:\\"]);
  look(known);
  assert.deepEqual(asked, [folder, `${folder}\\*`]);
  files = new Map([["a.ts", OWN], ["b.ts", "D:(A;;FA;;;WD)"]]);
  assert.throws(() => look(), (error) => {
    assert.ok(error instanceof ToolError);
    assert.equal(error.message, `"${folder}\\b.ts" can be changed by others (Everyone)`);
    assert.match(error.next, /icacls "C:\\Users\\ada\\tools\\b\.ts" \/remove:g \*S-1-1-0$/);
    return true;
  });
  files = new Map();
  lists["C:\\Users\\ada"] = "D:(A;;0x1301bf;;;S-1-5-21-1-2-3-1002)";
  assert.throws(() => look(), /"C:\\Users\\ada" can be changed by others \(S-1-5-21-1-2-3-1002\)/);
  // What cannot be had refuses nothing.
  trustOnWindows(folder, () => "", new Map(), { me: () => undefined, read: () => assert.fail("asked") });
  trustOnWindows(folder, () => "", new Map(), { me: () => ME, read: () => undefined });
});
