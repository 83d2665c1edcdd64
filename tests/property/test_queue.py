"""The work queue under any sequence of calls: no lost key, no two workers on one key."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from videostream_controller.workqueue import WorkQueue

KEYS = st.sampled_from(["a", "b", "c"])


class QueueMachine(RuleBasedStateMachine):
    """Compares the queue with what every key is owed."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.queue: WorkQueue[str] = WorkQueue(clock=lambda: self.now)
        self.working: set[str] = set()
        self.owed: set[str] = set()  # must be handed out, now or when its worker is done
        self.due: dict[str, float] = {}  # earliest delay of each key
        self.failures: dict[str, int] = {}

    @rule(key=KEYS)
    def add(self, key: str) -> None:
        self.queue.add(key)
        self.owed.add(key)

    @rule(key=KEYS, delay_s=st.floats(0.1, 100))
    def add_after(self, key: str, delay_s: float) -> None:
        self.queue.add_after(key, delay_s)
        self.due[key] = min(self.due.get(key, float("inf")), self.now + delay_s)

    @rule(key=KEYS)
    def fail(self, key: str) -> None:
        delay_s = self.queue.retry(key)
        failures = self.failures.get(key, 0)
        full_s = min(300.0, 2.0**failures)
        assert 0.8 * full_s <= delay_s <= full_s
        self.failures[key] = failures + 1
        self.due[key] = min(self.due.get(key, float("inf")), self.now + delay_s)

    @rule(key=KEYS)
    def succeed(self, key: str) -> None:
        self.queue.forget(key)
        self.failures[key] = 0

    @rule(passed_s=st.floats(0, 400))
    def wait(self, passed_s: float) -> None:
        self.now += passed_s

    @rule()
    def pop(self) -> None:
        self._collect_due()
        key = self.queue.pop()
        if key is None:
            assert self.owed <= self.working, "a key that is owed and free was not handed out"
            return
        assert key not in self.working, "two workers have one key"
        assert key in self.owed, "a key was handed out that nobody asked for"
        self.owed.discard(key)
        self.working.add(key)

    @precondition(lambda self: bool(self.working))
    @rule(data=st.data())
    def done(self, data: st.DataObject) -> None:
        key = data.draw(st.sampled_from(sorted(self.working)))
        self.queue.done(key)
        self.working.discard(key)

    @invariant()
    def waits_at_most_once(self) -> None:
        assert self.queue.depth <= len({"a", "b", "c"})

    def teardown(self) -> None:
        """Whatever happened, working the queue off hands every owed key out."""
        self.now += 1000
        self._collect_due()
        for busy in sorted(self.working):
            self.queue.done(busy)
        self.working.clear()
        handed_out = set()
        while (key := self.queue.pop()) is not None:
            self.queue.done(key)
            handed_out.add(key)
        assert handed_out == self.owed

    def _collect_due(self) -> None:
        for key in [key for key, due in self.due.items() if due <= self.now]:
            del self.due[key]
            self.owed.add(key)


QueueMachine.TestCase.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
TestQueue = QueueMachine.TestCase
