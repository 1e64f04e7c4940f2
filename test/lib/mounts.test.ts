import assert from "node:assert/strict";
import { test } from "node:test";
import { isLocal, parseMounts } from "../../lib/fs/mounts.ts";

const TABLE = [
  "22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw",
  "30 22 0:25 / /home/ada rw - btrfs /dev/sdb rw",
  "31 30 0:26 / /home/ada/remote rw shared:5 master:2 - nfs4 server:/x rw",
  String.raw`32 22 0:27 / /mnt/two\040words rw - fuse.sshfs host:/ rw`,
  "33 22 0:28 / /over rw - cifs //server/x rw",
  "34 22 0:29 / /over rw - tmpfs tmpfs rw",
].join("\n");

test("parseMounts reads paths with spaces and lines with and without optional fields", () => {
  const mounts = parseMounts(TABLE);
  assert.deepEqual(mounts.map((mount) => mount.type), [
    "ext4",
    "btrfs",
    "nfs4",
    "fuse.sshfs",
    "cifs",
    "tmpfs",
  ]);
  assert.equal(mounts[3]?.path, "/mnt/two words");
});

test("isLocal is true only when the folder and everything mounted below it is on a local disk", () => {
  const mounts = parseMounts(TABLE);
  for (const folder of ["/etc", "/home/ada/notes", "/home/adam", "/over"]) {
    assert.equal(isLocal(folder, mounts), true, folder);
  }
  for (const folder of ["/", "/home", "/home/ada", "/home/ada/remote/x", "/mnt/two words/y", "/mnt"]) {
    assert.equal(isLocal(folder, mounts), false, folder);
  }
  assert.equal(isLocal("/anything", []), false);
});
