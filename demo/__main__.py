"""`make demo`: cluster, images, chart, camera, VideoStream; then watch points arrive in InfluxDB.

The exit code tells whether they did.
"""

import sys
import time

from cluster.kind import KUBECONFIG, kubectl
from cluster.progress import step
from demo.deploy import (
    NAMESPACE,
    RELEASE,
    apply_stream,
    create_namespace,
    install_camera,
    install_chart,
    load_images,
)
from demo.influxql import InfluxPortForward
from demo.summary import Signals, render, signals_from_rows

WINDOW_S = 10
WATCH_S = 30
FIRST_POINT_TIMEOUT_S = 180


def main() -> int:
    """Run the demo; 0 when frames, brightness and motion arrived in InfluxDB, else 1."""
    started = time.monotonic()
    grafana = deploy()
    with InfluxPortForward(release=RELEASE, namespace=NAMESPACE) as influx:
        arrived = watch(influx)
    if not arrived:
        explain_failure()
        return 1
    print_next_steps(grafana=grafana, elapsed_s=time.monotonic() - started)
    return 0


def deploy() -> bool:
    """Bring everything up; returns whether Grafana is part of it."""
    images = load_images()
    if not images.grafana:
        print(
            "Grafana's image can't be pulled here, so this demo goes without it"
            " (grafana.enabled=false); the dashboards are in grafana/dashboards."
        )
    with step("installing the chart: Kafka, InfluxDB, controller"):
        create_namespace()
        install_chart(images)
    with step("starting the simulated camera"):
        install_camera(images)
    with step("kubectl apply -f demo/stream.yaml"):
        apply_stream()
    return images.grafana


def watch(influx: InfluxPortForward) -> bool:
    """Show the stream until it has been seen for WATCH_S with points, or time is up."""
    deadline = time.monotonic() + FIRST_POINT_TIMEOUT_S
    first_arrival: float | None = None
    while time.monotonic() < deadline:
        signals = read_signals(influx)
        print()
        print(kubectl("get", "vst", "--namespace", NAMESPACE).rstrip())
        print(render(signals), flush=True)
        if first_arrival is None and signals.arrived:
            first_arrival = time.monotonic()
        if first_arrival is not None and time.monotonic() - first_arrival >= WATCH_S:
            return signals.arrived
        time.sleep(5)
    return False


def read_signals(influx: InfluxPortForward) -> Signals:
    """Query the newest values of the demo's stream; empty while InfluxDB has none."""
    here = f"namespace = '{NAMESPACE}' AND stream = 'demo' AND time > now() - {WINDOW_S}s"
    pipeline = f"namespace = '{NAMESPACE}' AND stream = 'demo' AND role = 'consumer'"
    try:
        return signals_from_rows(
            frames=influx.query(f"SELECT count(sequence) FROM frame WHERE {here}"),
            brightness=influx.query(f"SELECT last(mean) FROM brightness WHERE {here}"),
            motion=influx.query(f"SELECT last(changed) FROM motion WHERE {here} GROUP BY zone"),
            pipeline=influx.query(
                "SELECT latency_p50_s, lag_records FROM pipeline"
                f" WHERE {pipeline} AND time > now() - 30s ORDER BY time DESC LIMIT 1"
            ),
            window_s=WINDOW_S,
        )
    except (OSError, RuntimeError) as unreachable:
        print(f"InfluxDB does not answer yet: {unreachable}")
        return signals_from_rows(frames=[], brightness=[], motion=[], pipeline=[], window_s=1)


def explain_failure() -> None:
    """Print what a person needs to find out why no points arrived."""
    print(
        f"\nNo points arrived in InfluxDB within {FIRST_POINT_TIMEOUT_S} s. What the cluster says:"
    )
    print(kubectl("describe", "vst", "demo", "--namespace", NAMESPACE))
    print(kubectl("get", "pods", "--namespace", NAMESPACE, "--output", "wide"))


def print_next_steps(*, grafana: bool, elapsed_s: float) -> None:
    """Print the commands to go on with."""
    print(f"\nPoints are arriving. The demo took {elapsed_s:.0f} s. Go on with:\n")
    print(f"  export KUBECONFIG={KUBECONFIG}")
    print(f"  kubectl get vst -n {NAMESPACE} -w                # the stream's story")
    print(f"  kubectl describe vst demo -n {NAMESPACE}         # conditions and events")
    print(f"  kubectl get deployments,pods -n {NAMESPACE}      # producer and consumer")
    if grafana:
        print(f"  kubectl port-forward -n {NAMESPACE} svc/{RELEASE}-grafana 3000   # dashboards")
    else:
        print(f"  kubectl port-forward -n {NAMESPACE} svc/{RELEASE}-influxdb 8086  # InfluxQL")
    print(f"  kubectl delete vst demo -n {NAMESPACE}           # pods, topic and group go away")
    print("  make down                                   # remove the cluster")


if __name__ == "__main__":
    sys.exit(main())
