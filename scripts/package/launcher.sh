#!/bin/sh
# Starts Lilith Zero with the runtime that lies beside this file: from any directory, through links, and without a
# cache, a configuration or a network.

self=$0
case $self in
*/*) ;;
*) if [ -e "./$self" ]; then self=./$self; else self=$(command -v -- "$self"); fi ;;
esac
while [ -L "$self" ]; do
  target=$(readlink "$self")
  case $target in
  /*) self=$target ;;
  *) self=${self%/*}/$target ;;
  esac
done
here=${self%/*}

# What the runtime must not do: keep a cache, ask for a newer version, put a `node` of its own into the PATH. What the
# client gave under these names the program takes from LILITH_GIVEN_*.
export LILITH_GIVEN_DENO_DIR="${DENO_DIR-}" DENO_DIR=/dev/null
export LILITH_GIVEN_DENO_NO_UPDATE_CHECK="${DENO_NO_UPDATE_CHECK-}" DENO_NO_UPDATE_CHECK=1
export LILITH_GIVEN_DENO_DISABLE_NODE_SHIM="${DENO_DISABLE_NODE_SHIM-}" DENO_DISABLE_NODE_SHIM=1

# No permission for the network or for foreign code, not even at the start. V8 goes
# from its interpreter to its last compiler at once, and soon: what runs here runs again and again, and what the compiler
# between them makes of it is slower for good. One message goes through many small functions, which it may join.
exec "$here/runtime/deno" run --quiet --no-prompt --no-config --no-lock --no-npm --no-remote --cached-only \
  --no-code-cache --node-modules-dir=manual \
  --v8-flags=--no-maglev,--invocation-count-for-turbofan=200,--max-inlined-bytecode-size-cumulative=2000 \
  --allow-read --allow-write --allow-env --allow-run --allow-ffi --allow-sys \
  "$here/node_modules/lilith-zero/main.js" "$@"
