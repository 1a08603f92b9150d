/** Runs the benchmark named on the command line and sends its report to the process that started this one. */
import { finish } from "./child.ts";
import type { Benchmark } from "./report.ts";

const { run } = (await import(new URL(`../${process.argv[2] ?? ""}.ts`, import.meta.url).href)) as Benchmark;
finish(await run());
