/**
 * The module that a file of tools becomes, whether it is code or a declaration.
 * @module
 */
import { declaredModule, type FindProgram } from "../declared/module.ts";
import type { Module } from "../tool.ts";
import type { Pool } from "../worker/pool.ts";
import { remoteModule, type Version } from "./remote.ts";

/** Makes the module. Nothing is loaded before its first call. */
export function madeModule(version: Version, pool: Pool, find: FindProgram): Module {
  const { declared } = version.data;
  return declared === undefined ? remoteModule(version, pool) : declaredModule(version, declared, pool, find);
}
