/**
 * Clawhammer's command line with the misbehaving module instead of its own.
 * @module
 */
import process from "node:process";
import { main } from "../../lib/cli/main.ts";
import { rig } from "./module.ts";

await main([rig], process.argv.slice(2));
