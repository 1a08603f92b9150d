import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { failsWith } from "../../../test/support/errors.ts";
import { type Grants, NO_GRANTS, type PathGrant, type Preopen } from "../../policy/grants.ts";
import { bubblewrapArguments } from "./bubblewrap.ts";
import { type Confinement, confinementOf, covers } from "./confinement.ts";
import { nodeFlags } from "./node-flags.ts";

const NOTHING: Confinement = { read: [], write: [], readOnlyWithin: [], network: false };

function path(root: string, except: readonly string[] = []): PathGrant {
  return { root, path: root, except, written: root };
}

function preopen(root: string, write: boolean): Preopen {
  return {
    guest: "/",
    root,
    write,
    create: write,
    delete: write,
    maxFileBytes: 1,
    except: [],
    written: root,
  };
}

function grants(more: Partial<Grants>): Grants {
  return { ...NO_GRANTS, ...more };
}

describe("the confinement of a call", () => {
  test("of no grants is nothing", () => {
    assert.deepEqual(confinementOf(NO_GRANTS), NOTHING);
  });

  test("has every granted folder once, by what may be done there at most", () => {
    const given = confinementOf(
      grants({
        filesystemRead: [path("/b"), path("/a"), path("/c")],
        filesystemWrite: [path("/c", ["/c/own", "/elsewhere"])],
        preopens: [preopen("/a", false), preopen("/d", true)],
      }),
    );
    assert.deepEqual(given, { read: ["/a", "/b"], write: ["/c", "/d"], readOnlyWithin: ["/c/own"], network: false });
  });

  test("has no folder within another, unless more may be done in it, and none that is left out of its grant", () => {
    const given = confinementOf(
      grants({
        filesystemRead: [path("/a/b"), path("/a"), path("/w/x"), path("/ab")],
        filesystemWrite: [path("/w"), path("/a/out"), path("/w/y"), path("/w/own/z", ["/w/own"])],
      }),
    );
    assert.deepEqual(given, {
      read: ["/a", "/ab"],
      write: ["/a/out", "/w"],
      readOnlyWithin: ["/w/own"],
      network: false,
    });
  });

  test("has the network when any of it is granted", () => {
    assert.ok(confinementOf(grants({ lookup: [{ target: { kind: "any" }, written: "*" }] })).network);
  });

  test("covers another when that reaches nothing more", () => {
    const outer: Confinement = { ...NOTHING, read: ["/a"], write: ["/w"] };
    for (const inner of [NOTHING, { ...NOTHING, read: ["/a/b", "/w/x"] }, { ...NOTHING, write: ["/w/x"] }]) {
      assert.ok(covers(outer, inner));
    }
    const more = [{ read: ["/ab"] }, { write: ["/a"] }, { read: ["/"] }, { network: true }];
    for (const one of more) assert.ok(!covers(outer, { ...NOTHING, ...one }), JSON.stringify(one));
    assert.ok(covers({ ...NOTHING, read: ["/"] }, { ...NOTHING, read: ["/any"] }));
  });
});

describe("the flags of Node", () => {
  const given = {
    own: ["/own"],
    known: new Set(["--allow-net", "--experimental-sqlite"]),
    wrapped: false,
    byDescriptor: true,
  };

  test("without grants let it read what Cordon is made of, and no more", () => {
    const { main, worker } = nodeFlags(NOTHING, given);
    const common = ["--permission", "--allow-fs-read=/own", "--allow-fs-read=/own/*", "--no-experimental-sqlite"];
    assert.deepEqual(worker, common);
    assert.deepEqual(main, [...common, "--allow-worker", "--disable-sigusr1", "--disable-warning=PERM0006"]);
  });

  test("never let guests have threads, programs, addons, WASI, the inspector or foreign functions", () => {
    const everything: Confinement = { read: ["/r"], write: ["/w"], readOnlyWithin: [], network: true };
    for (const wrapped of [false, true]) {
      const allowed = nodeFlags(everything, { ...given, wrapped }).worker.filter((flag) => flag.startsWith("--allow"));
      assert.deepEqual(
        allowed.filter((flag) => !/^--allow-(?:fs-read=|fs-write=|net$)/u.test(flag)),
        [],
      );
    }
  });

  test("name the granted folders, and what is held below them", () => {
    const { worker } = nodeFlags({ ...NOTHING, read: ["/r"], write: ["/w"] }, given);
    for (const flag of ["read=/r", "read=/r/*", "read=/w/*", "write=/w", "write=/w/*", "read=/proc/self/fd/1*"]) {
      assert.ok(worker.includes(`--allow-fs-${flag}`), flag);
    }
    assert.ok(!worker.some((flag) => flag.startsWith("--allow-fs-write=/r")));
    assert.ok(!worker.includes("--allow-net"));
  });

  test("cannot name a folder with a star, which would open more", async () => {
    await failsWith("policy", /any name/, () => nodeFlags({ ...NOTHING, read: ["/a*"] }, given));
  });
});

describe("the arguments of bubblewrap", () => {
  const wrapped = {
    program: "/bin/node",
    arguments: ["main.js"],
    cwd: "/own",
    needed: ["/bin/node", "/own"],
    neededForNetwork: ["/etc/hosts"],
    environment: {},
    disablesUserNamespaces: true,
  };

  function words(confinement: Confinement): string {
    return bubblewrapArguments({ ...wrapped, confinement }).join(" ");
  }

  test("share nothing, and show what is needed for reading", () => {
    assert.equal(
      words(NOTHING),
      "--unshare-all --unshare-user --disable-userns --die-with-parent --new-session --cap-drop ALL --clearenv " +
        "--ro-bind /own /own --dev /dev --proc /proc --ro-bind /bin/node /bin/node " +
        "--remount-ro /dev --remount-ro / --chdir /own -- /bin/node main.js",
    );
  });

  test("share the network when it is granted, with what names are looked up in", () => {
    assert.match(words({ ...NOTHING, network: true }), /--share-net .*--ro-bind-try \/etc\/hosts \/etc\/hosts/);
    assert.doesNotMatch(words(NOTHING), /--share-net|\/etc\/hosts/);
  });

  test("mount folders before what lies in them, and never make Cordon, devices or processes the grant's", () => {
    const text = words({
      read: ["/own/data/deep", "/"],
      write: ["/own", "/own/data"],
      readOnlyWithin: ["/own/data/kept"],
      network: false,
    });
    const order = [
      "--ro-bind-try / /",
      "--ro-bind /own /own",
      "--dev /dev",
      "--proc /proc",
      "--bind-try /own/data",
      "--ro-bind-try /own/data/deep",
      "--ro-bind-try /own/data/kept",
    ];
    const places = order.map((one) => text.indexOf(one));
    assert.ok(
      places.every((place) => place >= 0),
      text,
    );
    assert.ok((places[0] ?? 0) < Math.min(...places.slice(1)) && (places[4] ?? 0) < (places[5] ?? 0));
    assert.ok(!text.includes("bind-try /own /own "));
  });
});
