#!/bin/sh
# cargo's runner: boots the image in the emulator, through the `spinet` command. Lines on
# stdin go to the UART, answers come to stdout, logs to stderr.
#
# The command is built from the workspace's folder, because cargo would otherwise apply
# this folder's configuration to it, and build it for the board.
set -eu
image=$(realpath "$1")
cd "$(dirname "$0")/.."
unset CARGO_BUILD_TARGET
exec cargo run --release --quiet -- emulate --board "$SPINET_BOARD" "$image"
