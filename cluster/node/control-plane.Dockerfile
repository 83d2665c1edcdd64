# Stand-ins for the images of the control plane, one build target each. The binaries are static.
ARG BASE_IMAGE

FROM scratch AS kube-apiserver
COPY kube-apiserver /usr/local/bin/

FROM scratch AS kube-controller-manager
COPY kube-controller-manager /usr/local/bin/

FROM scratch AS kube-scheduler
COPY kube-scheduler /usr/local/bin/

FROM scratch AS etcd
COPY etcd /usr/local/bin/

FROM scratch AS coredns
COPY coredns /coredns
ENTRYPOINT ["/coredns"]

# In nftables mode kube-proxy calls nft.
FROM ${BASE_IMAGE} AS kube-proxy
RUN apt-get update \
    && apt-get install -y --no-install-recommends nftables kmod \
    && rm -rf /var/lib/apt/lists/*
COPY kube-proxy /usr/local/bin/

FROM ${BASE_IMAGE} AS catatonit
RUN apt-get update && apt-get install -y --no-install-recommends catatonit

# -P: only hold the namespaces of the pod and reap.
FROM scratch AS pause
COPY --from=catatonit /usr/bin/catatonit /pause
ENTRYPOINT ["/pause", "-P"]

# The provisioner and the shell that its helper pods need.
FROM ${BASE_IMAGE} AS local-path-provisioner
COPY local-path-provisioner /usr/local/bin/
ENTRYPOINT ["/usr/local/bin/local-path-provisioner"]
