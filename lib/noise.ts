/**
 * Folders that hold nothing a person wrote: version control data, installed packages, caches, and what
 * operating systems leave behind. One table, shared by listing and search.
 *
 * Names that also serve for a person's own work (`build`, `dist`, `target`, `vendor`) are not in it: where
 * they are noise, a `.gitignore` says so.
 * @module
 */

/** The names of noise folders. Walks do not enter them unless they are asked for directly. */
export const NOISE_FOLDERS: ReadonlySet<string> = new Set([
  // Version control.
  ".git",
  ".hg",
  ".jj",
  ".svn",
  // Installed packages.
  "node_modules",
  "bower_components",
  ".venv",
  "venv",
  ".bundle",
  ".pnpm-store",
  // Caches of tools and builds.
  "__pycache__",
  ".cache",
  ".gradle",
  ".ipynb_checkpoints",
  ".mypy_cache",
  ".next",
  ".nox",
  ".nuxt",
  ".parcel-cache",
  ".pytest_cache",
  ".ruff_cache",
  ".svelte-kit",
  ".terraform",
  ".tox",
  ".turbo",
  // Operating systems.
  "$RECYCLE.BIN",
  "System Volume Information",
  ".fseventsd",
  ".Spotlight-V100",
  ".Trash",
  ".Trashes",
]);
