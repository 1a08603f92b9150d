// The `sandbox:skill` interfaces as componentize-qjs presents them to a guest: a `result` error is thrown.

declare module "sandbox:skill/filesystem-read" {
  export function readFile(path: string): string;
}

declare module "sandbox:skill/filesystem-write" {
  export function writeFile(path: string, content: string): void;
}

declare module "sandbox:skill/network" {
  export function httpGet(url: string): string;
  export function httpPost(url: string, body: string): string;
}
