#!/bin/sh
# Runs the given command; options alone are meant for influxd, as in the official image.
set -eu
case ${1:-} in
    "" | -*) set -- influxd "$@" ;;
esac
exec "$@"
