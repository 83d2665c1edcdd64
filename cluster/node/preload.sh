#!/bin/sh
# Loads an archive of images into the containerd of the node while its image is being built.
set -eu
archive=$1
# Containers can't run here, so the plugin that would is left out; storing content needs none.
echo 'disabled_plugins = ["io.containerd.grpc.v1.cri"]' > /tmp/preload.toml
printf 'version = 2\n%s\n' "$(cat /tmp/preload.toml)" > /tmp/preload.toml
containerd --config /tmp/preload.toml > /tmp/preload.log 2>&1 &
pid=$!
tries=0
until ctr version > /dev/null 2>&1; do
    tries=$((tries + 1))
    [ "$tries" -lt 100 ] || { cat /tmp/preload.log >&2; kill "$pid"; exit 1; }
    sleep 0.1
done
# Unpacking would need overlay mounts; the node unpacks an image when it first runs it.
ctr --namespace k8s.io images import --no-unpack "$archive"
ctr --namespace k8s.io images list --quiet
# By its pid: a build step ends only when no process of it is left.
kill "$pid"
wait "$pid" || true
rm -rf /tmp/preload.* /run/containerd
