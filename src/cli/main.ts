#!/usr/bin/env node
/** Entry of the command line: parses, hands over to one command, and exits with its code. */
import { enableCompileCache } from "node:module";

enableCompileCache();
const { main } = await import("./commands.ts");
process.exitCode = await main(process.argv.slice(2));
