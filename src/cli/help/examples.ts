/** Command lines that show what each command is for, the most usual one first. None is wider than 78 columns. */
const EXAMPLES: Readonly<Record<string, readonly string[]>> = {
  cordon: [
    "cordon demo",
    "cordon inspect tool.wasm",
    "cordon run tool.wasm --allow-fs-read=notes count notes/today.txt",
  ],
  run: [
    "cordon run calculator.wasm add 5 3",
    "cordon run tool.wasm --allow-fs-read=notes --timeout 5s count notes/today.txt",
    "cordon run program.wasm --dir notes --allow-network=example.com -- today.txt",
  ],
  "serve-http": ["cordon serve-http greeter.wasm --addr 127.0.0.1:8080 --timeout 5s"],
  inspect: ["cordon inspect tool.wasm", "cordon inspect tool.wasm --json"],
  types: ["cordon types tool.wasm > tool-types.ts"],
  limits: ["cordon limits", "cordon limits dense"],
  scan: ["cordon scan --file skill.py", "cordon scan --file skill.py --fail-on medium"],
  keygen: ["cordon keygen acme.key", "cordon keygen acme.key --passphrase-file - < passphrase"],
  sign: ["cordon sign tool.wasm --key acme.key --output signed.wasm"],
  verify: ["cordon verify signed.wasm", "cordon verify signed.wasm --key acme.key.pub"],
  trust: ["cordon trust add acme acme.key.pub --level verified", "cordon trust list"],
  "trust add": ["cordon trust add acme acme.key.pub --until 2028-01-01"],
  "trust list": ["cordon trust list"],
  "trust remove": ["cordon trust remove acme"],
  "trust revoke": ['cordon trust revoke acme --reason "the key was stolen"'],
  secret: ["cordon secret keygen", "cordon secret set TOKEN --component tool --stdin < token.txt"],
  "secret set": ["cordon secret set TOKEN --component tool --stdin < token.txt"],
  "secret list": ["cordon secret list", "cordon secret list --component tool"],
  "secret delete": ["cordon secret delete TOKEN --component tool"],
  "secret keygen": ["cordon secret keygen"],
  policy: ["cordon policy check policy.yaml", "cordon policy explain policy.yaml --storage read fs:///data/notes.txt"],
  "policy check": ["cordon policy check policy.yaml", "cordon policy check a.yaml b.yaml --strict"],
  "policy explain": [
    "cordon policy explain policy.yaml --storage read fs:///data/notes.txt",
    "cordon policy explain policy.yaml --network https://api.example.com:443",
    "cordon policy explain policy.yaml --env API_KEY",
  ],
  "policy effective": ["cordon policy effective tool.wasm --policy policy.yaml"],
  "policy diff": ["cordon policy diff old.yaml new.yaml"],
  "policy test": ["cordon policy test rows.yaml"],
  "policy learn": ["cordon policy learn tool.wasm --fence fence.yaml -- count notes/today.txt"],
  "policy schema": ["cordon policy schema > policy.schema.json"],
  "policy convert": [
    "cordon policy convert --dir notes --allow-network=example.com",
    "cordon policy convert capabilities.toml",
  ],
  demo: ["cordon demo", "cordon demo trusted"],
  examples: ["cordon examples hello"],
  doctor: ["cordon doctor"],
  completion: ["source <(cordon completion bash)"],
};

/** The examples of a command, by the words it is called with; of the whole by the name `cordon`. */
export function examplesOf(command: string): readonly string[] {
  return EXAMPLES[command] ?? [];
}
