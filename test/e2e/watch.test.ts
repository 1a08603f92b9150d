import assert from "node:assert/strict";
import { copyFile, mkdir, rename, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { setImmediate } from "node:timers/promises";
import { type CordonError, type Sandbox, serveHttp, watch, type WatchOptions } from "../../src/sandbox/index.ts";
import { failsWith } from "../support/errors.ts";
import { proxyGuest, temporaryFolder, TEST_CACHE, textGuest } from "../support/guests.ts";

/** A version of a component, by the number that it gives. */
function version(number: number): Promise<string> {
  return textGuest(
    `watched-${number}`,
    `(component
      (core module $m
        (func (export "number") (result i32) (i32.const ${number}))
        (func (export "spin") (loop $l (br $l))))
      (core instance $i (instantiate $m))
      (func (export "number") (result u32) (canon lift (core func $i "number")))
      (func (export "spin") (canon lift (core func $i "spin"))))`,
  );
}

/** What a watched component tells, each told thing once. */
function teller(): {
  readonly options: Pick<WatchOptions, "onReload" | "onFailure">;
  readonly next: () => Promise<Sandbox | CordonError>;
} {
  const told: (Sandbox | CordonError)[] = [];
  let wake: () => void = () => undefined;
  const take = (one: Sandbox | CordonError): void => {
    told.push(one);
    wake();
  };
  const next = async (): Promise<Sandbox | CordonError> => {
    while (told.length === 0) await new Promise<void>((resolve) => (wake = resolve));
    return told.shift() ?? assert.fail();
  };
  return { options: { onReload: take, onFailure: take }, next };
}

async function watchedFile(context: TestContext, first: string): Promise<string> {
  const path = join(await temporaryFolder(context), "tool.wasm");
  await copyFile(first, path);
  return path;
}

const sandbox = { cache: TEST_CACHE } as const;

test("a component that changes is opened anew, and what runs ends on the version it began on", async (context) => {
  const path = await watchedFile(context, await version(1));
  const { options, next } = teller();
  await using watched = await watch(path, { sandbox, ...options });
  assert.equal((await watched.call("number")).value, 1);
  assert.equal(watched.sandbox.component.name, "tool");
  const before = watched.sandbox;
  const spinning = before.call("spin");
  spinning.catch(() => undefined);
  const staying = await before.instantiate();

  await copyFile(await version(2), `${path}.new`);
  await rename(`${path}.new`, path);
  assert.equal(await next(), watched.sandbox);
  assert.equal((await watched.call("number")).value, 2);
  assert.deepEqual([before.running.length, (await staying.call("number")).value], [2, 1]);
  const why = new Error("enough");
  before.running[0]?.stop(why);
  assert.equal((await failsWith("cancelled", /./u, spinning)).cause, why);
  await staying.close();
  // Nothing of it runs any more, so that it is closed: then it cannot even be reset.
  await assert.rejects(async () => {
    for (;;) await setImmediate().then(() => before.reset());
  }, /its sandbox is closed/u);

  // The same content is the same version; what is no component leaves this one in force.
  await writeFile(path, "no component");
  assert.equal(((await next()) as CordonError).code, "invalid-component");
  assert.equal((await watched.call("number")).value, 2);
  await rm(path);
  assert.match(((await next()) as CordonError).message, /there is no such file/u);
  await copyFile(await version(1), path);
  assert.equal(await next(), watched.sandbox);
  assert.equal((await watched.call("number")).value, 1);
});

test("links on the path are followed when they come to lead elsewhere", async (context) => {
  const folder = await temporaryFolder(context);
  for (const number of [1, 2, 3]) {
    await mkdir(join(folder, `release-${number}`));
    await copyFile(await version(number), join(folder, `release-${number}`, "tool.wasm"));
  }
  // As deployments do it: a link to the release, and a link to the file by way of that.
  await symlink("release-1", join(folder, "current"));
  await mkdir(join(folder, "etc"));
  const path = join(folder, "etc/link.wasm");
  await symlink("../current/tool.wasm", path);
  const { options, next } = teller();
  await using watched = await watch(path, { sandbox, ...options });
  const numberAfter = async (change: () => Promise<void>): Promise<unknown> => {
    await change();
    assert.equal(await next(), watched.sandbox);
    return (await watched.call("number")).value;
  };
  const relink = async (target: string, link: string): Promise<void> => {
    await symlink(target, `${link}.new`);
    await rename(`${link}.new`, link);
  };
  assert.equal((await watched.call("number")).value, 1);
  assert.equal(await numberAfter(() => relink("release-2", join(folder, "current"))), 2);
  // In the folder that the link leads to now, and no more in the one before.
  assert.equal(await numberAfter(async () => copyFile(await version(1), join(folder, "release-2/tool.wasm"))), 1);
  assert.equal(await numberAfter(() => relink(join(folder, "release-3/tool.wasm"), path)), 3);
});

test("a version that is not accepted is never in force", async (context) => {
  const path = await watchedFile(context, await version(1));
  const { options, next } = teller();
  const refused = new Error("not this one");
  const accepts = async (candidate: Sandbox): Promise<void> => {
    if ((await candidate.call("number")).value === 2) throw refused;
  };
  const watched = await watch(path, { sandbox, accepts, ...options });
  await copyFile(await version(2), path);
  const { code, cause } = (await next()) as CordonError;
  assert.deepEqual([code, cause], ["host", refused]);
  assert.equal((await watched.call("number")).value, 1);
  const spinning = watched.call("spin");
  spinning.catch(() => undefined);
  await watched.close();
  await failsWith("cancelled", /./u, spinning);
  await failsWith("cancelled", /watched no more/u, watched.call("number"));
  await assert.rejects(watch(await version(2), { sandbox, accepts }), refused);
});

test("what cannot be watched is told at once", async (context) => {
  const folder = await temporaryFolder(context);
  await failsWith("usage", /Cannot watch the folder/u, watch(join(folder, "missing/tool.wasm"), { sandbox }));
  await failsWith("usage", /there is no such file/u, watch(join(folder, "tool.wasm"), { sandbox }));
  await failsWith("usage", /did you mean onReload\?/u, watch(join(folder, "tool.wasm"), { onReloa: 1 } as never));
  await failsWith("usage", /give the path/u, watch(new Uint8Array() as never));
  const why = new Error("enough");
  const given = { sandbox, signal: AbortSignal.abort(why) };
  assert.equal((await failsWith("cancelled", /./u, watch(await version(1), given))).cause, why);
});

test("a server answers with the version in force", async (context) => {
  const path = await watchedFile(context, await proxyGuest());
  const { options, next } = teller();
  const accepts = (candidate: Sandbox): void => candidate.assertHttpHandler();
  await using watched = await watch(path, { sandbox, accepts, ...options });
  await using server = await serveHttp(watched);
  const answered = async (): Promise<number> => (await fetch(`http://${server.host}:${server.port}/request/a`)).status;
  assert.equal(await answered(), 200);
  await copyFile(await version(1), path);
  assert.equal(((await next()) as CordonError).code, "usage");
  assert.equal(await answered(), 200);
});
