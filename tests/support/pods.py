"""The pods of a stream on the kind cluster, and their sudden ends."""

from cluster.docker import docker
from cluster.kind import NODE, kubectl
from tests.support.eventually import eventually


def pods_of(stream: str, component: str, *, namespace: str) -> list[str]:
    """Return the names of the stream's pods of a component: `producer` or `consumer`."""
    selector = f"videostream.dev/stream={stream},app.kubernetes.io/component={component}"
    printed = kubectl(
        *("get", "pods", "--namespace", namespace, "--selector", selector),
        *("--output", "jsonpath={.items[*].metadata.name}"),
    )
    return printed.split()


def wait_without_producer(stream: str, *, namespace: str) -> None:
    """Wait until a producer that was suspended has ended: then the topic grows no more."""
    eventually(
        lambda: not pods_of(stream, "producer", namespace=namespace),
        timeout_s=60,
        what=f"the producer of {stream} has stopped",
    )


def kill_process(pod: str) -> None:
    """End the process of a pod as a lack of memory would: by SIGKILL, without a word to anybody.

    To delete a pod, however hard, sends SIGTERM first. The kubelet starts the container again.
    """
    find = ("crictl", "ps", "--quiet", "--label", f"io.kubernetes.pod.name={pod}")
    container = docker("exec", NODE, *find)
    template = ("--output", "go-template", "--template", "{{.info.pid}}")
    pid = docker("exec", NODE, "crictl", "inspect", *template, container)
    docker("exec", NODE, "kill", "-9", pid)
