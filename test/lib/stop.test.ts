import assert from "node:assert/strict";
import { test } from "node:test";
import { CancelledError, ToolError } from "../../lib/errors.ts";
import { Stop } from "../../lib/stop.ts";

test("Stop rejects who waits, with the first reason, and aborts a signal asked for before", async () => {
  const stop = new Stop();
  const { signal } = stop;
  const endless = stop.wait(() => new Promise(() => {}));
  const slow = new ToolError("too slow", "ask for less");
  stop.abort(slow);
  stop.abort(new Error("a second reason"));
  await assert.rejects(endless, slow);
  assert.equal(signal.aborted, true);
  assert.equal(signal.reason, slow);
  assert.equal(stop.signal, signal);
});

test("Stop gives a signal that is aborted already when it is asked for too late", () => {
  const stop = new Stop();
  stop.abort();
  assert.equal(stop.isStopped, true);
  assert.ok(stop.reason instanceof CancelledError);
  assert.equal(stop.signal.aborted, true);
  assert.equal(stop.signal.reason, stop.reason);
});

test("Stop does not begin what is waited for after it was stopped", async () => {
  const stop = new Stop();
  stop.abort();
  let begun = false;
  await assert.rejects(stop.wait(() => void (begun = true)), CancelledError);
  assert.equal(begun, false);
});

test("Stop passes on what the work returns, resolves to, throws and rejects with", async () => {
  const stop = new Stop();
  assert.equal(await stop.wait(() => 1), 1);
  assert.equal(await stop.wait(() => Promise.resolve(2)), 2);
  const fail = () => {
    throw new Error("thrown");
  };
  await assert.rejects(stop.wait(fail), /thrown/);
  await assert.rejects(stop.wait(() => Promise.reject(new Error("rejected"))), /rejected/);
});
