#!/bin/sh
# Installs Clawhammer for you alone, without root:
#
#   curl -fsSL @RELEASES@/latest/download/install.sh | sh
#   sh install.sh [--to DIR] [--version 1.2.3] [--from URL]
#
# Downloads the executable for this machine, compares its checksum with the one of the release, and puts it
# into ~/.local/bin. Nothing is installed when they differ.
set -eu

fail() {
  echo "install.sh: $1" >&2
  exit 1
}

download() { # URL FILE
  if command -v curl >/dev/null 2>&1; then
    # What begins encrypted must not be led to where it is not.
    case "$1" in https:*) curl -fsSL --proto '=https' --retry 2 -o "$2" "$1" ;; *) curl -fsSL --retry 2 -o "$2" "$1" ;; esac
  elif command -v wget >/dev/null 2>&1; then
    wget -q -O "$2" "$1"
  else
    fail "this needs curl or wget; install one of them"
  fi
}

checksum() { # FILE
  if command -v sha256sum >/dev/null 2>&1; then
    sha256sum "$1" | cut -d ' ' -f 1
  elif command -v shasum >/dev/null 2>&1; then
    shasum -a 256 "$1" | cut -d ' ' -f 1
  elif command -v openssl >/dev/null 2>&1; then
    openssl dgst -sha256 "$1" | sed 's/^.*= *//'
  else
    fail "this needs sha256sum, shasum or openssl to check the download"
  fi
}

# The platform as the release names it: linux-x64-musl, darwin-arm64.
platform() {
  case "$(uname -s)" in
    Linux) os=linux ;;
    Darwin) os=darwin ;;
    *) fail "there is no executable for $(uname -s); on Windows use install.ps1" ;;
  esac
  case "$(uname -m)" in
    x86_64 | amd64) cpu=x64 ;;
    aarch64 | arm64) cpu=arm64 ;;
    *) fail "there is no executable for $(uname -m)" ;;
  esac
  # A shell that is translated by Rosetta sees another processor than the machine has.
  if [ "$os" = darwin ] && [ "$(sysctl -n sysctl.proc_translated 2>/dev/null || echo 0)" = 1 ]; then
    cpu=arm64
  fi
  libc=
  if [ "$os" = linux ]; then
    case "$(ldd --version 2>&1 || true)" in *musl*) libc=-musl ;; esac
  fi
  echo "$os-$cpu$libc"
}

# Apple's kernel ends what carries no valid signature.
sign() { # FILE
  [ "$(uname -s)" = Darwin ] || return 0
  codesign --verify --strict "$1" 2>/dev/null || codesign --force --sign - "$1"
}

main() {
  to=
  from=
  version=
  while [ $# -gt 0 ]; do
    case "$1" in
      --to | --from | --version)
        [ $# -gt 1 ] || fail "$1 needs a value"
        case "$1" in
          --to) to=$2 ;;
          --from) from=$2 ;;
          --version) version=${2#v} ;;
        esac
        shift 2
        ;;
      *) fail "unknown argument $1; there are --to DIR, --version 1.2.3 and --from URL" ;;
    esac
  done
  [ -n "$to" ] || to=${HOME:?}/.local/bin
  if [ -z "$from" ]; then
    if [ -n "$version" ]; then from="@RELEASES@/download/v$version"; else from="@RELEASES@/latest/download"; fi
  fi
  case "$from" in
    https://* | http://127.0.0.1:* | http://localhost:*) ;;
    *) fail "$from is no https address" ;;
  esac

  name="clawhammer-$(platform)"
  mkdir -p "$to"
  # Beside its place, so that moving it there is one step.
  temporary=$(mktemp -d "$to/.clawhammer-XXXXXX")
  trap 'rm -rf "$temporary"' EXIT
  trap 'exit 1' HUP INT TERM

  echo "Downloading $name from $from"
  download "$from/SHA256SUMS" "$temporary/SHA256SUMS" || fail "cannot download $from/SHA256SUMS"
  wanted=$(sed -n "s/^\([0-9a-f]\{64\}\)  $name\$/\1/p" "$temporary/SHA256SUMS")
  [ -n "$wanted" ] || fail "SHA256SUMS does not name $name"
  download "$from/$name" "$temporary/clawhammer" || fail "cannot download $from/$name"
  found=$(checksum "$temporary/clawhammer")
  [ "$found" = "$wanted" ] ||
    fail "the checksum of $name is $found, not $wanted; nothing was installed. Try again, or report it"

  chmod 755 "$temporary/clawhammer"
  sign "$temporary/clawhammer"
  "$temporary/clawhammer" --version >/dev/null || fail "the executable does not run here; nothing was installed"
  mv -f "$temporary/clawhammer" "$to/clawhammer"

  echo "Installed $("$to/clawhammer" --version) as $to/clawhammer"
  echo "Next: $to/clawhammer install"
  case ":${PATH:-}:" in
    *":$to:"*) ;;
    *) echo "To call it by its name alone, add $to to your PATH." ;;
  esac
}

# All of it stands in functions: of a download that breaks off, nothing is run.
main "$@"
