import { ByteReader } from "../../shared/byte-reader.ts";
import { CordonError } from "../../shared/errors.ts";
import type { ModuleShape } from "../read/module-shape.ts";
import { type Section, SECTION, wellFormed } from "../read/module-sections.ts";
import { readTable } from "../read/table-section.ts";
import { skipExpression } from "../read/constant-expression.ts";
import { exceptionTypes, referenceTypes, skipValueType } from "../read/type-section.ts";
import { refusedFeature } from "./refuse-unbounded.ts";

const WITH_INITIALIZER = 0x40;
const [I64, F64, V128] = [0x7e, 0x7c, 0x7b];

/**
 * The most bytes that a thrown exception carries. C++ and setjmp carry 4 (one address, 8 where addresses have 64 bits). The engine takes
 * 40 bytes of its heap for an exception, and four times what it carries.
 */
const MAX_EXCEPTION_BYTES = 16;

/**
 * Refuses exceptions that could be kept elsewhere than on a guest's stack, where `count-held-exceptions.ts` counts them, and large ones:
 * they live on the engine's heap, which no cap counts. So no table, global, exception, parameter or result holds an exception.
 *
 * @throws CordonError `unsupported`, `limit`, or `invalid-component` when a section is malformed.
 */
export function refuseExceptions(sections: readonly Section[], { types, functionTypes, tagTypes }: ModuleShape): void {
  for (const type of tagTypes) {
    const { parameterBytes } = types.signature(type);
    if (referenceTypes(parameterBytes) > 0) throw refusedFeature("exceptions that carry references");
    const bytes = sizeOf(parameterBytes);
    if (bytes > MAX_EXCEPTION_BYTES) throw tooLarge(bytes);
  }
  for (const type of new Set(functionTypes)) {
    const { parameterBytes, resultBytes } = types.signature(type);
    if (exceptionTypes(parameterBytes) + exceptionTypes(resultBytes) > 0) {
      throw refusedFeature("references to exceptions as parameters or results of functions");
    }
  }
  for (const { id, content } of sections) {
    if (id === SECTION.table) wellFormed(() => refuseInTables(content));
    else if (id === SECTION.global) wellFormed(() => refuseInGlobals(content));
  }
}

function refuseInTables(content: Uint8Array): void {
  const reader = new ByteReader(content);
  for (let left = reader.count(); left > 0; left -= 1) {
    const start = reader.offset + (reader.peek() === WITH_INITIALIZER ? 2 : 0);
    const { limits } = readTable(reader);
    if (exceptionTypes(content.subarray(start, limits[0])) > 0) throw refusedFeature("tables of exceptions");
  }
}

function refuseInGlobals(content: Uint8Array): void {
  const reader = new ByteReader(content);
  for (let left = reader.count(); left > 0; left -= 1) {
    const start = reader.offset;
    skipValueType(reader);
    if (exceptionTypes(content.subarray(start, reader.offset)) > 0)
      throw refusedFeature("globals that hold exceptions");
    reader.skip(1);
    skipExpression(reader);
  }
}

/** The bytes of values of numeric types. */
function sizeOf(types: Uint8Array): number {
  return types.reduce((sum, type) => sum + (type === V128 ? 16 : type === I64 || type === F64 ? 8 : 4), 0);
}

function tooLarge(used: number): CordonError {
  return new CordonError(
    "limit",
    `Cannot load the component: exceptions in it carry ${used} bytes, over the bound of ${MAX_EXCEPTION_BYTES}; keep what they tell in memory`,
    { limit: { limit: "complexity", cap: MAX_EXCEPTION_BYTES, used } },
  );
}
